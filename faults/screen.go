package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/client"
)

// Times that a screen keeps, as the pages of muster do.
const (
	pulseEvery  = 3 * time.Second // between two pings of ours
	pulseLimit  = 4 * time.Second // for the answer to come
	firstWait   = 250 * time.Millisecond
	longestWait = 10 * time.Second
	resendAfter = 500 * time.Millisecond // a command that was not decided
)

// screen is one client: a student's phone, a board or a display. It connects through
// any server, and comes back through another one.
type screen struct {
	trial   *trial
	meeting *meeting
	name    string
	person  attendance.PersonID // 0: a display
	token   string

	mu       sync.Mutex
	view     view
	conn     *client.Conn
	at       *node         // that it is or was connected to
	joined   time.Time     // since when it is connected and has the state; zero: it is not
	away     bool          // has left
	home     chan struct{} // closed when it has left for good
	deaf     bool          // does not read
	changed  chan struct{} // closed and replaced when away or deaf changes
	pending  map[string]*operation
	answered map[string]*operation
	tries    int           // to connect, in vain, in a row
	pause    time.Duration // that the server asked for
	diary    []string      // of what happened to it
}

func newScreen(t *trial, m *meeting, name, audience, token string, p attendance.PersonID) *screen {
	return &screen{
		trial: t, meeting: m, name: fmt.Sprintf("%s of session %d", name, m.ID), person: p, token: token,
		view: view{audience: audience, fresh: true},
		home: make(chan struct{}), changed: make(chan struct{}), pending: make(map[string]*operation), answered: make(map[string]*operation),
	}
}

// live keeps the screen connected until ctx ends.
func (s *screen) live(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		if !s.mayConnect(ctx) {
			return
		}
		n := s.trial.nodes[random.IntN(len(s.trial.nodes))]
		if err := s.visit(ctx, n, patience(random)); err != nil && ctx.Err() == nil {
			s.trial.violate("%s, connected to %s: %v", s.name, n.Addr, err)
			s.startAfresh()
		}
		s.mu.Lock()
		wait := upTo(random, min(longestWait, firstWait<<min(s.tries, 10)))
		if s.pause > 0 {
			wait, s.pause = s.pause, 0
		}
		s.tries++
		s.mu.Unlock()
		pause(ctx, wait)
	}
}

// mayConnect waits for as long as the screen is away.
func (s *screen) mayConnect(ctx context.Context) bool {
	return s.await(ctx, func() bool { return !s.away })
}

func (s *screen) await(ctx context.Context, ready func() bool) bool {
	for {
		s.mu.Lock()
		ok, changed := ready(), s.changed
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// visit connects, and takes in what comes until the line ends, or no state has
// come for so long. Its error is one that a person would have to do something about.
func (s *screen) visit(ctx context.Context, n *node, patience time.Duration) error {
	s.note("goes to %s", n.Addr)
	limit := time.Now().Add(patience)
	limited, cancel := context.WithDeadline(ctx, limit)
	conn, err := client.Dial(limited, n.URL, s.token, s.room())
	cancel()
	if err != nil {
		s.note("%v", err)
		var status ws.StatusError
		if errors.As(err, &status) && status != http.StatusServiceUnavailable && status != http.StatusInsufficientStorage {
			return fmt.Errorf("it is not let in: %w", err)
		}
		return nil
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Drop() })
	defer stop()
	s.mu.Lock()
	s.conn, s.at = conn, n
	gone := s.away
	s.mu.Unlock()
	defer s.left(conn)
	if gone {
		return nil
	}
	return s.listen(ctx, conn, limit)
}

// room is what the screen takes part in, from what it has seen on.
func (s *screen) room() client.Room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := client.Room{Session: s.meeting.ID, Audience: s.view.audience}
	if !s.view.fresh {
		r.Seq, r.Roster = new(s.view.Seq), s.view.roster
	}
	return r
}

