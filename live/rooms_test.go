package live_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/live"
)

func TestJoiningGivesASnapshotThenDeltasWithoutGaps(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 30))
	n.open(t)
	n.checkIn(t, 3)
	board, snap := n.join(t, teacher, "board")
	if snap.T != "snapshot" || snap.Seq != 2 || len(snap.People) != 30 || len(snap.Marks) != 1 {
		t.Fatalf("first message: %s", snap.raw)
	}
	for p := attendance.PersonID(4); p <= 30; p++ {
		n.checkIn(t, p)
	}
	next := snap.Seq + 1
	for next <= 29 {
		m := board.next()
		if m.T != "delta" {
			continue
		}
		if m.From != next || len(m.Events) != int(m.To-m.From+1) {
			t.Fatalf("after seq %d came %s", next-1, m.raw)
		}
		next = m.To + 1
	}
}

func TestEachAudienceSeesOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 30))
	n.open(t)
	display, atFirst := n.join(t, teacher, "display")
	student, mine := n.join(t, 7, "student")
	n.checkIn(t, 5)
	n.checkIn(t, 7)
	seen := []message{atFirst, mine}
	for _, c := range []*client{display, student} {
		last, before := c.until(func(m message) bool { return m.T == "delta" && m.To == 3 })
		seen = append(append(seen, before...), last)
	}
	for _, m := range seen {
		for _, secret := range []string{"Family", "Given", "s5", "[5,", `"people"`, `"marks"`, `"events"`} {
			if strings.Contains(m.raw, secret) {
				t.Errorf("%q is in %s", secret, m.raw)
			}
		}
		if m.T == "delta" && len(m.You) > 0 && m.You[0] != 7.0 {
			t.Errorf("a student got somebody else's mark: %s", m.raw)
		}
	}
	if strings.Contains(mine.raw, "codes") {
		t.Errorf("a student got codes: %s", mine.raw)
	}
}

func TestComingBackGivesExactlyWhatWasMissed(t *testing.T) {
	t.Parallel()
	s := newStore(t, 30)
	n := startNode(t, s)
	n.open(t)
	board, first := n.join(t, teacher, "board")
	board.conn.Close()
	for p := attendance.PersonID(1); p <= 3; p++ {
		n.checkIn(t, p)
	}
	_, m := n.join(t, teacher, "board", first.Seq, first.Roster)
	if m.T != "delta" || m.From != 2 || m.To != 4 || len(m.Events) != 3 {
		t.Errorf("after missing 3 events: %s", m.raw)
	}
	_, m = n.join(t, teacher, "board", 4, first.Roster)
	if m.T != "delta" || m.From != 5 || m.To != 4 || len(m.Events) != 0 {
		t.Errorf("after missing nothing: %s", m.raw)
	}
	_, m = n.join(t, 2, "student", 1)
	if m.T != "delta" || m.To != 4 || m.You[1] != "present" {
		t.Errorf("student after missing 3 events: %s", m.raw)
	}
	_, m = n.join(t, teacher, "board", 99, 1)
	if m.T != "snapshot" {
		t.Errorf("with a seq from the future: %s", m.raw)
	}
	// Another node, which has just started and remembers nothing.
	_, m = startNode(t, s).join(t, teacher, "board", first.Seq, first.Roster)
	if m.T != "delta" || m.From != 2 || len(m.Events) != 3 {
		t.Errorf("through a node that has just started: %s", m.raw)
	}
}

func TestComingBackAfterMuchGivesAShorterSnapshot(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 3))
	n.open(t)
	for i := range 40 {
		n.do(t, attendance.Command{Kind: attendance.SetMarks, Marks: []attendance.MarkChange{{Person: 1, Mark: attendance.Mark(1 + i%2)}}})
	}
	_, m := n.join(t, teacher, "board", 1, 1)
	if m.T != "snapshot" || m.Seq != 41 {
		t.Errorf("after missing 40 events of 3 students: %s", m.raw)
	}
}

// A board that missed much, though not enough for a snapshot, has also missed who came
// and went.
func TestComingBackWithADeltaTellsWhoIsThere(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 30))
	n.open(t)
	n.join(t, 1, "student")
	for p := attendance.PersonID(1); p <= 20; p++ {
		n.checkIn(t, p)
	}
	board, m := n.join(t, teacher, "board", 1, 1)
	if m.T != "delta" || len(m.Events) != 20 {
		t.Fatalf("after missing 20 events of 30 students: %s", m.raw)
	}
	if m, _ := board.until(is("presence")); len(m.All) != 1 || m.All[0] != 1 {
		t.Errorf("after the delta: %s", m.raw)
	}
}

