package postgres

import (
	"testing"

	"github.com/muster-live/muster/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Open {
		url := newDatabase(t)
		return func(t testing.TB) storetest.Store { return open(t, url) }
	})
}

func BenchmarkImport100k(b *testing.B) {
	storetest.BenchmarkImport(b, func(tb testing.TB) storetest.Open {
		url := newDatabase(tb)
		return func(tb testing.TB) storetest.Store { return open(tb, url) }
	})
}

func BenchmarkExcuse50k(b *testing.B) {
	url := newDatabase(b)
	storetest.BenchmarkExcuse(b, func(tb testing.TB) storetest.Store { return open(tb, url) })
}
