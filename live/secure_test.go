package live_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
)

// pieces is a connection that is written to in pieces of its own choice.
type pieces struct {
	net.Conn
	mu   sync.Mutex
	size func(int) int // of the next piece, of so many bytes; 0: all of it waits
	held []byte
}

func (p *pieces) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(p.held, b...)
	for len(p.held) > 0 {
		k := p.size(len(p.held))
		if k == 0 {
			return len(b), nil
		}
		if _, err := p.Conn.Write(p.held[:k]); err != nil {
			return 0, err
		}
		p.held = p.held[k:]
	}
	return len(b), nil
}

// in has what is written from now on sent in such pieces.
func (p *pieces) in(size func(int) int) {
	p.mu.Lock()
	p.size = size
	p.mu.Unlock()
	_, _ = p.Write(nil)
}

func all(n int) int { return n }
func none(int) int  { return 0 }

// dialInPieces connects a student, of whom nothing but the connection is there yet.
func (n *node) dialInPieces(tb testing.TB) (*client, *pieces) {
	tb.Helper()
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", n.listen(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	p := &pieces{Conn: conn, size: all}
	conn = p
	if n.tls != nil {
		t := tls.Client(p, &tls.Config{InsecureSkipVerify: true})
		if err := t.Handshake(); err != nil {
			tb.Fatal(err)
		}
		conn = t
	}
	return &client{tb, conn, bufio.NewReader(conn), time.Minute, nil}, p
}

const request = "GET /1/student HTTP/1.1\r\nHost: muster\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " + live.Subprotocol + "\r\n\r\n"

// write writes each as it is: over TLS, as a record of its own.
func (c *client) write(texts ...string) {
	c.tb.Helper()
	for _, text := range texts {
		if _, err := c.conn.Write([]byte(text)); err != nil {
			c.tb.Fatal(err)
		}
	}
}

// upgraded reads the answer to the request.
func (c *client) upgraded() {
	c.tb.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		c.tb.Fatalf("the answer to the request is %v, %v", resp, err)
	}
}

// pinged has the pings answered that were numbered so.
func (c *client) pinged(from, to int64) {
	c.tb.Helper()
	for n := from; n <= to; n++ {
		if m, _ := c.until(is("pong")); m.N != n {
			c.tb.Fatalf("instead of pong %d came %s", n, m.raw)
		}
	}
}

func ping(n int64) string {
	return string(frame(ws.OpText, true, fmt.Sprintf(`{"t":"ping","n":%d}`, n)))
}

func TestMessagesMayComeTogetherWithTheRequest(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		first, second := ping(1), ping(2)
		for _, written := range [][]string{
			{request + first + second},
			{request, first, second},
			{request + first[:5], first[5:] + second},
		} {
			c, below := n.dialInPieces(t)
			below.in(none)
			c.write(written...)
			below.in(all)
			c.upgraded()
			c.pinged(1, 2)
			c.conn.Close()
		}
	})
}

func TestManyMessagesMayComeAtOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		c, below := n.dialInPieces(t)
		c.write(request)
		c.upgraded()
		const count = 40 // fewer than a client may send
		var together strings.Builder
		for i := range int64(count) {
			together.WriteString(ping(1 + i))
		}
		c.write(together.String()) // over TLS, in one record
		c.pinged(1, count)
		below.in(none)
		for i := range int64(count) { // over TLS, in a record each, which come in one piece
			c.write(ping(1 + i))
		}
		below.in(all)
		c.pinged(1, count)
	})
}

func TestALargeMessageMayComeInAnyPieces(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		other, _ := n.join(t, 2, "student")
		r := rand.New(rand.NewPCG(1, 0))
		text := string(frame(ws.OpText, true, `{"t":"ping","n":1,"and":"`+strings.Repeat("x", 60<<10)+`"}`))
		for _, longest := range []int{40, 3_000, 50_000} {
			c, below := n.dialInPieces(t)
			c.write(request)
			c.upgraded()
			below.in(func(n int) int { return 1 + r.IntN(min(n, longest)) })
			c.write(text[:100], text[100:50_000])
			if longest > 40 { // what is half there holds nobody up
				other.say(`{"t":"ping","n":9}`)
				other.pinged(9, 9)
			}
			c.write(text[50_000:])
			c.pinged(1, 1)
			c.conn.Close()
		}
	})
}

func TestALargeStateIsSentWhole(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1000)
	n := startNode(t, s)
	n.tls = newTLS(t, tls.VersionTLS13)
	n.open(t)
	boards := make([]*client, 3)
	for i := range boards {
		var state message
		boards[i], state = n.join(t, teacher, "board")
		if len(state.People) != 1000 {
			t.Fatalf("a board is shown %d students", len(state.People))
		}
	}
	exec(t, s.dir, `UPDATE courses SET roster = roster + 1`) // all of them are shown everything again
	n.hub.CoursesChanged([]attendance.CourseID{1})
	for _, board := range boards {
		if m, _ := board.until(is("snapshot")); len(m.People) != 1000 {
			t.Errorf("a board is shown %d students again", len(m.People))
		}
	}
	if got := n.hub.Stats().Stalled; got != 0 {
		t.Errorf("%d lines are told to have stalled", got)
	}
}

func TestAClientThatDiesIsMissed(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		board, _ := n.join(t, teacher, "board")
		for _, reset := range []bool{true, false} {
			c, below := n.dialInPieces(t)
			c.write(request)
			c.upgraded()
			board.until(func(m message) bool { return slices.Contains(m.On, 1) })
			if reset {
				_ = below.Conn.(*net.TCPConn).SetLinger(0)
			}
			below.Conn.Close() // without a word, in WebSocket or in TLS
			board.until(func(m message) bool { return slices.Contains(m.Off, 1) })
		}
	})
}

// Not in parallel: it counts goroutines.
func TestAConnectionThatWaitsTakesNoGoroutine(t *testing.T) {
	const phones = 100
	n := startNode(t, newStore(t, phones))
	n.tls = newTLS(t, tls.VersionTLS13)
	n.open(t)
	before := runtime.NumGoroutine()
	all := make([]*client, phones)
	for i := range all {
		all[i], _ = n.join(t, attendance.PersonID(1+i), "student")
	}
	for p := attendance.PersonID(1); p <= 20; p++ { // and all of them see what happens
		n.checkIn(t, p)
	}
	for _, c := range all {
		c.until(func(m message) bool { return m.To == 21 })
	}
	const crew = 32
	many := 0
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if many = runtime.NumGoroutine() - before; many <= phones+crew+10 { // those that read here
			return
		}
	}
	b := make([]byte, 1<<20)
	t.Errorf("%d goroutines more for %d phones:\n%.4000s", many, phones, bytes.TrimSpace(b[:runtime.Stack(b, true)]))
}
