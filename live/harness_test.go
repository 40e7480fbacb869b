package live_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/store/sqlite"
)

// lecture is the session of every test: session 1 of a course with students 1, 2, 3, …
const (
	lecture attendance.SessionID = 1
	teacher attendance.PersonID  = 9000
)

// store is a database and where it is.
type store struct {
	*sqlite.Store
	dir string
}

// newStore returns a database with a lecture of some students, scheduled.
func newStore(tb testing.TB, students int) store {
	tb.Helper()
	dir := tb.TempDir()
	s, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	exec(tb, dir,
		fmt.Sprintf(`INSERT INTO people (id, ref, given, family, created_at, updated_at)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, 's' || i, 'Given' || i, 'Family' || i, 0, 0 FROM n`, students),
		`INSERT INTO courses (id, code, title, late_after, on_close, code_step, code_grace) VALUES (1, 'CS101', 'Algorithms', 15, 'absent', 5000, 1)`,
		`INSERT INTO enrolments (course_id, person_id, role) SELECT 1, id, 'student' FROM people`,
		`INSERT INTO sessions (id, course_id, title, secret) VALUES (1, 1, 'Week 7', randomblob(32))`)
	return store{s, dir}
}

// exec does to the database in dir what another process might.
func exec(tb testing.TB, dir string, statements ...string) {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			tb.Fatalf("%s: %v", q, err)
		}
	}
}

// node is a hub and a recorder.
type node struct {
	hub      *live.Hub
	recorder *recorder.Recorder
	commands atomic.Int64

	byRuntime bool        // connections are left to the runtime
	tls       *tls.Config // of the listener; nil: plain TCP
	offers    []string    // the extensions that who dials offers

	addr      string
	listening sync.Once
	stopped   sync.Once
}

// nodeStore is what a node needs of a store.
type nodeStore interface {
	live.Store
	recorder.Log
}

// newNode starts a node that is linked by join.
func newNode(tb testing.TB, s nodeStore, join func(cluster.Node) cluster.Link) *node {
	tb.Helper()
	n := &node{hub: live.NewHub(s, join, time.Now, slog.New(slog.DiscardHandler))}
	n.recorder = recorder.New(s, n.hub, time.Now)
	tb.Cleanup(n.stop)
	return n
}

// stop ends the node; doing it twice does no harm.
func (n *node) stop() {
	n.stopped.Do(func() {
		n.hub.Close()
		n.recorder.Close()
	})
}

// listen returns the address at which the node takes WebSockets. Whoever connects
// says in the path who and what they are, and is believed: permissions are package
// server's business.
func (n *node) listen(tb testing.TB) string {
	n.listening.Do(func() {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		n.addr = l.Addr().String()
		web := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(n.upgrade)}
		if n.tls != nil {
			l = tls.NewListener(live.BelowTLS(l), n.tls)
		}
		go web.Serve(l)
		tb.Cleanup(func() { web.Close() })
	})
	return n.addr
}

func (n *node) upgrade(w http.ResponseWriter, r *http.Request) {
	var (
		person attendance.PersonID
		seen   []int64
	)
	path := strings.Split(r.URL.Path, "/")
	fmt.Sscan(path[1], &person)
	for _, text := range path[3:] {
		var n int64
		fmt.Sscan(text, &n)
		seen = append(seen, n)
	}
	up := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == live.Subprotocol }}
	extension := live.Extension(live.Audience(path[2]), r.Header["Sec-Websocket-Extensions"])
	if extension != "" {
		up.Header = http.Header{"Sec-WebSocket-Extensions": {extension}}
	}
	conn, rw, _, err := up.Upgrade(r, w)
	if err != nil {
		return
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	if n.byRuntime {
		conn = struct{ net.Conn }{conn}
	}
	n.serve(conn, joining(person, path[2], seen...), extension != "", early...)
}

// joining is how somebody joins the lecture, with the seq and the roster of the last
// state that they have seen, if any.
func joining(person attendance.PersonID, audience string, seen ...int64) live.Join {
	j := live.Join{Session: lecture, Audience: live.Audience(audience), Person: person}
	if len(seen) > 0 {
		j.Seq = &seen[0]
	}
	if len(seen) > 1 {
		j.Roster = seen[1]
	}
	return j
}