func TestEveryNodeShowsWhatAnyNodeCommits(t *testing.T) {
	t.Parallel()
	s := newStore(t, 30)
	var network local.Network
	a, b := newNode(t, s, network.Join), newNode(t, s, network.Join)
	a.open(t)
	onA, _ := a.join(t, teacher, "board")
	onB, _ := b.join(t, teacher, "board")
	for p := attendance.PersonID(1); p <= 30; p++ {
		if p%2 == 0 {
			a.checkIn(t, p)
		} else {
			b.checkIn(t, p)
		}
	}
	for _, c := range []*client{onA, onB} {
		sees(c, 2, 31)
	}
}

// sees follows a board from seq from to seq to, and fails at a gap or a repetition.
func sees(c *client, from, to int64) {
	c.tb.Helper()
	for from <= to {
		m := c.next()
		switch {
		case m.T == "snapshot":
			from = m.Seq + 1
		case m.T != "delta":
		case m.From != from:
			c.tb.Fatalf("expected seq %d, got %s", from, m.raw)
		default:
			from = m.To + 1
		}
	}
}

// deaf is a link over which no event ever comes in.
type deaf struct{ cluster.Node }

func (deaf) Receive([]attendance.Event) {}

func TestANodeThatHearsNothingFollowsTheLog(t *testing.T) {
	t.Parallel()
	s := newStore(t, 30)
	var network local.Network
	a := newNode(t, s, network.Join)
	b := newNode(t, s, func(n cluster.Node) cluster.Link { return network.Join(deaf{n}) })
	a.open(t)
	onB, first := b.join(t, teacher, "board")
	for p := attendance.PersonID(1); p <= 30; p++ {
		a.checkIn(t, p)
	}
	sees(onB, first.Seq+1, 31)
}

// unruly is a link over which the first news comes after the second, or never.
type unruly struct {
	cluster.Node
	lose bool

	mu    sync.Mutex
	first []attendance.Event
	later bool
}

func (u *unruly) Receive(events []attendance.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.later:
		u.Node.Receive(events)
	case u.first == nil:
		u.first = events
	default:
		u.later = true
		u.Node.Receive(events)
		if !u.lose {
			u.Node.Receive(u.first)
		}
	}
}

func TestNewsThatOvertakesOtherNewsWaitsForIt(t *testing.T) { newsInDisorder(t, false, 1, 0) }

func TestNewsThatIsLostIsReadFromTheLogSoon(t *testing.T) { newsInDisorder(t, true, 2, 1) }

func newsInDisorder(t *testing.T, lose bool, gaps, repairs int64) {
	synctest.Test(t, func(t *testing.T) {
		s := &lagging{store: newStore(t, 5)} // so that no comparison with the log helps
		var network local.Network
		a, b := newNode(t, s.store, network.Join), newNode(t, s, func(n cluster.Node) cluster.Link { return network.Join(&unruly{Node: n, lose: lose}) })
		a.open(t)
		board := b.pipe(t, teacher, "board")
		first := board.next()
		for p := attendance.PersonID(1); p <= 3; p++ {
			a.checkIn(t, p)
			synctest.Wait() // until it is on its way
		}
		sees(board, first.Seq+1, 4)
		if got := b.hub.Stats(); got.Gaps != gaps || got.Repairs != repairs {
			t.Errorf("there were %d gaps, and %d times the log was read, want %d and %d", got.Gaps, got.Repairs, gaps, repairs)
		}
		a.stop()
		b.stop()
		s.Close()
	})
}

func TestARoomIsNotComparedWithTheLogBeforeItIsLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &lagging{store: newStore(t, 5), meanwhile: func() { time.Sleep(5 * time.Second) }}
		n := newNode(t, s, new(local.Network).Join)
		s.next.Store(true)
		phone := n.pipe(t, 1, "student")
		time.Sleep(4 * time.Second)
		if got := s.compared.Load(); got != 0 {
			t.Errorf("compared %d times while it was being read", got)
		}
		phone.next()
		time.Sleep(4 * time.Second)
		if got := s.compared.Load(); got < 3 {
			t.Errorf("compared %d times in 4 s since", got)
		}
		n.stop()
		s.Close()
	})
}

func TestWhoWaitsForTheStoreHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	s := &lagging{store: newStore(t, 5)}
	n := newNode(t, s, new(local.Network).Join)
	reading, goOn := make(chan struct{}), make(chan struct{})
	s.meanwhile = func() {
		close(reading)
		<-goOn
	}
	other, _ := n.join(t, 2, "student")
	s.next.Store(true)
	stranger := n.dial(t, 99, "student") // may have been enrolled a moment ago
	<-reading
	other.say(`{"t":"ping","n":7}`)
	if m := other.next(); m.T != "pong" || m.N != 7 {
		t.Errorf("somebody else got %s", m.raw)
	}
	close(goOn)
	if m := stranger.next(); m.Code != "not_enrolled" {
		t.Errorf("the stranger got %s", m.raw)
	}
	if code := stranger.closed(); code != 4003 {
		t.Errorf("the stranger was closed with %d, want 4003", code)
	}
}

func TestPresenceIsOnePersonHoweverManyTabsAndNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, 5)
		var network local.Network
		a, b := newNode(t, s, network.Join), newNode(t, s, network.Join)
		join := func(n *node, person attendance.PersonID, audience string) (*client, message) {
			c := n.pipe(t, person, audience)
			return c, c.next()
		}
		board, _ := join(a, teacher, "board")
		tab1, _ := join(a, 2, "student")
		m, _ := board.until(is("presence"))
		if d := cmp.Diff([]int64{2}, m.On); d != "" {
			t.Fatalf("presence (-want +got):\n%s", d)
		}
		tab2, _ := join(a, 2, "student")
		phone, _ := join(b, 2, "student")
		tab1.conn.Close()
		tab2.conn.Close()
		join(b, 4, "student")
		if m = board.next(); m.T != "presence" || len(m.Off) > 0 || len(m.On) != 1 || m.On[0] != 4 {
			t.Fatalf("while 2 is still there through another node: %s", m.raw)
		}
		phone.conn.Close()
		if m = board.next(); m.T != "presence" || len(m.Off) != 1 || m.Off[0] != 2 {
			t.Fatalf("after the last connection of 2: %s", m.raw)
		}
		synctest.Wait() // until the other node has heard it too
		if _, again := join(b, teacher, "board"); string(again.Connected) != "[4]" {
			t.Errorf("a board that comes now sees %s connected", again.Connected)
		}
		a.stop()
		b.stop()
		s.Close()
	})
}

func TestANewStudentShowsOnOpenBoards(t *testing.T) {
	t.Parallel()
	s := newStore(t, 5)
	n := startNode(t, s)
	board, _ := n.join(t, teacher, "board")
	exec(t, s.dir, // as an import by another process does
		`INSERT INTO people (id, given, family, created_at, updated_at) VALUES (6, 'New', 'Student', 0, 0)`,
		`INSERT INTO enrolments (course_id, person_id, role) VALUES (1, 6, 'student')`,
		`UPDATE courses SET roster = roster + 1`)
	m, _ := board.until(is("snapshot"))
	if len(m.People) != 6 {
		t.Errorf("board has %d people, want 6", len(m.People))
	}
}

// lagging is a store in which something happens while the next record is under way. Nobody
// learns from it that a room is behind.
type lagging struct {
	store
	next      atomic.Bool
	meanwhile func()
	compared  atomic.Int64 // how often a room was to be compared with the log
}

func (l *lagging) Heads(context.Context, []attendance.SessionID) (map[attendance.SessionID]live.Head, error) {
	l.compared.Add(1)
	return nil, nil
}

func (l *lagging) Record(ctx context.Context, id attendance.SessionID) (*live.Record, error) {
	rec, err := l.store.Record(ctx, id)
	if l.next.CompareAndSwap(true, false) {
		l.meanwhile()
	}
	return rec, err
}

func TestWhoChangesACourseSeesItAtOnceInItsRooms(t *testing.T) {
	t.Parallel()
	s := &lagging{store: newStore(t, 5)}
	var network local.Network
	n := newNode(t, s, network.Join)
	s.meanwhile = func() {
		n.do(t, attendance.Command{Kind: attendance.SetMarks, Marks: []attendance.MarkChange{{Person: 1, Mark: attendance.Late}}})
	}
	n.open(t)
	n.join(t, teacher, "board")
	s.next.Store(true)
	exec(t, s.dir, `UPDATE courses SET late_after = 7, roster = roster + 1`)
	n.hub.CoursesChanged([]attendance.CourseID{1})
	session, rules, err := n.hub.Look(t.Context(), lecture)
	if err != nil || rules.LateAfter != 7*time.Minute || session.Seq != 2 {
		t.Errorf("the room is at seq %d and has %v as late (%v), want 2 and 7 min", session.Seq, rules.LateAfter, err)
	}
}
