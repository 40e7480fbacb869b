package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
)

// Times that the hub keeps.
const (
	pingEvery  = 5 * time.Second // a ping unanswered by the next one ends the connection
	checkEvery = time.Second     // comparison of the rooms with the log
	roomLinger = 30 * time.Second
	readLimit  = 10 * time.Second // for one query of the store
	readEvents = 1000             // in one query
)

// wheelSlots spreads the pings of all connections evenly over pingEvery.
const wheelSlots = 50

// Hub keeps the rooms and connections of one node. It is the recorder's Screens and
// the cluster's Node.
type Hub struct {
	store   Store
	log     *slog.Logger
	link    cluster.Link
	flusher *flusher
	counts  counts

	mu      sync.Mutex
	rooms   map[attendance.SessionID]*room
	touched []*shard
	closed  bool

	wheel [wheelSlots]slot
	turn  int

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup
}

type slot struct {
	mu    sync.Mutex
	conns map[*Conn]struct{}
}

// NewHub starts a hub that reads from store and is linked to other nodes by join.
// Call Close to stop it.
func NewHub(store Store, join func(cluster.Node) cluster.Link, log *slog.Logger) *Hub {
	h := &Hub{store: store, log: log, flusher: newFlusher(), rooms: make(map[attendance.SessionID]*room)}
	for i := range h.wheel {
		h.wheel[i].conns = make(map[*Conn]struct{})
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.link = join(h)
	h.work.Go(h.beat)
	h.work.Go(h.check)
	return h
}

// Apply implements [recorder.Screens]: this node has committed these events.
func (h *Hub) Apply(events []attendance.Event) {
	h.apply(events)
	h.link.Publish(events)
}

// Receive implements [cluster.Node].
func (h *Hub) Receive(events []attendance.Event) {
	h.apply(events)
	h.Flush()
}

func (h *Hub) apply(events []attendance.Event) {
	for len(events) > 0 {
		n := 1
		for n < len(events) && events[n].Session == events[0].Session {
			n++
		}
		if r := h.find(events[0].Session); r != nil {
			if r.apply(events[:n]) {
				h.counts.gaps.Add(1)
				h.repair(r)
			}
			h.touchRoom(r)
		}
		events = events[n:]
	}
}

// Flush implements [recorder.Screens]: it sends what has been applied and replied.
func (h *Hub) Flush() {
	h.mu.Lock()
	touched := h.touched
	h.touched = nil
	for _, s := range touched {
		s.touched = false
	}
	h.mu.Unlock()
	for _, s := range touched {
		s.wake()
	}
}

func (h *Hub) touch(shards ...*shard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range shards {
		if !s.touched {
			s.touched = true
			h.touched = append(h.touched, s)
		}
	}
}

func (h *Hub) touchRoom(r *room) {
	r.mu.Lock()
	shards := r.shards
	r.mu.Unlock()
	h.touch(shards...)
}

// Present implements [cluster.Node].
func (h *Hub) Present(s attendance.SessionID, p attendance.PersonID, here bool) {
	if r := h.find(s); r != nil {
		r.setPresent(p, here)
		r.front.wake()
	}
}

// CoursesChanged says that enrolments or names of courses have changed on this node.
func (h *Hub) CoursesChanged(courses []attendance.CourseID) {
	h.RosterChanged(courses)
	h.link.RosterChanged(courses)
}

// RosterChanged implements [cluster.Node].
func (h *Hub) RosterChanged(courses []attendance.CourseID) {
	for _, r := range h.loadedRooms() {
		r.mu.Lock()
		course := r.session.Course
		r.mu.Unlock()
		for _, c := range courses {
			if c == course {
				h.background(func(ctx context.Context) { h.reload(ctx, r) })
			}
		}
	}
}

func (h *Hub) find(id attendance.SessionID) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[id]
}