// eachWay runs a test on a node that leaves connections to the runtime, and on ones that
// take them over: over plain TCP, and over each version of TLS.
func eachWay(t *testing.T, test func(*testing.T, *node)) {
	t.Parallel()
	for name, way := range map[string]struct {
		byRuntime bool
		tls       *tls.Config
	}{
		"by the runtime": {byRuntime: true},
		"taken over":     {},
		"TLS 1.2":        {tls: newTLS(t, tls.VersionTLS12)},
		"TLS 1.3":        {tls: newTLS(t, tls.VersionTLS13)},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t, newStore(t, 3))
			n.byRuntime, n.tls = way.byRuntime, way.tls
			test(t, n)
		})
	}
}

// newTLS returns what a server takes to speak one version of TLS.
func newTLS(tb testing.TB, version uint16) *tls.Config {
	tb.Helper()
	web := httptest.NewTLSServer(nil) // has a certificate
	defer web.Close()
	return &tls.Config{MinVersion: version, MaxVersion: version, Certificates: web.TLS.Certificates}
}

func startNode(tb testing.TB, s store) *node {
	var network local.Network
	return newNode(tb, s, network.Join)
}

// serve does what package server does, without asking for permission.
func (n *node) serve(conn net.Conn, j live.Join, deflate bool, early ...byte) *live.Conn {
	t := live.NewWebSocket(conn, early)
	if deflate {
		t.Deflate()
	}
	c := n.hub.Accept(t, j.Person)
	if err := n.hub.Join(context.Background(), c, j); err != nil {
		c.TurnAway(err)
	}
	t.Serve(c, func(b []byte) (rest func()) {
		m, err := live.ParseMessage(b)
		if err != nil {
			c.Refuse("", err)
			return nil
		}
		switch m.T {
		case "ping":
			c.Pong(m.N)
		default:
			m.Session = lecture
			cmd, err := m.Command()
			if err != nil {
				c.Refuse(m.ID, err)
				return nil
			}
			cmd.Actor = j.Person
			n.recorder.Submit(cmd, func(out attendance.Outcome, err error) { c.Reply(&cmd, out, err) })
		}
		return nil
	})
	return c
}

// do carries a command of the teacher out on the node.
func (n *node) do(tb testing.TB, c attendance.Command) attendance.Outcome {
	tb.Helper()
	c.Session = lecture
	if c.Actor == 0 {
		c.Actor = teacher
	}
	if c.ID == "" {
		c.ID = fmt.Sprintf("do-%p-%d", n, n.commands.Add(1))
	}
	out, err := n.recorder.Do(context.Background(), c)
	if err != nil {
		tb.Fatalf("command refused: %v", err)
	}
	return out
}

func (n *node) open(tb testing.TB) { n.do(tb, attendance.Command{Kind: attendance.OpenSession}) }

func (n *node) checkIn(tb testing.TB, p attendance.PersonID) {
	n.do(tb, attendance.Command{Kind: attendance.CheckIn, Actor: p})
}

// client is the other end of a live connection.
type client struct {
	tb       testing.TB
	conn     net.Conn
	r        *bufio.Reader
	patience time.Duration // for the next message
	heard    chan heard    // what a reader in the background has read; nil: there is none
}

// heard is a message, or how the line ended.
type heard struct {
	m   message
	err error
}

// message is any message of the server's.
type message struct {
	T         string          `json:"t"`
	ID        string          `json:"id"`
	Audience  string          `json:"audience"`
	Seq       int64           `json:"seq"`
	Roster    int64           `json:"roster"`
	Status    string          `json:"status"`
	From      int64           `json:"from"`
	To        int64           `json:"to"`
	Counts    []int           `json:"counts"`
	Events    [][]any         `json:"events"`
	You       []any           `json:"you"`
	People    [][]any         `json:"people"`
	Marks     [][]any         `json:"marks"`
	On        []int64         `json:"on"`
	Off       []int64         `json:"off"`
	All       []int64         `json:"all"`
	Count     *int            `json:"count"`
	Connected json.RawMessage `json:"connected"`
	Code      string          `json:"code"`
	Field     string          `json:"field"`
	Retry     int64           `json:"retry_ms"`
	N         int64           `json:"n"`
	raw       string
	deflated  []byte // what came over the line, if it was compressed
}

