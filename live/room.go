package live

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Record is a session with everything that its room shows, as a store reads it.
type Record struct {
	Session     attendance.Session
	Rules       attendance.Rules
	CourseCode  string
	CourseTitle string
	Roster      int64    // version of the course's enrolments and names
	Students    []Person // by family name
	Entries     map[attendance.PersonID]attendance.Entry
	Recent      []attendance.Event // the newest events, by seq, up to Session.Seq
}

// Person is somebody enrolled in the course as a student.
type Person struct {
	ID     attendance.PersonID
	Family string
	Given  string
	Ref    string // the institution's own id; may be empty
}

// Head says how far the log has come with a session, and the version of its roster.
type Head struct {
	Seq    int64
	Roster int64
}

// Store is what rooms need to read.
type Store interface {
	// Record reads a session. It returns an [attendance.Error] with
	// CodeUnknownSession if there is none.
	Record(ctx context.Context, id attendance.SessionID) (*Record, error)
	// Events reads at most limit events of a session, from seq after+1 on.
	Events(ctx context.Context, id attendance.SessionID, after int64, limit int) ([]attendance.Event, error)
	// Heads reads the heads of sessions.
	Heads(ctx context.Context, ids []attendance.SessionID) (map[attendance.SessionID]Head, error)
}

// keptEvents is how many events a room remembers for those who come back. Somebody
// who missed more gets a snapshot, which is shorter.
const keptEvents = 2048

// room is a session as this node shows it.
type room struct {
	id   attendance.SessionID
	now  func() time.Time
	head atomic.Int64 // session.Seq, to be looked at without the lock

	mu      sync.Mutex
	loaded  bool
	session attendance.Session
	rules   attendance.Rules
	course  []byte // the JSON of the snapshot's course
	title   []byte // the JSON of its title
	roster  int64
	people  []Person
	entries map[attendance.PersonID]attendance.Entry // one for every student, and only those
	counts  attendance.Counts
	recent  []attendance.Event // the newest, without gaps, ending at session.Seq

	front    *shard   // for boards and displays; set once
	shards   []*shard // all of them, the front first
	watchers map[*Conn]*watch
	students map[attendance.PersonID][]*Conn
	present  map[attendance.PersonID]bool // connected to any node

	deltas    map[deltaKey]frame // encoded since the last change
	snapshots map[Audience]*common
	newest    atomic.Pointer[studentDelta] // the last of deltas that is for students

	codesTimer *time.Timer
	behind     bool // events came before the record was read
	repairing  atomic.Bool

	ahead     []attendance.Event // by seq; those before them have not come yet
	expected  int64              // what the log has come to, as far as is known from others
	expecting bool               // a repair is due if the room does not get there soon

	// arrivals orders what the cluster is told of people who come and go.
	// It is locked before mu.
	arrivals  sync.Mutex
	departing map[attendance.PersonID]*time.Timer // until it is told; guarded by arrivals

	// Guarded by the hub's lock.
	ready     chan struct{} // closed when loading has ended
	loadErr   error
	users     int       // connections that joined or are about to
	idleSince time.Time // when users became 0
}

// watch is what a board or a display has yet to be told besides events.
type watch struct {
	everyone bool                         // it has yet to be told who is there at all
	presence map[attendance.PersonID]bool // who came (true) or went since it was last told
	codes    bool                         // new codes are due
}

func newRoom(id attendance.SessionID, f *flusher, now func() time.Time) *room {
	front := &shard{flusher: f}
	r := &room{
		id:        id,
		now:       now,
		front:     front,
		shards:    []*shard{front},
		watchers:  make(map[*Conn]*watch),
		students:  make(map[attendance.PersonID][]*Conn),
		present:   make(map[attendance.PersonID]bool),
		departing: make(map[attendance.PersonID]*time.Timer),
		ready:     make(chan struct{}),
	}
	r.head.Store(-1) // until it is loaded
	return r
}

