package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/client"
	"github.com/muster-live/muster/store/sqlite"
)

// process is `muster serve` as a process of its own, which can be killed.
type process struct {
	t     *testing.T
	url   string
	cmd   *exec.Cmd
	ended chan error    // has how it ended, for whoever asks
	log   *bytes.Buffer // to be read once the process has ended
}

// serveProcess starts a server over the data directory, and waits until it has
// started.
func serveProcess(t *testing.T, dir string) *process {
	t.Helper()
	return startProcess(t, exec.Command(self(t), "serve", "--data", dir, "--listen", "127.0.0.1:0"))
}

// self is the test binary, which is the program to its children (see TestMain).
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, ended: make(chan error, 1), log: new(bytes.Buffer)}
	cmd.Stderr = p.log
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := errors.Join(cmd.Start(), w.Close()); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		out.Close()
		if t.Failed() {
			t.Logf("process %d said:\n%s", cmd.Process.Pid, p.logged())
		}
	})
	link := regexp.MustCompile(`muster is at (http://\S+)`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := link.FindStringSubmatch(lines.Text()); found != nil {
			p.url = found[1]
			return p
		}
	}
	t.Fatalf("the server ended before it said where it is: %v\n%s", <-p.ended, p.log)
	return nil
}

// name is what the process is called as the node of a job.
func (p *process) name() string { return fmt.Sprintf("process %d)", p.cmd.Process.Pid) }

// logged waits for the end of the process, and returns its log.
func (p *process) logged() string {
	err := <-p.ended
	p.ended <- err
	return fmt.Sprintf("%s\n%v", p.log, err)
}

// kill ends the process as a power cut would: it has no time to do anything.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Error(err)
	}
}

// wait waits until the process has ended, and returns its exit code; -1 if it was
// killed.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case err := <-p.ended:
		p.ended <- err
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatal("the server has not ended")
		return 0
	}
}

// terminate stops the process as an operator does, and fails the test if it does not
// end well.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Error(err)
	}
	if code := p.wait(); code != exitOK {
		p.t.Errorf("the server ended with code %d; its log:\n%s", code, p.log)
	}
}

// loadOneSession runs `muster load-session` for one session.
func loadOneSession(t *testing.T, dir string, students string) bench.Session {
	t.Helper()
	var out, log bytes.Buffer
	if code := run(t.Context(), []string{"load-session", "--data", dir, "--students", students}, &out, &log); code != exitOK {
		t.Fatalf("code %d: %s", code, &log)
	}
	ids, err := bench.ReadIdentities(&out)
	if err != nil {
		t.Fatal(err)
	}
	return ids.Sessions[0]
}

// heard is any message from the server.
type heard struct {
	T      string
	ID     string
	Seq    int64 // snapshot
	From   int64 // delta, ack
	To     int64
	Mark   string // ack
	At     int64
	Counts [5]int // snapshot, delta
	Code   string // error
	Reason string // bye
	Retry  int64  `json:"retry_ms"` // bye, error
}

// ear is the other end of a live connection. It takes in all that comes, and so answers
// pings, whatever the test does meanwhile.
type ear struct {
	*client.Conn
	heard chan []byte
	err   error // how it ended, once heard is closed
}

// connect has somebody with a token take part in a session.
func connect(t *testing.T, url, token string, in client.Room) (*ear, error) {
	conn, err := client.Dial(t.Context(), url, token, in)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Drop() })
	e := &ear{Conn: conn, heard: make(chan []byte, 1000)}
	go func() {
		defer close(e.heard)
		for {
			b, err := conn.Read(time.Time{})
			if err != nil {
				e.err = err
				return
			}
			e.heard <- b
		}
	}()
	return e, nil
}

// patience is how long tests wait for what must come, on a machine that is busy with
// other tests.
const patience = 2 * time.Minute

// next returns the next message. Its error is that of the line.
func (e *ear) next() ([]byte, error) {
	select {
	case b, ok := <-e.heard:
		if !ok {
			return nil, e.err
		}
		return b, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("nothing has come for %v", patience)
	}
}

