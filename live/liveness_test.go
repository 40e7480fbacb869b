package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster/local"
)

// inFakeTime runs a test on a node in a bubble in which time passes at once.
func inFakeTime(t *testing.T, students int, test func(*testing.T, *node)) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, students)
		n := startNode(t, s)
		n.open(t)
		test(t, n)
		n.stop()
		s.Close()
	})
}

func TestAPhoneThatIsGoneIsNoticedWithinTenSeconds(t *testing.T) {
	for _, news := range []time.Duration{time.Hour, 300 * time.Millisecond, 800 * time.Millisecond, 3 * time.Second} {
		t.Run(fmt.Sprint("news every ", news), func(t *testing.T) {
			inFakeTime(t, 500, func(t *testing.T, n *node) {
				defer n.comeIn(t, 3, news)()
				board := n.pipe(t, teacher, "board")
				board.next()
				board.listening() // and answering, while nobody looks
				for _, delay := range []time.Duration{0, 2300 * time.Millisecond, 4900 * time.Millisecond} {
					time.Sleep(delay) // a phone may die at any point between two pings
					phone := n.pipe(t, 2, "student")
					phone.next()
					board.until(is("presence"))
					go io.Copy(io.Discard, phone.conn) // takes everything, answers nothing
					start := time.Now()
					m, _ := board.until(is("presence"))
					if gone := time.Since(start); gone > 10*time.Second || len(m.Off) != 1 {
						t.Errorf("noticed after %v: %s", gone, m.raw)
					}
				}
			})
		})
	}
}

func TestAPhoneHasFourSecondsToAnswer(t *testing.T) {
	inFakeTime(t, 5, func(t *testing.T, n *node) {
		phone := n.pipe(t, 2, "student")
		phone.next()
		for range 12 {
			h, err := ws.ReadHeader(phone.r)
			if err != nil || h.OpCode != ws.OpPing {
				t.Fatalf("got opcode %x, %v; want a ping", h.OpCode, err)
			}
			time.Sleep(3900 * time.Millisecond)
			if _, err := phone.conn.Write(frame(ws.OpPong, true, "")); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAPingLeavesWithNewsIfThereIsAny(t *testing.T) {
	for _, tt := range []struct {
		person      attendance.PersonID
		audience    string
		news        time.Duration
		with, alone int // pings of a minute
	}{
		{2, "student", 800 * time.Millisecond, 12, 0},
		{teacher, "display", 800 * time.Millisecond, 12, 0},
		{teacher, "board", 800 * time.Millisecond, 0, 12}, // its news may be long in coming
		{2, "student", time.Hour, 0, 12},
	} {
		t.Run(fmt.Sprintf("%s, news every %v", tt.audience, tt.news), func(t *testing.T) {
			inFakeTime(t, 500, func(t *testing.T, n *node) {
				line := n.pipe(t, tt.person, tt.audience)
				line.next()
				defer n.comeIn(t, 3, tt.news)()
				const ping, pong = "\x89\x00", "\x8a\x80...."
				var with, alone int
				buf := make([]byte, 4<<10) // what is written at once is read at once
				line.conn.SetReadDeadline(time.Now().Add(time.Minute))
				for {
					m, err := line.conn.Read(buf)
					if err != nil {
						break
					}
					switch {
					case string(buf[:m]) == ping:
						alone++
					case strings.HasSuffix(string(buf[:m]), ping):
						with++
					default:
						continue
					}
					if _, err := line.conn.Write([]byte(pong)); err != nil {
						t.Fatal(err)
					}
				}
				if with != tt.with || alone != tt.alone {
					t.Errorf("%d pings with news and %d alone, want %d and %d", with, alone, tt.with, tt.alone)
				}
			})
		})
	}
}

// comeIn has students check in, one after another from the first on, until it is stopped.
func (n *node) comeIn(t *testing.T, first attendance.PersonID, every time.Duration) (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for p := first; ; p++ {
			select {
			case <-done:
				return
			case <-tick.C:
				n.checkIn(t, p)
			}
		}
	}()
	return func() { close(done); <-ended }
}

func TestAPhoneThatComesBackThroughAnotherNodeWasThereThroughout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, 5)
		var network local.Network
		a, b := newNode(t, s, network.Join), newNode(t, s, network.Join)
		board := a.pipe(t, teacher, "board")
		board.next()
		phone := a.pipe(t, 2, "student")
		phone.next()
		board.until(is("presence"))
		told := make(chan message, 100)
		go func() {
			for m, err := board.read(); err == nil; m, err = board.read() {
				told <- m
			}
		}()
		for i := range 10 { // flaps
			phone.conn.Close()
			time.Sleep(1500 * time.Millisecond)
			phone = []*node{b, a}[i%2].pipe(t, 2, "student")
			phone.next()
		}
		synctest.Wait()
		select {
		case m := <-told:
			t.Errorf("meanwhile the board was sent %s", m.raw)
		default:
		}
		phone.conn.Close()
		start := time.Now()
		if m := <-told; len(m.Off) != 1 || m.Off[0] != 2 {
			t.Errorf("after the phone has gone for good: %s", m.raw)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("told after %v", d)
		}
		a.stop()
		b.stop()
		s.Close()
	})
}

