package live

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
)

// Times that the hub keeps.
const (
	pingEvery  = 5 * time.Second // who has not answered when the next ping is due is closed
	pingWaits  = time.Second     // a ping, at the most, for news to leave with: alone it costs as much as an update
	checkEvery = time.Second     // comparison of the rooms with the log
	roomLinger = 30 * time.Second
	readLimit  = 10 * time.Second // for one query of the store
	readEvents = 1000             // in one query
)

// The wheel spreads the pings of all connections evenly over pingEvery.
const (
	wheelSlots  = 50
	waitedSlots = int(wheelSlots * pingWaits / pingEvery) // pass while a ping waits
)

// Hub keeps the rooms and connections of one node. It is the recorder's Screens and
// the cluster's Node.
type Hub struct {
	store   Store
	now     func() time.Time
	log     *slog.Logger
	link    cluster.Link
	flusher *flusher
	reactor reactor
	crew    crew // reads lines
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

// NewHub starts a hub that reads from store and is linked to other nodes by join. What
// clients are told of time, the codes above all, is by the clock now. Call Close to
// stop it.
func NewHub(store Store, join func(cluster.Node) cluster.Link, now func() time.Time, log *slog.Logger) *Hub {
	h := &Hub{store: store, now: now, log: log, flusher: newFlusher(log), rooms: make(map[attendance.SessionID]*room)}
	for i := range h.wheel {
		h.wheel[i].conns = make(map[*Conn]struct{})
	}
	h.reactor.batch.flusher = h.flusher
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
				h.expect(r, events[n-1].Seq)
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

// CoursesChanged says that enrolments, rules or names of courses have changed on this
// node, and returns when its rooms have them: whoever changed something sees it.
func (h *Hub) CoursesChanged(courses []attendance.CourseID) {
	h.link.RosterChanged(courses)
	var reading sync.WaitGroup
	for _, r := range h.roomsOf(courses) {
		reading.Go(func() { h.reload(h.ctx, r) })
	}
	reading.Wait()
}

// RosterChanged implements [cluster.Node].
func (h *Hub) RosterChanged(courses []attendance.CourseID) {
	for _, r := range h.roomsOf(courses) {
		h.background(func(ctx context.Context) { h.reload(ctx, r) })
	}
}

func (h *Hub) roomsOf(courses []attendance.CourseID) (rooms []*room) {
	for _, r := range h.loadedRooms() {
		r.mu.Lock()
		course := r.session.Course
		r.mu.Unlock()
		if slices.Contains(courses, course) {
			rooms = append(rooms, r)
		}
	}
	return rooms
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

// beat pings every connection once in pingEvery, or up to pingWaits later.
func (h *Hub) beat() {
	tick := time.NewTicker(pingEvery / wheelSlots)
	defer tick.Stop()
	b := &batch{flusher: h.flusher}
	defer b.close()
	for i := 0; ; i = (i + 1) % wheelSlots {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
			for _, c := range h.wheel[i].list() {
				c.beat()
			}
			waited := h.wheel[(i+wheelSlots-waitedSlots)%wheelSlots].list()
			for _, c := range waited {
				c.ask()
			}
			b.pump(waited)
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
			mine := c.person == p // joined or about to: they are not asked again who they are
			c.mu.Unlock()
			if mine {
				c.Finish(CloseSignedOut)
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
	h.reactor.close()
	h.crew.close()
	h.link.Close()
	h.stop()
	h.work.Wait()
	h.flusher.close()
}
