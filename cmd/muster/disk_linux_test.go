package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/client"
)

// serveOnSmallDisk makes a session of 30 students and starts a server, both on a disk
// of 4 MB that only the server has mounted. It returns the disk's directory as this
// process can reach it.
func serveOnSmallDisk(t *testing.T) (*process, bench.Session, string) {
	t.Helper()
	dir, identities := t.TempDir(), filepath.Join(t.TempDir(), "identities.json")
	inItsOwnSpace := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	const mount = `mount -t tmpfs -o size=4m tmpfs "$1"`
	probe := exec.Command("/bin/sh", "-c", mount, "sh", dir)
	probe.SysProcAttr = inItsOwnSpace
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("this system does not let a program mount a disk for itself: %v %s", err, out)
	}
	const script = mount + ` && "$0" load-session --data "$1" --students 30 >"$2" && exec "$0" serve --data "$1" --listen 127.0.0.1:0`
	cmd := exec.Command("/bin/sh", "-c", script, self(t), dir, identities)
	cmd.SysProcAttr = inItsOwnSpace
	p := startProcess(t, cmd)
	f, err := os.Open(identities)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ids, err := bench.ReadIdentities(f)
	if err != nil {
		t.Fatal(err)
	}
	return p, ids.Sessions[0], fmt.Sprintf("/proc/%d/root%s", cmd.Process.Pid, dir)
}

// fill takes all the room that is left on a disk, until the file is removed.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zeros, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer zeros.Close()
	if _, err := io.Copy(f, zeros); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk was to be filled, and: %v", err)
	}
}

func TestFullDiskRefusesAndLosesNothing(t *testing.T) {
	t.Parallel()
	server, s, dir := serveOnSmallDisk(t)
	board, err := connect(t, server.url, s.Board, client.Room{Session: s.ID, Audience: "board"})
	if err != nil {
		t.Fatal(err)
	}
	notes := 0
	// note writes a note to a student's mark, and returns what that was answered by.
	note := func(i int) (answer heard) {
		id := fmt.Sprintf("note-%d", i)
		if err := board.Send(fmt.Sprintf(`{"t":"mark","id":%q,"marks":[[%d,"excused"]],"note":%q}`, id, s.Students[0].Person, id)); err != nil {
			t.Fatal(err)
		}
		for answer.ID != id {
			b, err := board.next()
			if err != nil {
				t.Fatal(err)
			}
			answer = heard{}
			if err := json.Unmarshal(b, &answer); err != nil {
				t.Fatal(err)
			}
		}
		return answer
	}
	recorded := func(url string) string {
		report, _ := api[struct{ Rows []struct{ Note, Mark string } }](t, "GET", fmt.Sprintf("%s/api/v1/sessions/%d/report", url, s.ID), s.Board, "")
		for _, row := range report.Rows {
			if row.Note != "" {
				return row.Note
			}
		}
		return ""
	}

	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	answer := note(0)
	for ; answer.T == "ack"; answer = note(notes) { // there is some room in the files
		notes++
	}
	if answer.Code != "storage" {
		t.Fatalf("the full disk was answered by %+v", answer)
	}
	if got, want := recorded(server.url), fmt.Sprintf("note-%d", notes-1); notes > 0 && got != want {
		t.Errorf("with a full disk the record says %q, want %q, which was the last to be acknowledged", got, want)
	}
	if answer := note(notes); answer.Code != "storage" {
		t.Errorf("the disk is still full, and %+v", answer)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if answer := note(notes); answer.T != "ack" {
		t.Errorf("there is room again, and sending it again was answered by %+v", answer)
	}
	if got, want := recorded(server.url), fmt.Sprintf("note-%d", notes); got != want {
		t.Errorf("the record says %q, want %q", got, want)
	}
	kept := t.TempDir()
	// The disk ends with its server, which writes nothing while it is copied.
	err = errors.Join(server.cmd.Process.Signal(syscall.SIGSTOP), os.CopyFS(kept, os.DirFS(dir)), server.cmd.Process.Signal(syscall.SIGCONT))
	if err != nil {
		t.Fatal(err)
	}
	server.terminate()
	again := serveProcess(t, kept)
	if got, want := recorded(again.url), fmt.Sprintf("note-%d", notes); got != want {
		t.Errorf("after a restart the record says %q, want %q", got, want)
	}
	again.terminate()
}
