package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/muster-live/muster/bench"
)

func TestBenchOfNodesOfWhichOneIsKilled(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	if code := run(t.Context(), strings.Fields("bench --nodes 3 --students 29 --rate 20 --duration 3s --kill-after 300ms --json"), &out, &log); code != exitOK {
		t.Fatalf("code %d: %s", code, &log)
	}
	var r bench.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	// A third of the 30 connections was lost and came back; the students of the others
	// checked in and saw each other do so.
	got := r.Runs[0]
	if got.Returned != 10 || got.Acked != 20 || got.Delivered != got.Expected || got.Expected == 0 || len(got.Trouble) > 0 {
		t.Errorf("got %+v", got)
	}
}

// An operator who tries a cluster out kills a server, and the lecture goes on.
func TestClusterOutlivesItsServers(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "muster-cluster-") // t.TempDir cannot be reached by PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := start(t, "cluster", "--data", dir, "--nodes", "2")
	pid, err := strconv.Atoi(c.line(`server 1 at \S+ is process (\d+)`)[0])
	if err != nil {
		t.Fatal(err)
	}
	link := c.line(`Board\s+(http://\S+)/join/(\S+)\?next=/board/(\d+)`)
	_, cookie := api[struct{}](t, "POST", link[0]+"/api/v1/join/"+link[1], "", "{}")
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.line(`server 1 has ended`)
	report, _ := api[struct{ Rows []struct{} }](t, "GET", link[0]+"/api/v1/sessions/"+link[2]+"/report", cookie, "")
	if len(report.Rows) != 300 {
		t.Errorf("while one server is down, the report has %d rows", len(report.Rows))
	}
	c.line(`server 1 runs again, as process (\d+)`)
	c.end()
}