func (h *Hub) loadedRooms() (rooms []*room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		if r.head.Load() >= 0 {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

// Join says which session a connection is to take part in, and how.
type Join struct {
	Session  attendance.SessionID
	Audience Audience
	Person   attendance.PersonID
	Seq      *int64 // the last seq the client has; nil for none
	Roster   int64  // of the client's last snapshot
}

// Accept takes a connection in, over a transport of this package.
func (h *Hub) Accept(t transport) *Conn {
	c := &Conn{hub: h, out: t, done: make(chan struct{})}
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

// Join lets a connection into its room and sends it the state, or what it missed.
// Whoever calls it has checked that the person may see the session so. Its error is
// an [attendance.Error].
func (h *Hub) Join(ctx context.Context, c *Conn, j Join) error {
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
	if err := h.letIn(r, c, j); err != nil {
		return err
	}
	c.pump() // with no lock held: if the line is broken already, c leaves the room
	return nil
}

// letIn has a connection take part in a room, whose users count it already.
func (h *Hub) letIn(r *room, c *Conn, j Join) error {
	r.arrivals.Lock()
	defer r.arrivals.Unlock()
	c.mu.Lock()
	if c.closed || c.joined {
		again := c.joined
		c.mu.Unlock()
		h.exit(r)
		if again {
			return attendance.Refuse(attendance.CodeAlreadyJoined, "This connection has joined a session already. Open another one.")
		}
		return nil
	}
	r.mu.Lock()
	c.room, c.audience, c.person, c.joined = r, j.Audience, j.Person, true
	first := r.add(c)
	c.queue = append(c.queue, c.out.bytes(r.greet(c, j))...)
	c.sent = r.session.Seq
	r.mu.Unlock()
	c.mu.Unlock()
	if first {
		r.stay(c.person)
		h.link.Arrive(r.id, c.person) // before the client knows that it is in
	}
	return nil
}

// enter returns the session's room, made and loaded if need be, and counts a user.
func (h *Hub) enter(ctx context.Context, id attendance.SessionID) (*room, error) {
	h.mu.Lock()
	r := h.rooms[id]
	fresh := r == nil
	if fresh {
		r = newRoom(id, h.flusher)
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

// read loads the room from the store. It does not depend on the caller's context,
// since others wait for it as well.
func (h *Hub) read(r *room) error {
	ctx, cancel := context.WithTimeout(h.ctx, readLimit)
	defer cancel()
	rec, err := h.store.Record(ctx, r.id)
	if err != nil {
		return err
	}
	if r.load(rec) {
		h.repair(r)
	}
	return nil
}

// reload reads the room again, since the roster has changed.
func (h *Hub) reload(ctx context.Context, r *room) {
	if err := h.read(r); err != nil {
		h.log.WarnContext(ctx, "room not read again", "session", r.id, "err", err)
		return
	}
	for _, c := range r.strangers() {
		c.finish(CloseForbidden)
	}
	h.touchRoom(r)
	h.Flush()
}

// repair brings the room up to the log.
func (h *Hub) repair(r *room) {
	if !r.repairing.CompareAndSwap(false, true) {
		return
	}
	h.background(func(ctx context.Context) {
		defer r.repairing.Store(false)
		if err := h.catchUp(ctx, r); err != nil {
			h.log.WarnContext(ctx, "room not brought up to the log", "session", r.id, "err", err)
		} // the next check of the heads tries again
	})
}

func (h *Hub) catchUp(ctx context.Context, r *room) error {
	h.counts.repairs.Add(1)
	for {
		events, err := h.store.Events(ctx, r.id, r.head.Load(), readEvents)
		if err != nil {
			return err
		}
		r.apply(events)
		h.touchRoom(r)
		h.Flush()
		if len(events) < readEvents {
			return nil
		}
	}
}

// background runs fn unless the hub is closed.
func (h *Hub) background(fn func(context.Context)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.work.Go(func() {
		ctx, cancel := context.WithTimeout(h.ctx, readLimit)
		defer cancel()
		fn(ctx)
	})
}

// check compares the rooms with the log, again and again, and drops idle rooms.
func (h *Hub) check() {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
			h.dropIdle()
			h.compare()
		}
	}
}

func (h *Hub) compare() {
	rooms := h.loadedRooms()
	if len(rooms) == 0 {
		return
	}
	ids := make([]attendance.SessionID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	ctx, cancel := context.WithTimeout(h.ctx, readLimit)
	defer cancel()
	heads, err := h.store.Heads(ctx, ids)
	if err != nil {
		h.log.WarnContext(ctx, "rooms not compared with the log", "err", err)
		return
	}
	for _, r := range rooms {
		head, ok := heads[r.id]
		if !ok {
			continue
		}
		r.mu.Lock()
		roster := r.roster
		r.mu.Unlock()
		if head.Roster != roster {
			h.reload(ctx, r)
		}
		if head.Seq > r.head.Load() {
			h.repair(r)
		}
	}
}

func (h *Hub) dropIdle() {
	var dropped []attendance.SessionID
	h.mu.Lock()
	for id, r := range h.rooms {
		if r.users == 0 && time.Since(r.idleSince) > roomLinger {
			delete(h.rooms, id)
			dropped = append(dropped, id)
		}
	}
	h.mu.Unlock()
	for _, id := range dropped {
		h.link.Unwatch(id)
	}
}

// beat pings every connection once in pingEvery.
func (h *Hub) beat() {
	tick := time.NewTicker(pingEvery / wheelSlots)
	defer tick.Stop()
	for i := 0; ; i = (i + 1) % wheelSlots {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
			for _, c := range h.wheel[i].list() {
				c.beat()
			}
		}
	}
}

func (s *slot) list() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*Conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
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
	case CloseNormal, CloseInternal:
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

// Disconnect closes the connections of a person who is no longer signed in, through
// whichever nodes.
func (h *Hub) Disconnect(p attendance.PersonID) {
	h.SignedOut(p)
	h.link.SignedOut(p)
}

// SignedOut implements [cluster.Node].
func (h *Hub) SignedOut(p attendance.PersonID) {
	for i := range h.wheel {
		for _, c := range h.wheel[i].list() {
			c.mu.Lock()
			mine := c.joined && c.person == p
			c.mu.Unlock()
			if mine {
				c.finish(CloseSignedOut)
			}
		}
	}
}

// Connections returns how many connections there are.
func (h *Hub) Connections() (n int) {
	for i := range h.wheel {
		s := &h.wheel[i]
		s.mu.Lock()
		n += len(s.conns)
		s.mu.Unlock()
	}
	return n
}

// A node that stops spreads the return of its clients over at least spreadMin, and
// over spreadEach for each of them.
const (
	spreadMin  = time.Second
	spreadEach = time.Millisecond
	spreadMax  = 20 * time.Second
	// farewells is how long saying so may take, all in all.
	farewells = 2 * time.Second
)

// Close says goodbye to every connection and ends all that the hub has started.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	spread := min(spreadMin+time.Duration(h.Connections())*spreadEach, spreadMax)
	var leaving []*Conn
	for i := range h.wheel {
		leaving = append(leaving, h.wheel[i].list()...)
	}
	for _, c := range leaving {
		c.bye(spread)
	}
	enough := time.NewTimer(farewells)
	defer enough.Stop()
	for _, c := range leaving {
		select {
		case <-c.done:
			continue
		case <-enough.C:
			enough.Reset(0) // for those after it as well
		}
		c.Close(CloseStopping)
	}
	h.link.Close()
	h.stop()
	h.work.Wait()
}
