package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/recorder"
)

func TestEveryCommandCountsOnceHoweverManyProcessesWrite(t *testing.T) {
	t.Parallel()
	h := newHall(t, newDatabase(t), 4)
	stop := h.write(t)
	h.waitFor(t, 5000)
	stop()
	h.check(t)
}

func TestNothingIsLostOrDoubledWhenTheServerCrashes(t *testing.T) {
	t.Parallel()
	p, dir, err := startServer(t.Context())
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Crash() })
	h := newHall(t, p.URL, 3)
	stop := h.write(t)
	for range 3 {
		h.waitFor(t, 500)
		p.Crash()
		if err := p.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	h.waitFor(t, 500)
	stop()
	h.check(t)
	for _, waited := range h.gaveUp {
		if waited < retryFor/2 {
			t.Errorf("Append did not wait for the server to come back: it failed after %v", waited)
		}
	}
}

// line is the network between Append and the server. It can lose the answer to the
// next commit, and be down from then on.
type line struct {
	loseAnswer, thenDown atomic.Bool
	down                 atomic.Bool
}

// reconnect has Append use the line.
func (l *line) reconnect(t *testing.T, s *Store) {
	t.Helper()
	s.log.Close()
	config := logConfig(s.pool.Config())
	// Append's is the only connection: one that the pool made beside it would be in
	// a transaction too when it is warmed, and it could be its answer that is lost.
	config.MinConns, config.MaxConns = 0, 1
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if l.down.Load() {
			return nil, &net.OpError{Op: "dial", Err: errors.New("the line is down")}
		}
		conn, err := dial(ctx, network, addr)
		return &lineConn{Conn: conn, line: l}, err
	}
	var err error
	if s.log, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

type lineConn struct {
	net.Conn
	line *line
	inTx atomic.Bool // the server said last that it waits for more of a transaction
}

func (c *lineConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil && c.inTx.Load() && c.line.loseAnswer.CompareAndSwap(true, false) {
		// It is the answer to all that Append writes, so the commit has taken place.
		c.line.down.Store(c.line.thenDown.Load())
		c.Conn.Close()
		return 0, io.ErrUnexpectedEOF
	}
	c.inTx.Store(strings.HasSuffix(string(b[:n]), "Z\x00\x00\x00\x05T"))
	return n, err
}

func (c *lineConn) Write(b []byte) (int, error) {
	if c.line.down.Load() {
		c.Conn.Close()
	}
	return c.Conn.Write(b)
}

// comeIn gives a check-in of each of these people, as one group.
func comeIn(s *Store, people ...attendance.PersonID) ([]recorder.Result, error) {
	group := make([]attendance.Command, len(people))
	for i, p := range people {
		group[i] = attendance.Command{ID: "in", Session: 1, Actor: p, Kind: attendance.CheckIn, At: time.UnixMilli(1_800_000_000_000)}
	}
	return s.Append(context.Background(), group)
}

// A committed group whose answer was lost is neither refused nor recorded twice, and
// comes with its events, so that this node shows it at once.
func TestAGroupWhoseAnswerIsLostIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := open(t, newDatabase(t))
	seed(t, s, 3)
	var l line
	l.reconnect(t, s)
	if _, err := comeIn(s, 1); err != nil { // the statements are prepared by this
		t.Fatal(err)
	}
	l.loseAnswer.Store(true)
	results, err := comeIn(s, 2, 3)
	if err != nil || l.loseAnswer.Load() {
		t.Fatalf("error %v; is the answer yet to be lost: %v", err, l.loseAnswer.Load())
	}
	for i, r := range results {
		if seq := int64(3 + i); r.Err != nil || r.Outcome.To != seq || len(r.Events) != 1 || r.Events[0].Seq != seq {
			t.Errorf("command %d: %+v, want the event with seq %d", i, r, seq)
		}
	}
	if events, err := s.Events(t.Context(), 1, 0, 10); len(events) != 4 || err != nil {
		t.Errorf("%d events, error %v; want 4", len(events), err)
	}
}

// Nobody is told that nothing was changed when that is not known.
func TestItIsSaidWhenNobodyKnowsWhetherAGroupWasRecorded(t *testing.T) {
	t.Parallel()
	s := open(t, newDatabase(t))
	seed(t, s, 2)
	var l line
	l.reconnect(t, s)
	if _, err := comeIn(s, 1); err != nil {
		t.Fatal(err)
	}
	l.thenDown.Store(true)
	l.loseAnswer.Store(true)
	_, err := comeIn(s, 2)
	if e := attendance.AsError(err); err == nil || e.Code != attendance.CodeStorage || !strings.Contains(e.Message, "perhaps this was recorded") {
		t.Errorf("the answer was lost: %v", err)
	}
	l.down.Store(false)
	results, err := comeIn(s, 2)
	if err != nil || results[0].Err != nil || results[0].Outcome.To != 3 {
		t.Errorf("given again: %+v, error %v; want the outcome of the first time, seq 3", results, err)
	}
}

func TestWhatNeverReachedTheServerIsKnownNotToBeRecorded(t *testing.T) {
	t.Parallel()
	s := open(t, newDatabase(t))
	seed(t, s, 1)
	var l line
	l.reconnect(t, s)
	l.down.Store(true)
	_, err := comeIn(s, 1)
	var known *attendance.Error
	if err == nil || errors.As(err, &known) {
		t.Errorf("got %v, want an error that says nothing else, so that nothing was changed", err)
	}
}

func TestWhoAsksWhileTheServerIsAwayIsToldToAskAgain(t *testing.T) {
	t.Parallel()
	p, dir, err := startServer(t.Context())
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, p.URL)
	seed(t, s, 1)
	p.Crash()
	_, err = s.Record(t.Context(), 1)
	if e := attendance.AsError(err); err == nil || e.Code != attendance.CodeStorage || e.Retry == 0 {
		t.Errorf("got %v, want code storage and when to ask again", err)
	}
}

// A process that is stopped while it holds the lock of a session loses it.
func TestAStoppedProcessDoesNotHoldTheOthersUp(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	stopped, other := open(t, url), open(t, url)
	seed(t, stopped, 1)
	conn, err := stopped.log.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	group := []attendance.Command{{ID: "x", Session: 1, Actor: 1, Kind: attendance.CheckIn}}
	begin := &pgx.Batch{}
	begin.Queue("BEGIN")
	if _, err := read(t.Context(), conn, begin, group); err != nil {
		t.Fatal(err)
	}
	if results, err := comeIn(other, 1); err != nil || results[0].Err != nil {
		t.Errorf("through the other: %+v, error %v", results, err)
	}
	var w writes
	if err := w.commit(t.Context(), conn, nil); err == nil {
		t.Error("the stopped process went on as if it had the lock")
	}
}