func TestAPhoneThatAnswersStays(t *testing.T) {
	inFakeTime(t, 5, func(t *testing.T, n *node) {
		phone := n.pipe(t, 2, "student")
		phone.next()
		got := make(chan message, 1)
		go func() { got <- phone.next() }() // answers pings meanwhile
		time.Sleep(time.Hour)
		n.checkIn(t, 3)
		if m := <-got; m.T != "delta" {
			t.Errorf("after an hour: %s", m.raw)
		}
	})
}

func TestAPhoneThatIsGoneBeforeItIsLetInHurtsNobody(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 20))
	for p := attendance.PersonID(1); p <= 20; p++ {
		c := n.dial(t, p, "student")
		c.conn.(*net.TCPConn).SetLinger(0) // the server's answer meets a closed door
		c.conn.Close()
	}
	if _, m := n.join(t, teacher, "board"); m.T != "snapshot" {
		t.Errorf("after them: %s", m.raw)
	}
}

func TestASlowPhoneHurtsNobodyAndContinuesFromTheNewest(t *testing.T) {
	inFakeTime(t, 30, func(t *testing.T, n *node) {
		slow, quick := n.pipe(t, 1, "student"), n.pipe(t, 2, "student")
		slow.next()
		quick.next()
		start := time.Now()
		for p := attendance.PersonID(3); p <= 30; p++ {
			n.checkIn(t, p)
			quick.until(func(m message) bool { return m.T == "delta" && m.To == int64(p)-1 })
			synctest.Wait() // until the slow one is stuck with the first
		}
		if d := time.Since(start); d > 0 {
			t.Errorf("the quick phone waited %v for the slow one", d)
		}
		time.Sleep(4 * time.Second)
		var deltas []message
		for len(deltas) == 0 || deltas[len(deltas)-1].To < 29 {
			if m := slow.next(); m.T == "delta" {
				deltas = append(deltas, m)
			}
		}
		if len(deltas) != 2 || deltas[1].From != deltas[0].To+1 {
			t.Errorf("the slow phone got %d deltas, want the one it was stuck with and one for all the rest", len(deltas))
		}
	})
}

func TestAPhoneThatStaysBehindIsClosed(t *testing.T) {
	inFakeTime(t, 5, func(t *testing.T, n *node) {
		stuck := n.pipe(t, 1, "student")
		stuck.next()
		n.checkIn(t, 2)
		start := time.Now()
		synctest.Wait()
		for n.hub.Connections() > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if d := time.Since(start); d < 9*time.Second || d > 11*time.Second {
			t.Errorf("closed after %v, want about 10 s", d)
		}
	})
}

func TestANodeThatStopsSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 5))
	phone, _ := n.join(t, 1, "student")
	go n.stop()
	m, _ := phone.until(is("bye"))
	if m.Retry < 0 || m.Retry > 2000 {
		t.Errorf("bye: %s", m.raw)
	}
	if code := phone.closed(); code != 1001 {
		t.Errorf("closed with %d, want 1001", code)
	}
}

func TestWhoComesToANodeThatHasStoppedIsToldToGoElsewhere(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		n.listen(t)
		n.stop()
		c := n.dial(t, 1, "student")
		if m := c.next(); m.T != "bye" {
			t.Errorf("got %s, want bye", m.raw)
		}
		var closed wsutil.ClosedError
		if m, err := c.read(); !errors.As(err, &closed) || closed.Code != 1001 {
			t.Errorf("then got %s, %v; want nothing but the end with 1001", m.raw, err)
		}
	})
}

func TestWhoIsSignedOutIsClosed(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 5))
	phone, _ := n.join(t, 1, "student")
	other, _ := n.join(t, 2, "student")
	n.hub.Disconnect(1)
	if code := phone.closed(); code != 4001 {
		t.Errorf("closed with %d, want 4001", code)
	}
	other.say(`{"t":"ping","n":7}`)
	if m, _ := other.until(is("pong")); m.N != 7 {
		t.Errorf("pong: %s", m.raw)
	}
}

// What comes together with the answer to a ping is heard, however long it is.
func TestAMessageAfterAPongIsHeard(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 5))
	phone, _ := n.join(t, 1, "student")
	for _, size := range []int{100, 122, 123, 250, 374} { // with its head, 128 bytes and more
		say := fmt.Sprintf(`{"t":"ping","n":%d}`, size)
		say += strings.Repeat(" ", size-len(say))
		if _, err := phone.conn.Write(append(frame(ws.OpPong, true, ""), frame(ws.OpText, true, say)...)); err != nil {
			t.Fatal(err)
		}
		if m, _ := phone.until(is("pong")); m.N != int64(size) {
			t.Errorf("%d bytes: %s", size, m.raw)
		}
	}
}

func TestLookLoadsARoomOnce(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 5))
	s, rules, err := n.hub.Look(context.Background(), lecture)
	if err != nil || s.ID != lecture || rules != attendance.DefaultRules() {
		t.Errorf("session %v, rules %v, error %v", s.ID, rules, err)
	}
	if _, _, err := n.hub.Look(context.Background(), 99); attendance.AsError(err).Code != attendance.CodeUnknownSession {
		t.Errorf("unknown session: %v", err)
	}
}
