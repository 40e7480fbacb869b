package sqlite_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/muster-live/muster/store/sqlite"
)

// Whichever of several processes asks first, all sign with the same key.
func TestProcessesAgreeOnASecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secrets := make([][]byte, 4)
	var all sync.WaitGroup
	for i := range secrets {
		store, err := sqlite.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			var err error
			if secrets[i], err = store.Secret(t.Context(), "ticket"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, s := range secrets {
		if len(s) != 32 || !bytes.Equal(s, secrets[0]) {
			t.Errorf("process %d got %d other bytes", i, len(s))
		}
	}
}
