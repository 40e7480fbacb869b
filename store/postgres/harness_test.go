package postgres

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/muster-live/muster/rig"
)

// server is shared by all tests that do not stop it; each makes databases of its own.
var server struct {
	once sync.Once
	*rig.Postgres
	err       error
	dir       string
	databases atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if server.Postgres != nil {
		server.Crash() // nobody needs its data any more
	}
	os.RemoveAll(server.dir)
	os.Exit(code)
}

// startServer starts a server in a folder that every user can reach, which t.TempDir
// is not.
func startServer(ctx context.Context) (p *rig.Postgres, dir string, err error) {
	if dir, err = os.MkdirTemp("", "muster-postgres-"); err == nil {
		p, err = rig.StartPostgres(ctx, dir, rig.ForTests)
	}
	return p, dir, err
}

// newDatabase makes an empty database and returns its URL.
func newDatabase(t testing.TB) string {
	t.Helper()
	server.once.Do(func() {
		server.Postgres, server.dir, server.err = startServer(context.Background())
	})
	if server.err != nil {
		t.Fatal(server.err)
	}
	url, err := server.NewDatabase(t.Context(), fmt.Sprint("test", server.databases.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func open(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