// dial connects somebody, as joining says.
func (n *node) dial(tb testing.TB, person attendance.PersonID, audience string, seen ...int64) *client {
	tb.Helper()
	to := fmt.Sprintf("ws://%s/%d/%s", n.listen(tb), person, audience)
	if n.tls != nil {
		to = "wss" + to[2:]
	}
	for _, n := range seen {
		to += fmt.Sprintf("/%d", n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d := ws.Dialer{Protocols: []string{live.Subprotocol}, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
	for _, name := range n.offers {
		d.Extensions = append(d.Extensions, httphead.NewOption(name, nil))
	}
	conn, br, _, err := d.Dial(ctx, to)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	if br == nil {
		br = bufio.NewReader(conn)
	}
	c := &client{tb: tb, conn: conn, r: br, patience: time.Minute}
	c.listening()
	return c
}

// listening has all read that comes, and so pings answered, however long a test does
// something else.
func (c *client) listening() {
	c.heard = make(chan heard, 1000)
	go c.listen()
}

func (c *client) listen() {
	for {
		m, err := c.receive()
		c.heard <- heard{m, err}
		if err != nil {
			return
		}
	}
}

// pipe connects without a network, for tests in which time is fake.
func (n *node) pipe(tb testing.TB, person attendance.PersonID, audience string) *client {
	ours, theirs := net.Pipe()
	tb.Cleanup(func() { ours.Close() })
	go n.serve(theirs, joining(person, audience), false)
	return &client{tb: tb, conn: ours, r: bufio.NewReader(ours), patience: 24 * time.Hour}
}

// join dials, and returns the first message as well.
func (n *node) join(tb testing.TB, person attendance.PersonID, audience string, seen ...int64) (*client, message) {
	tb.Helper()
	c := n.dial(tb, person, audience, seen...)
	return c, c.next()
}

func (c *client) say(text string) {
	c.tb.Helper()
	if _, err := c.conn.Write(frame(ws.OpText, true, text)); err != nil { // in one piece: pongs are written meanwhile
		c.tb.Fatal(err)
	}
}

// read returns the next message, or an error that has the close code.
func (c *client) read() (message, error) {
	if c.heard == nil {
		c.conn.SetReadDeadline(time.Now().Add(c.patience))
		return c.receive()
	}
	select {
	case h := <-c.heard:
		return h.m, h.err
	case <-time.After(c.patience):
		return message{}, os.ErrDeadlineExceeded
	}
}

// receive reads the next message from the line. It answers pings on the way.
func (c *client) receive() (m message, err error) {
	var b []byte
	if first, _ := c.r.Peek(1); len(first) == 1 && first[0] == 0xc1 { // a whole text, compressed
		h, err := ws.ReadHeader(c.r)
		if err != nil {
			return m, err
		}
		m.deflated = make([]byte, h.Length)
		if _, err := io.ReadFull(c.r, m.deflated); err != nil {
			return m, err
		}
		b, err = io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(m.deflated), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
		if err != nil {
			return m, fmt.Errorf("the server sent what cannot be inflated: %w", err)
		}
	} else if b, _, err = wsutil.ReadServerData(readWriter{c.r, c.conn}); err != nil {
		return m, err
	}
	m.raw = string(b)
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("the server sent %s: %w", b, err)
	}
	return m, nil
}

type readWriter struct {
	*bufio.Reader
	w net.Conn
}

func (rw readWriter) Write(b []byte) (int, error) { return rw.w.Write(b) }

func (c *client) next() message {
	c.tb.Helper()
	m, err := c.read()
	if err != nil {
		c.tb.Fatal(err)
	}
	return m
}

// until returns the first message that fits, and all before it.
func (c *client) until(fits func(message) bool) (message, []message) {
	c.tb.Helper()
	var before []message
	for {
		m := c.next()
		if fits(m) {
			return m, before
		}
		before = append(before, m)
	}
}

func is(t string) func(message) bool { return func(m message) bool { return m.T == t } }

// end returns the code that the connection is closed with, or how else it ends.
func (c *client) end() (code int, err error) {
	for {
		_, err := c.read()
		if closed, ok := err.(wsutil.ClosedError); ok {
			return int(closed.Code), nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// closed returns the code that the connection is closed with.
func (c *client) closed() int {
	c.tb.Helper()
	code, err := c.end()
	if err != nil {
		c.tb.Fatalf("connection ended without a close code: %v", err)
	}
	return code
}