// phone is a student's.
type phone struct {
	bench.Student
	session attendance.SessionID
	conn    *ear
	seq     int64  // the last that it has seen
	counts  [5]int // as it shows them
	ack     *heard // of its check-in
}

func phonesOf(s bench.Session) []*phone {
	var all []*phone
	for _, student := range s.Students {
		all = append(all, &phone{Student: student, session: s.ID})
	}
	return all
}

// together has all phones do the same at once, and waits for them.
func together(phones []*phone, do func(*phone)) {
	var all sync.WaitGroup
	for _, p := range phones {
		all.Go(func() { do(p) })
	}
	all.Wait()
}

// join connects the phone, and takes up where it was.
func (p *phone) join(t *testing.T, url string) {
	room := client.Room{Session: p.session, Audience: "student"}
	if p.seq > 0 {
		room.Seq = &p.seq
	}
	conn, err := connect(t, url, p.Token, room)
	if err != nil {
		t.Error(err)
		return
	}
	p.conn = conn
	if m, err := p.hear(t); err != nil || m.T != "snapshot" && m.T != "delta" {
		t.Errorf("joining was answered by %+v, %v", m, err)
	}
}

func (p *phone) send(t *testing.T, message map[string]any) {
	b, err := json.Marshal(message)
	if err != nil {
		t.Error(err)
	}
	_ = p.conn.Send(string(b)) // a line that has broken shows when it is read
}

// checkIn sends the one check-in of this phone, always under the same id.
func (p *phone) checkIn(t *testing.T) {
	p.send(t, map[string]any{"t": "check_in", "id": "here", "ticket": p.Ticket})
}

// hear takes the next message in. Its error is that of the line.
func (p *phone) hear(t *testing.T) (heard, error) {
	var m heard
	b, err := p.conn.next()
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Errorf("%v in %s", err, b)
	}
	switch m.T {
	case "snapshot":
		p.seq, p.counts = m.Seq, m.Counts
	case "delta":
		if m.From != p.seq+1 {
			t.Errorf("student %d had seen seq %d, and got a delta from %d", p.Person, p.seq, m.From)
		}
		p.seq, p.counts = m.To, m.Counts
	case "ack":
		if p.ack != nil && (p.ack.From != m.From || p.ack.At != m.At) {
			t.Errorf("student %d was told %+v, and then %+v", p.Person, p.ack, m)
		}
		p.ack = &m
	}
	return m, nil
}

// checkIns reads the check-ins of a session from the log: when each person's was, by
// the seq of its event. It fails the test at a gap, and if somebody is there twice.
func checkIns(t *testing.T, dir string, session attendance.SessionID) map[attendance.PersonID]heard {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.QueryContext(t.Context(), `SELECT e.seq, e.kind, e.person_id, e.at, s.seq FROM events e JOIN sessions s ON s.id = e.session_id WHERE s.id = ? ORDER BY e.seq`, session)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	all := make(map[attendance.PersonID]heard)
	var last, head int64
	for found.Next() {
		var e heard
		var kind string
		var person attendance.PersonID
		if err := found.Scan(&e.Seq, &kind, &person, &e.At, &head); err != nil {
			t.Fatal(err)
		}
		if e.Seq != last+1 {
			t.Errorf("seq %d follows %d in the log", e.Seq, last)
		}
		last = e.Seq
		if _, twice := all[person]; twice {
			t.Errorf("student %d is in the log twice", person)
		}
		if kind == attendance.MarkSet.String() {
			all[person] = e
		}
	}
	if found.Err() != nil || last != head {
		t.Errorf("the log ends with seq %d, its session says %d (%v)", last, head, found.Err())
	}
	return all
}

// mustHold fails the test unless every acknowledged check-in is in the log as it was
// acknowledged.
func mustHold(t *testing.T, log map[attendance.PersonID]heard, phones []*phone) {
	t.Helper()
	for _, p := range phones {
		if e := log[p.Person]; p.ack != nil && (e.Seq != p.ack.To || e.At != p.ack.At) {
			t.Errorf("student %d was told %+v, and the log has %+v", p.Person, *p.ack, e)
		}
	}
}
