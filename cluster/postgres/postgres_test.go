package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/clustertest"
	"github.com/muster-live/muster/cluster/postgres"
	"github.com/muster-live/muster/cluster/remote"
	"github.com/muster-live/muster/rig"
)

func startPostgres(tb testing.TB) *rig.Postgres {
	tb.Helper()
	dir, err := os.MkdirTemp("", "muster-link-") // which user postgres can reach
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	p, err := rig.StartPostgres(context.Background(), filepath.Join(dir, "pg"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Stop() })
	return p
}

// dial links a node to the others of an installation.
func dial(tb testing.TB, url, installation string, node cluster.Node) *remote.Link {
	tb.Helper()
	m, err := postgres.Open(context.Background(), url)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := remote.Dial(context.Background(), m, installation, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	l.Join(node)
	return l
}

func TestLinksOverPostgresConform(t *testing.T) {
	t.Parallel()
	p := startPostgres(t)
	var installations atomic.Int64
	clustertest.Run(t, func(tb testing.TB) func(cluster.Node) cluster.Link {
		name := fmt.Sprintf("i%d", installations.Add(1))
		return func(n cluster.Node) cluster.Link { return dial(tb, p.URL, name, n) }
	})
}
