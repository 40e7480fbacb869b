package live

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/muster-live/muster/attendance"
)

// CloseCode is a WebSocket close code, as docs/protocol.md lists them.
type CloseCode uint16

// The close codes that the server uses.
const (
	CloseNormal    CloseCode = 1000
	CloseStopping  CloseCode = 1001
	CloseProtocol  CloseCode = 1002
	CloseNotText   CloseCode = 1003
	CloseBadText   CloseCode = 1007
	CloseLost      CloseCode = 1006 // the line is gone; never sent
	CloseTooLarge  CloseCode = 1009
	CloseInternal  CloseCode = 1011
	CloseSignedOut CloseCode = 4001
	CloseForbidden CloseCode = 4003
	CloseTooSlow   CloseCode = 4008
	CloseNoPong    CloseCode = 4010
)

// A transport carries frames to one client. It is written to by one goroutine at a
// time; close may come at any time and makes writing fail.
type transport interface {
	// opening returns what goes over the line before the first frame. It is called once.
	opening() []byte
	// bytes returns what goes over the line for a frame.
	bytes(frame) []byte
	// tryWrite writes as much of b as can be written without waiting. Where any write may
	// wait, its error is errWaits.
	tryWrite(b []byte) (n int, err error)
	// write writes all of b, and fails at the deadline.
	write(b []byte, deadline time.Time) error
	// ping returns what to write to ask the client for a sign of life, and whether
	// the client is to answer.
	ping() (b []byte, answered bool)
	// close ends the line, without waiting. It tells the client why, unless a frame
	// has been written in part.
	close(code CloseCode, midFrame bool)
}

var errWaits = errors.New("over this line any write may wait")

// Limits of a connection.
const (
	stallLimit = 10 * time.Second // for one write that does not get through
	maxQueued  = 256 << 10        // bytes of answers that wait for a slow line
)

// Conn is one client's connection. It takes part in a session's room from [Hub.Join]
// until it is closed.
type Conn struct {
	hub *Hub
	out transport

	// Set by join, before the room knows of the connection.
	room     *room // nil: it has not joined
	shard    *shard
	audience Audience
	person   attendance.PersonID // 0 for a display that nobody signed in for

	own    atomic.Bool // the student's own mark changed since it was last sent
	afresh atomic.Bool // a snapshot is due whatever was sent before
	heard  atomic.Bool // a sign of life came since the last ping

	mu      sync.Mutex
	sent    int64     // seq up to which everything is on its way
	queue   []byte    // answers that wait to be written
	writing bool      // somebody is between begin and wrote, or in drain
	last    CloseCode // to be closed with once everything queued is written; 0: go on
	closed  bool
	code    CloseCode
	limit   *time.Timer // of CloseIn; nil: there is none
	done    chan struct{}

	slot int  // in the hub's wheel
	due  bool // a ping is, and leaves with the next news or by ask
}

// Reply queues the answer to a command; it leaves with the next flush, together with
// what the command changed.
func (c *Conn) Reply(cmd *attendance.Command, out attendance.Outcome, err error) {
	if err != nil {
		c.enqueue(refusal(cmd.ID, err))
	} else {
		c.enqueue(ack(cmd, out))
	}
	c.mu.Lock()
	shard, r := c.shard, c.room
	c.mu.Unlock()
	if err == nil && r != nil && out.To > r.head.Load() {
		c.hub.expect(r, out.To) // news of another node has yet to come
	}
	if shard != nil {
		c.hub.touch(shard)
	} else {
		c.pump()
	}
}

// Refuse answers the command id, or the last message if id is empty, with an error.
func (c *Conn) Refuse(id string, err error) { c.send(refusal(id, err)) }

// Pong answers a ping.
func (c *Conn) Pong(n int64) { c.send(pong(n, c.hub.now())) }

// Done is closed when the connection is.
func (c *Conn) Done() <-chan struct{} { return c.done }

func (c *Conn) send(f frame) {
	c.enqueue(f)
	c.pump()
}

func (c *Conn) enqueue(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.queue = append(c.queue, c.out.bytes(f)...)
	}
}

// pump writes what the connection has yet to be sent, without waiting.
func (c *Conn) pump() {
	for b := c.begin(); len(b) > 0; b = c.begin() {
		n, err := c.out.tryWrite(b)
		if !c.wrote(b, n, err) {
			return
		}
	}
}

// begin returns what the connection has yet to be sent. Unless that is nothing, the
// caller writes it, and says so to wrote. If another goroutine is at it already, that
// one will see to what is new.
func (c *Conn) begin() []byte {
	c.mu.Lock()
	if c.writing {
		tooMuch := len(c.queue) > maxQueued
		c.mu.Unlock()
		if tooMuch {
			c.Close(CloseTooSlow)
		}
		return nil
	}
	b := c.collect()
	c.writing = len(b) > 0
	last := c.last
	c.mu.Unlock()
	if len(b) == 0 && last != 0 {
		c.Close(last)
	}
	return b
}

// wrote takes in that the first n bytes of b, which begin returned, were written without
// waiting, and reports whether to begin again. What could not be written is left to
// drain.
func (c *Conn) wrote(b []byte, n int, err error) (more bool) {
	switch {
	case err == errWaits:
		go c.drain(b)
		return false
	case err != nil:
		c.Close(CloseInternal)
		return false
	case n < len(b):
		c.hub.counts.stalled.Add(1)
		go c.drain(b[n:])
		return false
	}
	c.mu.Lock()
	c.writing = false
	c.mu.Unlock()
	return true
}

