package sqlite_test

import (
	"testing"

	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, fresh)
}

func BenchmarkImport100k(b *testing.B) { storetest.BenchmarkImport(b, fresh) }

func BenchmarkExcuse50k(b *testing.B) { storetest.BenchmarkExcuse(b, fresh(b)) }

// fresh makes an empty database.
func fresh(tb testing.TB) storetest.Open {
	dir := tb.TempDir()
	return func(tb testing.TB) storetest.Store {
		s, err := sqlite.Open(tb.Context(), dir)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { s.Close() })
		return s
	}
}