// listen takes in what comes until the line ends, and pings meanwhile. The first state
// has to come before the limit.
func (s *screen) listen(ctx context.Context, conn *client.Conn, limit time.Time) error {
	pinged, ponged := time.Now(), true
	for {
		if !s.await(ctx, func() bool { return !s.deaf }) {
			return nil
		}
		b, err := conn.Read(time.Now().Add(pulseEvery / 4))
		now := time.Now()
		var closed *client.CloseError
		switch {
		case err == nil:
			var m message
			if err := json.Unmarshal(b, &m); err != nil {
				return fmt.Errorf("%w in %.300s", err, b)
			}
			if m.T == "pong" {
				ponged = true
				continue
			}
			if goOn, err := s.take(conn, &m); err != nil || !goOn {
				return err
			}
		case errors.As(err, &closed) && slices.Contains([]int{1002, 1003, 1007, 1009, 4001, 4003}, closed.Code):
			return err
		case !errors.Is(err, os.ErrDeadlineExceeded):
			s.note("%v", err)
			return nil
		}
		switch {
		case !s.isJoined() && now.After(limit), !ponged && now.Sub(pinged) > pulseLimit:
			s.note("hears nothing")
			return nil
		case ponged && now.Sub(pinged) > pulseEvery:
			pinged, ponged = now, false
			_ = conn.Send(`{"t":"ping","n":1}`) // reading tells
		}
	}
}

func (s *screen) isJoined() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.joined.IsZero()
}

// take takes a message in, and reports whether the line is of use still.
func (s *screen) take(conn *client.Conn, m *message) (goOn bool, err error) {
	s.mu.Lock()
	err = s.view.take(m)
	shown := s.view.state
	var resend []*operation
	if (m.T == "snapshot" || m.T == "delta") && s.joined.IsZero() && s.conn == conn {
		s.joined, s.tries = time.Now(), 0
		s.meeting.arrive(s)
		s.write("is connected, from seq %d", s.view.Seq)
		for _, op := range s.pending {
			resend = append(resend, op)
		}
	}
	s.mu.Unlock()
	if err != nil {
		return false, err
	}
	for _, op := range resend {
		s.send(conn, op)
	}
	switch m.T {
	case "snapshot", "delta":
		return true, s.meeting.show(shown)
	case "ack":
		return true, s.acknowledged(m)
	case "error":
		return s.refused(m)
	case "bye":
		s.mu.Lock()
		s.pause = time.Duration(m.Retry) * time.Millisecond
		s.mu.Unlock()
	}
	return true, nil
}

// left takes in that a line has ended.
func (s *screen) left(conn *client.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = conn.Drop() // most often it is gone already
	if s.conn != conn {
		return
	}
	s.conn = nil
	if !s.joined.IsZero() {
		s.joined = time.Time{}
		s.meeting.depart(s)
	}
}

// leave closes the line, with a goodbye or without, until comeBack.
func (s *screen) leave(politely bool) {
	conn := s.set(func() { s.away = true; s.write("leaves") })
	if conn == nil {
		return
	}
	if politely {
		_ = conn.Close()
	}
	s.left(conn)
}

func (s *screen) comeBack() {
	if !s.hasGone() {
		s.set(func() { s.away = false; s.write("may come back") })
	}
}

// goHome has the screen never connect again. The line that it has may go on.
func (s *screen) goHome() { s.set(func() { s.away = true; close(s.home); s.write("goes home") }) }

func (s *screen) hasGone() bool {
	select {
	case <-s.home:
		return true
	default:
		return false
	}
}

// startAfresh forgets what the screen shows, so that the trial can go on after a
// violation.
func (s *screen) startAfresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = view{audience: s.view.audience, fresh: true}
}

// cover has the screen not read any more, or again.
func (s *screen) cover(deaf bool) { s.set(func() { s.deaf = deaf }) }

func (s *screen) set(change func()) *client.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
	return s.conn
}

// hangUp ends the line; the screen comes back by itself.
func (s *screen) hangUp() {
	s.mu.Lock()
	conn := s.conn
	s.write("hangs up")
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Drop()
	}
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// note writes what happens into the screen's diary.
func (s *screen) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(format, args...)
}

// write is note with the lock held.
func (s *screen) write(format string, args ...any) {
	s.diary = append(s.diary, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}