// load takes over the record, with what the room has seen since it was read, and
// reports whether the room may have missed events meanwhile. A record that is older
// than the room's, or too old for that, is left aside.
func (r *room) load(rec *Record) (behind bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var since []attendance.Event
	if r.loaded && rec.Session.Seq < r.session.Seq {
		var known bool
		if since, known = r.missed(rec.Session.Seq); !known {
			return true
		}
	}
	if rec.Roster < r.roster {
		return false
	}
	r.session, r.rules, r.roster, r.people = rec.Session, rec.Rules, rec.Roster, rec.Students
	r.session.Chain = nil // the record's; no room needs it
	r.title, r.course = mustJSON(rec.Session.Title), mustJSON(courseJSON{rec.Session.Course, rec.CourseCode, rec.CourseTitle})
	r.recent = rec.Recent
	r.entries = make(map[attendance.PersonID]attendance.Entry, len(rec.Students))
	r.counts = attendance.Counts{}
	for _, p := range rec.Students {
		e := rec.Entries[p.ID]
		r.entries[p.ID] = e
		r.counts[e.Mark]++
	}
	r.loaded = true
	r.follow(since)
	r.changed()
	r.scheduleCodes() // their rules may have changed
	for _, conns := range r.students {
		for _, c := range conns {
			c.afresh.Store(true)
		}
	}
	for c := range r.watchers {
		c.afresh.Store(true)
	}
	behind, r.behind = r.behind, false
	return behind
}

// isStudent reports whether somebody is a student of the course.
func (r *room) isStudent(p attendance.PersonID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.entries[p]
	return ok
}

// strangers returns the student connections of people who are no longer students.
func (r *room) strangers() (conns []*Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p, mine := range r.students {
		if _, ok := r.entries[p]; !ok {
			conns = append(conns, mine...)
		}
	}
	return conns
}

// changed forgets what was encoded. The lock is held.
func (r *room) changed() {
	r.head.Store(r.session.Seq)
	r.deltas, r.snapshots = nil, nil
	r.newest.Store(nil)
}

// apply takes in events of this session, and reports whether some are missing still that
// come before the last of them.
func (r *room) apply(events []attendance.Event) (gap bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded {
		r.behind = true
		return false
	}
	r.follow(events)
	return len(r.ahead) > 0
}

// follow is apply with the lock held. Events that come before those they follow, as two
// nodes' do that record at the same time, wait for these.
func (r *room) follow(events []attendance.Event) {
	for _, e := range events {
		switch {
		case e.Seq == r.session.Seq+1:
			r.take(e)
		case e.Seq > r.session.Seq && len(r.ahead) < keptEvents:
			if i, known := slices.BinarySearchFunc(r.ahead, e.Seq, bySeq); !known {
				r.ahead = slices.Insert(r.ahead, i, e)
			}
		} // else the bus has repeated itself, or more waits than is worth keeping
	}
	for len(r.ahead) > 0 && r.ahead[0].Seq <= r.session.Seq+1 {
		if e := r.ahead[0]; e.Seq > r.session.Seq {
			r.take(e)
		}
		r.ahead = r.ahead[1:]
	}
	if len(r.ahead) == 0 {
		r.ahead = nil
	}
}

func bySeq(e attendance.Event, seq int64) int { return cmp.Compare(e.Seq, seq) }

// take takes in the event after the newest.
func (r *room) take(e attendance.Event) {
	r.session.Apply(e)
	if e.Kind == attendance.MarkSet {
		r.setEntry(e)
	} else {
		r.scheduleCodes()
	}
	if len(r.recent) >= 2*keptEvents {
		r.recent = append(r.recent[:0:0], r.recent[keptEvents:]...)
	}
	r.recent = append(r.recent, e)
	r.changed()
}

// expect notes that the log has come to seq, and reports whether nobody waits yet for the
// room to do so.
func (r *room) expect(seq int64) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected = max(r.expected, seq)
	first = !r.expecting
	r.expecting = true
	return first
}

// lags ends the waiting that expect began, and reports whether it was in vain.
func (r *room) lags() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expecting = false
	return r.session.Seq < r.expected
}

func (r *room) setEntry(e attendance.Event) {
	old, student := r.entries[e.Person]
	if !student {
		return // enrolled a moment ago: the roster is about to be read again
	}
	entry := e.Entry()
	r.entries[e.Person] = entry
	r.counts[old.Mark]--
	r.counts[entry.Mark]++
	for _, c := range r.students[e.Person] {
		c.own.Store(true)
	}
}

