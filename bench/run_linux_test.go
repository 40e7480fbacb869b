package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// room is a server as simple as can be, with faults that are known.
type room struct {
	delay  time.Duration                   // from a check-in to its delta and its answer
	deltas func(seq, conn int) (times int) // how often a connection is sent a delta; nil: once
	asked  string                          // the message that asks for the snapshot; "": it comes by itself

	mu    sync.Mutex
	conns []net.Conn // the board is the first, then the students as they come
	seq   int
	pongs int
}

func (r *room) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Header.Get("Authorization") == "" {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	up := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "muster.v1" }}
	conn, _, _, err := up.Upgrade(req, w)
	if err != nil {
		return
	}
	go r.serve(conn, req.Header.Get("Authorization") == "Bearer b")
}

func (r *room) serve(conn net.Conn, board bool) {
	defer conn.Close()
	if r.asked == "" {
		r.join(conn, board)
	}
	for {
		m, err := wsutil.ReadClientMessage(conn, nil)
		if err != nil {
			return
		}
		text := string(m[0].Payload)
		switch {
		case m[0].OpCode == ws.OpPong:
			r.mu.Lock()
			r.pongs++
			r.mu.Unlock()
		case r.asked != "" && text == r.asked:
			r.join(conn, board)
		case strings.Contains(text, `"check_in"`):
			time.AfterFunc(r.delay, func() { r.checkIn(conn) })
		}
	}
}

// join sends the snapshot, and in the same packet a ping.
func (r *room) join(conn net.Conn, board bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns = append(r.conns, conn); board {
		last := len(r.conns) - 1
		r.conns[0], r.conns[last] = r.conns[last], r.conns[0]
	}
	var b bytes.Buffer
	_ = wsutil.WriteServerText(&b, fmt.Appendf(nil, `{"t":"snapshot","session":1,"seq":%d}`, r.seq))
	_ = wsutil.WriteServerMessage(&b, ws.OpPing, []byte("?"))
	_, _ = conn.Write(b.Bytes())
}

func (r *room) checkIn(from net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	for i, c := range r.conns {
		times := 1
		if r.deltas != nil {
			times = r.deltas(r.seq, i)
		}
		for range times {
			r.say(c, `{"t":"delta","from":%d,"to":%[1]d,"status":"open"}`, r.seq)
		}
	}
	r.say(from, `{"t":"ack","id":"bench","from":%d,"to":%[1]d,"mark":"present"}`, r.seq)
}

func (r *room) say(c net.Conn, format string, args ...any) {
	_ = wsutil.WriteServerText(c, fmt.Appendf(nil, format, args...))
}

func run(t *testing.T, r *room, students int, load Load) Result {
	t.Helper()
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	session := Session{ID: 1, Board: "b", Students: make([]Student, students)}
	for i := range session.Students {
		session.Students[i] = Student{Token: strconv.Itoa(i), Ticket: "t"}
	}
	res, err := Run{URLs: []string{s.URL}, Sessions: []Session{session}, Load: load}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestFiguresOfAServerWithKnownDelay(t *testing.T) {
	t.Parallel()
	const delay = 400 // ms
	r := &room{delay: delay * time.Millisecond}
	begun := time.Now()
	res := run(t, r, 10, Load{Steady, 50, time.Second})
	took := milliseconds(time.Since(begun))
	answered := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.pongs
	}
	for limit := time.Now().Add(time.Minute); answered() != 11; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%d pings answered, want one of each connection", answered())
		}
	}
	if res.Sent != 10 || res.Acked != 10 || res.Expected != 100 || res.Delivered != 100 || res.Again != 0 || len(res.Trouble) > 0 {
		t.Errorf("10 check-ins, seen by 9 students and a board each: got %+v", res)
	}
	if most := took - milliseconds(quietFor); 1000*res.Seconds > most {
		t.Errorf("CPU was watched for %.1f s, of which all was quiet for some", res.Seconds)
	}
	for name, q := range map[string]Quantiles{"sync": res.Sync, "ack": res.Ack} {
		// A busy machine may be slow, so only the lower limit is exact.
		if q.P50 < delay || q.Max > took || q.Max < q.P99 || q.P99 < q.P50 {
			t.Errorf("%s: %+v, want about %d ms", name, q, delay)
		}
	}
}

func TestAServerOfAnotherDialectIsMeasuredToo(t *testing.T) {
	t.Parallel()
	r := &room{asked: `40["join 1"]`}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.RequestURI() != "/other?v=4" || req.Header.Get("Authorization") != "" {
			t.Errorf("asked for %s with %v", req.URL, req.Header)
		}
		req.Header.Set("Authorization", "whoever")
		r.ServeHTTP(w, req)
	}))
	t.Cleanup(s.Close)
	res, err := Run{
		URLs: []string{s.URL}, Sessions: []Session{{ID: 1, Board: "b", Students: make([]Student, 5)}}, Load: Load{Scenario: Storm, Duration: time.Second},
		Dialect: Dialect{Path: "/other?v=4", Join: `40["join %d"]`, CheckIn: `42["check_in"]`},
	}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if res.Acked != 5 || res.Delivered != 25 || len(res.Trouble) > 0 {
		t.Errorf("5 check-ins, seen by 5 others each: got %+v", res)
	}
}

