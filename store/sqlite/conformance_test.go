package sqlite_test

import (
	"testing"

	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Open {
		dir := t.TempDir()
		return func(t testing.TB) storetest.Store {
			s, err := sqlite.Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
	})
}
