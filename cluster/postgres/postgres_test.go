package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
	p, err := rig.StartPostgres(context.Background(), dir, rig.ForTests)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Stop() })
	return p
}

// dial links a node to the others of an installation.
func dial(tb testing.TB, url, installation string, node cluster.Node) cluster.Link {
	tb.Helper()
	m, err := postgres.Open(context.Background(), url)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := remote.Dial(context.Background(), m, installation, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return l.Join(node)
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

func TestLinksGetOverOutages(t *testing.T) {
	t.Parallel()
	t.Run("a restart", func(t *testing.T) {
		t.Parallel()
		p := startPostgres(t)
		clustertest.RunOutage(t, func(n cluster.Node) cluster.Link { return dial(t, p.URL, "i", n) },
			func() { p.Stop() },
			func() {
				if err := p.Restart(context.Background()); err != nil {
					t.Error(err)
				}
			})
	})
	t.Run("connections that are ended", func(t *testing.T) {
		t.Parallel()
		p := startPostgres(t)
		clustertest.RunOutage(t, func(n cluster.Node) cluster.Link { return dial(t, p.URL, "i", n) },
			func() {
				if err := p.Query(context.Background(), p.URL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'muster' AND pid <> pg_backend_pid()"); err != nil {
					t.Error(err)
				}
			},
			func() {})
	})
}

func TestMessagesOfAnyLengthCome(t *testing.T) {
	t.Parallel()
	p := startPostgres(t)
	m, err := postgres.Open(context.Background(), p.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	heard, ready := make(chan string, 10), make(chan struct{})
	go m.Subscribe(ctx, "c", func() { close(ready) }, func(b []byte) { heard <- string(b) })
	<-ready
	long := strings.Repeat("0123456789", 2000)
	var messages []remote.Message
	for _, text := range []string{"", "\x00\xff", long, long, "x" + long, long[:5900], long[:5901]} {
		messages = append(messages, remote.Message{Channel: "c", Payload: []byte(text)})
	}
	if err := m.Publish(ctx, messages); err != nil {
		t.Fatal(err)
	}
	for i, want := range messages {
		select {
		case got := <-heard:
			if got != string(want.Payload) {
				t.Errorf("message %d has %d bytes, want the %d that were sent", i, len(got), len(want.Payload))
			}
		case <-time.After(5 * time.Minute):
			t.Fatalf("message %d has not come", i)
		}
	}
}