// missed returns the events after seq, or false if the room no longer has them all.
func (r *room) missed(seq int64) ([]attendance.Event, bool) {
	n := r.session.Seq - seq
	if n < 0 || n > int64(len(r.recent)) {
		return nil, false
	}
	return r.recent[int64(len(r.recent))-n:], true
}

// setPresent takes in that somebody has come or gone, on any node.
func (r *room) setPresent(p attendance.PersonID, here bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.present[p] == here {
		return
	}
	if here {
		r.present[p] = true
	} else {
		delete(r.present, p)
	}
	for _, w := range r.watchers {
		w.presence[p] = here
	}
}

// scheduleCodes has the displays told of new codes now and at each step from then
// on, for as long as the session is open and there is a display. The lock is held.
func (r *room) scheduleCodes() {
	displays := false
	for c, w := range r.watchers {
		if c.audience == AudienceDisplay {
			displays, w.codes = true, true
		}
	}
	if r.codesTimer != nil {
		r.codesTimer.Stop()
		r.codesTimer = nil
	}
	if !displays || r.session.Status != attendance.Open {
		return
	}
	now := r.now()
	_, start := r.session.Codes(r.rules).At(now)
	r.codesTimer = time.AfterFunc(start.Add(r.rules.CodeStep).Sub(now), func() {
		r.mu.Lock()
		r.scheduleCodes()
		r.mu.Unlock()
		r.front.wake()
	})
}

// add lets a connection in and reports whether it is the person's first student
// connection on this node. The lock is held.
func (r *room) add(c *Conn) (first bool) {
	if c.audience == AudienceStudent {
		first = len(r.students[c.person]) == 0
		r.students[c.person] = append(r.students[c.person], c)
		c.shard = r.roomyShard()
	} else {
		r.watchers[c] = &watch{presence: make(map[attendance.PersonID]bool)}
		c.shard = r.front
		r.scheduleCodes()
	}
	c.shard.add(c)
	return first
}

// stay keeps the cluster from being told that a person has gone, who is back. The
// room's arrivals are locked.
func (r *room) stay(p attendance.PersonID) {
	if timer := r.departing[p]; timer != nil {
		timer.Stop()
		delete(r.departing, p)
	}
}

// remove lets a connection out and reports whether it was the person's last student
// connection on this node.
func (r *room) remove(c *Conn) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.shard.remove(c)
	if c.audience != AudienceStudent {
		delete(r.watchers, c)
		r.scheduleCodes()
		return false
	}
	mine := slices.DeleteFunc(slices.Clone(r.students[c.person]), func(x *Conn) bool { return x == c })
	if len(mine) > 0 {
		r.students[c.person] = mine
		return false
	}
	delete(r.students, c.person)
	return true
}

// greet returns the frame that answers a join: what the client has missed since seq,
// or everything, whichever is shorter. The lock is held.
func (r *room) greet(c *Conn, j Join) frame {
	if j.Seq == nil || *j.Seq < 0 || *j.Seq > r.session.Seq || c.audience == AudienceDisplay {
		return r.snapshot(c)
	}
	if c.audience == AudienceStudent {
		return r.ownDelta(*j.Seq, c.person)
	}
	events, ok := r.missed(*j.Seq)
	if !ok || j.Roster != r.roster {
		return r.snapshot(c)
	}
	delta := r.delta(AudienceBoard, *j.Seq, events)
	if len(events) > len(r.people)/2 {
		if whole := r.snapshot(c); len(whole.buf) < len(delta.buf) {
			return whole
		}
	}
	r.watchers[c].everyone = true // only now: making a snapshot says that it is told
	return delta
}

func (r *room) roomyShard() *shard {
	for _, s := range slices.Backward(r.shards[1:]) { // while a crowd comes, the last one has room
		if len(s.list()) < shardSize {
			return s
		}
	}
	s := &shard{flusher: r.front.flusher}
	r.shards = append(r.shards, s)
	return s
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only our own plain types come here
	}
	return b
}

type courseJSON struct {
	ID    attendance.CourseID `json:"id"`
	Code  string              `json:"code"`
	Title string              `json:"title"`
}
