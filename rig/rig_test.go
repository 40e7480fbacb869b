package rig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/muster-live/muster/rig"
)

// folder is one that every user can reach, which t.TempDir is not.
func folder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "muster-rig-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestPostgresKeepsWhatWasCommittedThroughACrash(t *testing.T) {
	t.Parallel()
	p, err := rig.StartPostgres(t.Context(), folder(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	u, err := p.NewDatabase(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Query(t.Context(), u, "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	p.Crash()
	if err := p.Query(t.Context(), u, "SELECT 1"); err == nil {
		t.Error("it answers after a crash")
	}
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Query(t.Context(), u, "SELECT n FROM kept"); err != nil {
		t.Errorf("after a crash: %v", err)
	}
}

func TestRedisComesBackOnTheSamePort(t *testing.T) {
	t.Parallel()
	r, err := rig.StartRedis(t.Context(), folder(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Kill() })
	first := r.Pid()
	r.Kill()
	if err := r.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.Pid() == first {
		t.Error("it was not restarted")
	}
}

func TestAFolderThatOnlyRootCanReachIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root has another user run PostgreSQL")
	}
	_, err := rig.StartPostgres(t.Context(), filepath.Join(t.TempDir(), "postgres"))
	if err == nil || !strings.Contains(err.Error(), "choose a folder elsewhere") {
		t.Errorf("got %v", err)
	}
}
