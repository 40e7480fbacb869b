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

func BenchmarkImport100k(b *testing.B) {
	storetest.BenchmarkImport(b, func(tb testing.TB) storetest.Open {
		dir := tb.TempDir()
		return func(tb testing.TB) storetest.Store {
			s, err := sqlite.Open(tb.Context(), dir)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { s.Close() })
			return s
		}
	})
}