// drain writes the rest of something that could not be written at once, then goes
// on with whatever is the newest by then.
func (c *Conn) drain(rest []byte) {
	for len(rest) > 0 {
		if err := c.out.write(rest, time.Now().Add(stallLimit)); err != nil {
			code := CloseInternal // the line is gone
			if errors.Is(err, os.ErrDeadlineExceeded) {
				code = CloseTooSlow
			}
			c.Close(code)
			return
		}
		c.mu.Lock()
		rest = c.collect()
		c.writing = len(rest) > 0
		c.mu.Unlock()
	}
	c.pump() // closes the connection if these were its last words
}

// collect returns the bytes to write next: queued answers, then what the room has
// new. The lock is held.
func (c *Conn) collect() []byte {
	if c.closed {
		return nil
	}
	b := c.queue
	c.queue = nil
	if c.room == nil || c.last != 0 {
		return b
	}
	if f, ok := c.shared(); ok {
		b = c.after(b, f)
	} else {
		for _, f := range c.fromRoom() {
			b = c.after(b, f)
		}
	}
	// Not with what is for boards: it may be so much that it is long until the ping is read.
	if c.due && len(b) > 0 && c.audience != AudienceBoard {
		b = append(slices.Clip(b), c.ping()...)
	}
	return b
}

// after returns what goes over the line for a frame, after other bytes. Most often
// there are none, and then it is the shared bytes themselves.
func (c *Conn) after(b []byte, f frame) []byte {
	w := c.out.bytes(f)
	if b == nil {
		return w
	}
	return append(b[:len(b):len(b)], w...)
}

// shared returns the delta that most students are waiting for, if this is one of them
// and it has been made, which takes no lock. The lock of the connection is held.
func (c *Conn) shared() (f frame, ok bool) {
	if c.audience != AudienceStudent {
		return f, false
	}
	d := c.room.newest.Load()
	if d == nil || d.after != c.sent || d.to != c.room.head.Load() {
		return f, false
	}
	// Only now: an event that is in the delta has set own before.
	if c.own.Load() || c.afresh.Load() {
		return f, false
	}
	c.sent = d.to
	return d.frame, true
}

// fromRoom returns the frames that bring the connection up to the room's state.
func (c *Conn) fromRoom() (frames []frame) {
	r := c.room
	if c.audience == AudienceStudent && c.sent == r.head.Load() && !c.own.Load() && !c.afresh.Load() {
		return nil // most often, and needs no lock
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	own := c.own.Swap(false)
	switch {
	case c.afresh.Swap(false):
		frames = append(frames, r.snapshot(c))
	case c.sent == r.session.Seq && !own:
	case own:
		frames = append(frames, r.ownDelta(c.sent, c.person))
	case c.audience != AudienceBoard:
		frames = append(frames, r.delta(c.audience, c.sent, nil))
	default:
		if events, ok := r.missed(c.sent); ok {
			frames = append(frames, r.delta(AudienceBoard, c.sent, events))
		} else {
			frames = append(frames, r.snapshot(c))
		}
	}
	c.sent = r.session.Seq
	if w := r.watchers[c]; w != nil {
		frames = append(frames, r.news(c, w)...)
	}
	return frames
}

// Close ends the connection with a code. Only the first call counts.
func (c *Conn) Close(code CloseCode) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed, c.code = true, code
	if c.limit != nil {
		c.limit.Stop()
	}
	c.queue = nil
	joined, midFrame := c.room != nil, c.writing
	c.writing = true // from here on nobody else writes
	c.mu.Unlock()
	c.hub.counts.close(code)
	c.out.close(code, midFrame)
	c.hub.leave(c, joined)
	close(c.done)
}

// CloseIn has the connection closed with a code after d. It is called once at the most.
func (c *Conn) CloseIn(d time.Duration, code CloseCode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.limit = time.AfterFunc(d, func() { c.Close(code) })
	}
}

// CloseCode returns the code that the connection was closed with, after Done.
func (c *Conn) CloseCode() CloseCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

// beat ends the connection if the client has given no sign of life since it was asked
// for one, and has it asked again: together with the next news or by ask.
func (c *Conn) beat() {
	if !c.heard.Swap(false) {
		c.Close(CloseNoPong)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = true
}

// ask has the client asked by the next pump, unless news has taken the ping along.
func (c *Conn) ask() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.due || c.closed:
	case c.writing:
		c.due = false
		c.heard.Store(true) // while a write is under way its own deadline decides
	default:
		c.queue = append(c.queue, c.ping()...)
	}
}

// ping returns the ping that is due. The lock is held.
func (c *Conn) ping() []byte {
	c.due = false
	b, answered := c.out.ping()
	if !answered {
		c.heard.Store(true)
	}
	return b
}

// Heard says that the client has given a sign of life.
func (c *Conn) Heard() { c.heard.Store(true) }

// bye tells the client that the server stops, and when to come back, and closes the
// connection when that is said.
func (c *Conn) bye(spread time.Duration) {
	c.enqueue(bye("stopping", time.Millisecond+rand.N(spread))) // 0 would be no time at all
	c.Finish(CloseStopping)
}

// TurnAway tells the client why it may not take part, and closes the connection with a
// code that says whether to come back.
func (c *Conn) TurnAway(why error) {
	c.enqueue(refusal("", why))
	switch attendance.AsError(why).Code {
	case attendance.CodeBusy, attendance.CodeStorage, attendance.CodeInternal:
		c.Finish(CloseInternal)
	default:
		c.Finish(CloseForbidden)
	}
}

// ends reports whether the connection is closed, or is to be as soon as its last words are
// through.
func (c *Conn) ends() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed || c.last != 0
}

// Finish closes the connection as soon as what is being written is through, so that
// the client learns why. Nothing more of the room is sent.
func (c *Conn) Finish(code CloseCode) {
	c.mu.Lock()
	if c.last == 0 {
		c.last = code
	}
	c.mu.Unlock()
	c.pump()
}