// TestMain has the tests' own program be the second process of a load generator.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "-apart" {
		if err := Listen(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestConnectionsOfAnotherProcessCount(t *testing.T) {
	t.Parallel()
	r := &room{deltas: func(seq, _ int) int {
		if seq == 3 {
			return 2
		}
		return 1
	}}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	students := func(from, to int) (list []Student) {
		for i := from; i < to; i++ {
			list = append(list, Student{Token: strconv.Itoa(i), Ticket: "t"})
		}
		return list
	}
	apart := &Apart{Command: exec.Command(os.Args[0], "-apart"), Sessions: []Session{{ID: 1, Students: students(10, 14)}}}
	apart.Command.Stderr = os.Stderr
	res, err := Run{
		URLs: []string{s.URL}, Sessions: []Session{{ID: 1, Board: "b", Students: students(0, 10)}}, Load: Load{Scenario: Storm, Duration: time.Second}, Apart: apart,
	}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if res.Connections != 15 || res.Acked != 10 || res.Expected != 140 || res.Delivered != 140 || res.Again != 15 || len(res.Trouble) > 0 {
		t.Errorf("10 check-ins, seen by 10 others and 4 elsewhere, one of them twice by all: got %+v", res)
	}
}

func TestASecondProcessThatFailsIsToldOf(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	one := []Session{{ID: 1, Board: "b", Students: make([]Student, 1)}}
	_, err := Run{URLs: []string{s.URL}, Sessions: one, Load: Load{Scenario: Storm, Duration: time.Second}, Apart: &Apart{Command: exec.Command(os.Args[0], "-apart"), Sessions: one}}.Do(t.Context())
	if err == nil || !strings.Contains(err.Error(), "did not connect everybody") {
		t.Errorf("the error is %v", err)
	}
}

func TestLossAndRepetitionShow(t *testing.T) {
	t.Parallel()
	res := run(t, &room{deltas: func(seq, conn int) int {
		switch {
		case seq == 3 && conn == 0:
			return 0 // the board misses the third
		case seq == 5:
			return 2 // everybody gets the fifth twice
		}
		return 1
	}}, 6, Load{Scenario: Storm, Duration: time.Second})
	if res.Expected != 36 || res.Delivered != 35 {
		t.Errorf("delivered %d of %d, want 35 of 36", res.Delivered, res.Expected)
	}
	if res.Again != 7 {
		t.Errorf("%d deltas repeated, want 7", res.Again)
	}
	if res.Trouble["gap between deltas"] != 1 {
		t.Errorf("trouble %v, want one gap", res.Trouble)
	}
}

// All have their answers long before the board has the last of the news.
func TestNewsThatComesLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	const students = 6
	r := &room{}
	r.deltas = func(seq, conn int) int {
		if conn != 0 || seq != students {
			return 1
		}
		board := r.conns[0]
		time.AfterFunc(quietFor+time.Second, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.say(board, `{"t":"delta","from":%d,"to":%[1]d,"status":"open"}`, seq)
		})
		return 0
	}
	if res := run(t, r, students, Load{Scenario: Storm, Duration: time.Second}); res.Expected != 36 || res.Delivered != 36 {
		t.Errorf("delivered %d of %d, want 36 of 36", res.Delivered, res.Expected)
	}
}

func TestAServerThatStallsCannotHideIt(t *testing.T) {
	t.Parallel()
	// All is answered when the last check-in has come: the first one, meant to be
	// sent half a second before, has waited for so long.
	r := &room{delay: time.Hour}
	waiting := make(chan net.Conn, 26)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		conn, _, _, err := ws.HTTPUpgrader{Protocol: func(string) bool { return true }}.Upgrade(req, w)
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			r.join(conn, false)
			for {
				if _, err := wsutil.ReadClientText(conn); err != nil {
					return
				}
				if waiting <- conn; len(waiting) == cap(waiting) {
					for range cap(waiting) {
						r.checkIn(<-waiting)
					}
				}
			}
		}()
	}))
	t.Cleanup(s.Close)
	session := Session{ID: 1, Board: "b", Students: make([]Student, 26)}
	res, err := Run{URLs: []string{s.URL}, Sessions: []Session{session}, Load: Load{Steady, 50, time.Second}}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if res.Sync.Max < 500 || res.Sync.P50 < 200 {
		t.Errorf("sync %+v, want up to 500 ms and evenly spread", res.Sync)
	}
}

func TestALineThatBreaksIsNoticed(t *testing.T) {
	t.Parallel()
	r := &room{}
	r.deltas = func(seq, conn int) int {
		if seq == 4 && conn == 0 {
			_ = r.conns[0].Close() // the board's, right after the third delta
		}
		return 1
	}
	res := run(t, r, 6, Load{Scenario: Storm, Duration: time.Second})
	if res.Trouble["connection lost"] != 1 || res.Expected-res.Delivered != 3 {
		t.Errorf("delivered %d of %d with trouble %v, want 3 less and one line lost", res.Delivered, res.Expected, res.Trouble)
	}
}

func TestWhatCannotBeMeasuredIsSaid(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	one := Run{URLs: []string{s.URL}, Sessions: []Session{{ID: 1, Board: "b", Students: make([]Student, 2)}}, Load: Load{Scenario: Storm, Duration: 1}}
	if _, err := one.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a server that is none of ours: %v", err)
	}
	one.Load.Scenario = "rain"
	if _, err := one.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "rain") {
		t.Errorf("an unknown scenario: %v", err)
	}
	one.Load.Scenario = Idle
	one.URLs = []string{httptest.NewServer(&room{}).URL}
	one.Load.Duration = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := one.Do(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that is broken off: %v", err)
	}
}
