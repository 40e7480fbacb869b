package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/clustertest"
	"github.com/muster-live/muster/cluster/redis"
	"github.com/muster-live/muster/cluster/remote"
	"github.com/muster-live/muster/rig"
)

func startRedis(tb testing.TB) *rig.Redis {
	tb.Helper()
	r, err := rig.StartRedis(context.Background(), tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { r.Kill() })
	return r
}

// dial links a node to the others of an installation.
func dial(tb testing.TB, url, installation string, node cluster.Node) *remote.Link {
	tb.Helper()
	m, err := redis.Open(context.Background(), url)
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

// conforms runs the suite, each test as an installation of its own on the same Redis.
func conforms(t *testing.T, url string) {
	var installations atomic.Int64
	clustertest.Run(t, func(tb testing.TB) func(cluster.Node) cluster.Link {
		name := fmt.Sprintf("i%d", installations.Add(1))
		return func(n cluster.Node) cluster.Link { return dial(tb, url, name, n) }
	})
}

func TestLinksOverRedisConform(t *testing.T) {
	t.Parallel()
	conforms(t, startRedis(t).URL)
}
