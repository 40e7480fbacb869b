package live

import (
	"context"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Join says which session a connection is to take part in, and how.
type Join struct {
	Session  attendance.SessionID
	Audience Audience
	Person   attendance.PersonID
	Seq      *int64 // the last seq the client has; nil for none
	Roster   int64  // of the client's last snapshot
}

// Accept takes a connection in, over a transport of this package, of a person or, if
// that is 0, of nobody who is signed in. [Hub.Join] or [Conn.TurnAway] comes next.
func (h *Hub) Accept(t transport, p attendance.PersonID) *Conn {
	c := &Conn{hub: h, out: t, person: p, queue: t.opening(), done: make(chan struct{})}
	c.heard.Store(true)
	h.mu.Lock()
	closed := h.closed
	c.slot = h.turn
	h.turn = (h.turn + 1) % wheelSlots
	h.mu.Unlock()
	s := &h.wheel[c.slot]
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	if closed {
		c.bye(spreadMin)
	}
	return c
}

// Join lets a connection into its room, once, and sends it the state, or what it missed.
// Whoever calls it has checked that the person may see the session so. Its error is
// an [attendance.Error].
func (h *Hub) Join(ctx context.Context, c *Conn, j Join) error {
	if c.ends() {
		return nil // it has been told why
	}
	r, err := h.enter(ctx, j.Session)
	if err != nil {
		return err
	}
	if j.Audience == AudienceStudent && !r.isStudent(j.Person) {
		h.reload(ctx, r) // enrolled a moment ago, perhaps
		if !r.isStudent(j.Person) {
			h.exit(r)
			return attendance.Refuse(attendance.CodeNotEnrolled, "You are not a student of this course. Ask your teacher to add you.")
		}
	}
	h.counts.joins.Add(1)
	if j.Seq != nil {
		h.counts.resumed.Add(1)
	}
	if j.Seq != nil && *j.Seq > r.head.Load() { // it has seen more, on another node
		if err := h.catchUp(ctx, r); err != nil {
			h.exit(r)
			return err
		}
	}
	h.letIn(r, c, j)
	c.pump() // with no lock held: if the line is broken already, c leaves the room
	return nil
}

// letIn has a connection take part in a room, whose users count it already.
func (h *Hub) letIn(r *room, c *Conn, j Join) {
	r.arrivals.Lock()
	defer r.arrivals.Unlock()
	c.mu.Lock()
	if c.closed || c.last != 0 {
		c.mu.Unlock()
		h.exit(r)
		return
	}
	r.mu.Lock()
	c.room, c.audience, c.person = r, j.Audience, j.Person
	first := r.add(c)
	state := r.greet(c, j)
	c.sent = r.session.Seq
	r.mu.Unlock()
	c.queue = append(c.queue, c.out.bytes(state)...) // compressed, perhaps: the room goes on meanwhile
	c.mu.Unlock()
	if first {
		r.stay(c.person)
		h.link.Arrive(r.id, c.person) // before the client knows that it is in
	}
}

// enter returns the session's room, made and loaded if need be, and counts a user.
func (h *Hub) enter(ctx context.Context, id attendance.SessionID) (*room, error) {
	h.mu.Lock()
	r := h.rooms[id]
	fresh := r == nil
	if fresh {
		r = newRoom(id, h.flusher, h.now)
		h.rooms[id] = r
	}
	r.users++
	h.mu.Unlock()
	if fresh {
		h.link.Watch(id)
		err := h.read(r)
		h.mu.Lock()
		if r.loadErr = err; err != nil {
			delete(h.rooms, id)
		}
		h.mu.Unlock()
		if err != nil {
			h.link.Unwatch(id)
		}
		close(r.ready)
	}
	select {
	case <-r.ready:
	case <-ctx.Done():
		h.exit(r)
		return nil, ctx.Err()
	}
	if r.loadErr != nil {
		h.exit(r)
		return nil, r.loadErr
	}
	return r, nil
}

func (h *Hub) exit(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.users--; r.users == 0 {
		r.idleSince = time.Now()
	}
}

// leave takes a closed connection out.
func (h *Hub) leave(c *Conn, joined bool) {
	s := &h.wheel[c.slot]
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	if !joined {
		return
	}
	r := c.room
	r.arrivals.Lock()
	if r.remove(c) {
		h.part(r, c.person, c.CloseCode())
	}
	r.arrivals.Unlock()
	h.exit(r)
}

// departure is how long somebody whose line has ended counts as present still: a
// phone that changes networks, or a page that is loaded again, is back by then, most
// often through another node.
const departure = 2 * time.Second

// part has the cluster told that a person's last connection here was closed: at once
// if it was found dead, which has taken its time already, or if we would not have it
// any more. When the node stops, closing its link says so of all. The room's arrivals
// are locked.
func (h *Hub) part(r *room, p attendance.PersonID, code CloseCode) {
	switch code {
	case CloseNormal, CloseInternal, CloseLost:
	case CloseStopping:
		return
	default:
		h.link.Leave(r.id, p)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(departure, func() {
		r.arrivals.Lock()
		defer r.arrivals.Unlock()
		if r.departing[p] == timer {
			delete(r.departing, p)
			h.link.Leave(r.id, p)
		}
	})
	r.departing[p] = timer
}
