package rig_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/muster-live/muster/rig"
)

// finder, in the environment, has this program find so many ports, print them, and keep
// them until its standard input ends.
const finder = "MUSTER_TEST_FIND_PORTS"

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(finder)); err == nil {
		ports, err := rig.FreePorts(n)
		fmt.Println(ports, err)
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

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

// Tests of several packages run beside each other, and have servers come back on their
// ports: so a port that somebody found is found by nobody else, though nobody listens.
func TestPortsAreFoundByOneProcessAlone(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const processes, each = 4, 500
	found := make(map[string]bool)
	for range processes {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", finder, each))
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err1 != nil || err2 != nil || cmd.Start() != nil {
			t.Fatal(err1, err2)
		}
		t.Cleanup(func() {
			in.Close()
			cmd.Wait()
		})
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || !strings.HasSuffix(line, "<nil>\n") {
			t.Fatal(line, err)
		}
		for _, port := range strings.Fields(strings.NewReplacer("[", "", "]", "", "<nil>", "").Replace(line)) {
			found[port] = true
		}
	}
	if len(found) != processes*each {
		t.Errorf("%d processes found %d ports of %d each, so some are two processes'", processes, len(found), each)
	}
}
