package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws/wsutil"
	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
)

var (
	simulations = flag.Int("simulations", 200, "how many lectures to simulate")
	firstSeed   = flag.Uint64("seed", 1, "of the first simulated lecture; each has the next one")
)

// Whole lectures over three nodes, in fake time: the bus loses, repeats and reorders,
// the log fails or does not say whether it recorded, clients come and go through
// whichever node, and give their commands again until they are answered. In the end
// every screen shows what is in the log.
func TestSimulatedLectures(t *testing.T) {
	t.Parallel()
	for i := range *simulations {
		seed := *firstSeed + uint64(i)
		if t.Failed() {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			t.Helper()
			newSimulation(t, seed).run()
		})
	}
}

const (
	simStudents = 8
	simBoards   = 2
	simNodes    = 3
	busy        = 8 * time.Second // commands are given
	calm        = 4 * time.Second // no more are, and everything has to become current
)

type simulation struct {
	t     *testing.T
	seed  uint64
	log   *memory
	nodes []*node

	mu     sync.Mutex
	random *rand.Rand
	over   time.Time // from here on nothing goes wrong any more
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), over: time.Now().Add(busy)}
	s.log = &memory{sim: s}
	s.log.state = attendance.State{
		Session:     attendance.Session{ID: lecture, Course: 1, Title: "Week 7", Secret: make([]byte, 32)},
		Rules:       attendance.DefaultRules(),
		Students:    make(map[attendance.PersonID]attendance.Entry),
		Done:        make(map[attendance.CommandKey]attendance.Outcome),
		UsedTickets: make(map[string]attendance.PersonID),
	}
	for p := range attendance.PersonID(simStudents) {
		s.log.state.Students[p+1] = attendance.Entry{}
	}
	var network local.Network
	for range simNodes {
		n := &node{hub: live.NewHub(s.log, func(n cluster.Node) cluster.Link { return network.Join(bad{n, s}) }, time.Now, slog.New(slog.DiscardHandler))}
		n.recorder = recorder.New(s.log, n.hub, time.Now)
		s.nodes = append(s.nodes, n)
	}
	return s
}

// chance is true so often, of a hundred, until everything is well again.
func (s *simulation) chance(percent int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.over) && s.random.IntN(100) < percent
}

func (s *simulation) upTo(d time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(s.random.Int64N(int64(d)))
}

func (s *simulation) number(n int) int { return int(s.upTo(time.Duration(n))) }

func (s *simulation) failed(format string, args ...any) {
	s.t.Errorf("seed %d: %s", s.seed, fmt.Sprintf(format, args...))
}

func (s *simulation) run() {
	opening := attendance.Command{ID: "open", Session: lecture, Actor: teacher, Kind: attendance.OpenSession}
	for {
		if _, err := s.nodes[0].recorder.Do(s.t.Context(), opening); err == nil {
			break // else the log failed, as it does now and then
		}
	}
	ctx, stop := context.WithCancel(s.t.Context())
	var screens []*screen
	var all sync.WaitGroup
	for p := attendance.PersonID(1); p <= simStudents; p++ {
		screens = append(screens, &screen{sim: s, person: p, audience: "student"})
	}
	for range simBoards {
		screens = append(screens, &screen{sim: s, person: teacher, audience: "board"})
	}
	for i, c := range screens {
		c.name = fmt.Sprint(i)
		all.Go(func() { c.stay(ctx) })
		all.Go(func() { c.act(ctx) })
	}
	time.Sleep(busy + calm)
	for _, c := range screens {
		c.check()
	}
	stop()
	all.Wait()
	for _, n := range s.nodes {
		n.stop()
	}
}

// bad is a node that the bus is bad to.
type bad struct {
	cluster.Node
	sim *simulation
}

func (b bad) Receive(events []attendance.Event) {
	for range 1 + b.sim.number(2)*b.sim.number(2) {
		if !b.sim.chance(30) {
			time.AfterFunc(b.sim.upTo(300*time.Millisecond), func() { b.Node.Receive(slices.Clone(events)) })
		}
	}
}

// memory is a log that forgets nothing, and fails now and then.
type memory struct {
	sim   *simulation
	mu    sync.Mutex
	state attendance.State
	all   []attendance.Event
}

var errUnknown = &attendance.Error{Code: attendance.CodeStorage, Message: "Perhaps this was recorded."}

func (m *memory) Append(_ context.Context, group []attendance.Command) ([]recorder.Result, error) {
	time.Sleep(m.sim.upTo(5 * time.Millisecond))
	if m.sim.chance(3) {
		return nil, errors.New("disk full")
	}
	m.mu.Lock()
	results := make([]recorder.Result, len(group))
	for i := range group {
		r := &results[i]
		r.Events, r.Outcome, r.Err = attendance.Decide(&m.state, &group[i])
		m.all = append(m.all, r.Events...)
	}
	m.mu.Unlock()
	time.Sleep(m.sim.upTo(5 * time.Millisecond)) // others may see it before we know
	if m.sim.chance(3) {
		return nil, errUnknown
	}
	return results, nil
}

func (m *memory) Record(context.Context, attendance.SessionID) (*live.Record, error) {
	time.Sleep(m.sim.upTo(5 * time.Millisecond))
	m.mu.Lock()
	defer m.mu.Unlock()
	rec := &live.Record{Session: m.state.Session, Rules: m.state.Rules, Roster: 1, Entries: maps.Clone(m.state.Students), Recent: slices.Clone(m.all)}
	for p := range attendance.PersonID(simStudents) {
		rec.Students = append(rec.Students, live.Person{ID: p + 1, Family: fmt.Sprint(p)})
	}
	return rec, nil
}

func (m *memory) Events(_ context.Context, _ attendance.SessionID, after int64, limit int) ([]attendance.Event, error) {
	time.Sleep(m.sim.upTo(20 * time.Millisecond))
	if m.sim.chance(10) {
		return nil, errors.New("the line broke")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	from := min(after, int64(len(m.all)))
	return slices.Clone(m.all[from:min(from+int64(limit), int64(len(m.all)))]), nil
}

func (m *memory) Heads(context.Context, []attendance.SessionID) (map[attendance.SessionID]live.Head, error) {
	if m.sim.chance(10) {
		return nil, errors.New("the line broke")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return map[attendance.SessionID]live.Head{lecture: {Seq: m.state.Session.Seq, Roster: 1}}, nil
}

// screen is a client that keeps to the protocol, and checks that the server does.
type screen struct {
	sim      *simulation
	name     string
	person   attendance.PersonID
	audience string

	mu        sync.Mutex
	conn      net.Conn
	in, known bool
	seq       int64
	mine      string
	counts    []int
	marks     map[int64]string
	connected map[int64]bool
	pending   map[string]string // commands by id
	answers   map[string]string
}

// stay keeps the screen connected, through any node.
func (c *screen) stay(ctx context.Context) {
	for ctx.Err() == nil {
		ours, theirs := net.Pipe()
		n := c.sim.nodes[c.sim.number(simNodes)]
		go n.serve(theirs, c.joins(ours), false)
		leave := context.AfterFunc(ctx, func() { ours.Close() })
		var dropped *time.Timer
		if c.sim.chance(80) {
			dropped = time.AfterFunc(c.sim.upTo(4*time.Second), func() { ours.Close() })
		}
		c.listen(ours)
		leave()
		if dropped != nil {
			dropped.Stop()
		}
		ours.Close()
		time.Sleep(c.sim.upTo(200 * time.Millisecond))
	}
}

// joins returns how the screen joins over a new line, with what it has seen.
func (c *screen) joins(conn net.Conn) live.Join {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.in = conn, false
	if c.known {
		return joining(c.person, c.audience, c.seq, 1)
	}
	return joining(c.person, c.audience)
}

func (c *screen) listen(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		b, _, err := wsutil.ReadServerData(readWriter{r, conn})
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(b, &m); err != nil {
			c.sim.failed("%v in %s", err, b)
		}
		m.raw = string(b)
		if m.T == "error" && m.ID == "" {
			return // not let in: over another line, after a moment
		}
		for _, again := range c.take(&m) {
			if wsutil.WriteClientText(conn, []byte(again)) != nil {
				return
			}
		}
	}
}

// take takes a message in and returns what is to be sent again.
func (c *screen) take(m *message) (again []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.T {
	case "snapshot":
		if m.Seq < c.seq {
			c.sim.failed("screen %s went back from %d: %s", c.name, c.seq, m.raw)
		}
		c.seq, c.counts, c.known = m.Seq, m.Counts, true
		c.marks, c.connected = make(map[int64]string), make(map[int64]bool)
		for _, line := range m.Marks {
			c.marks[int64(line[0].(float64))] = line[1].(string)
		}
		if c.audience == "board" {
			var there []int64
			_ = json.Unmarshal(m.Connected, &there)
			c.presence(there, nil)
		}
	case "delta":
		if m.From != c.seq+1 || m.To < c.seq {
			c.sim.failed("screen %s was at %d and got %s", c.name, c.seq, m.raw)
		}
		c.seq, c.counts = m.To, m.Counts
		for _, e := range m.Events {
			if e[2] == "mark" {
				c.marks[int64(e[3].(float64))] = e[4].(string)
			}
		}
	case "presence":
		if m.All != nil {
			c.connected = make(map[int64]bool)
		}
		c.presence(append(m.All, m.On...), m.Off)
		return nil
	case "ack":
		answer := fmt.Sprint(m.From, m.To)
		if first, twice := c.answers[m.ID]; twice && first != answer {
			c.sim.failed("screen %s: command %s was answered %s and then %s", c.name, m.ID, first, answer)
		}
		c.answers[m.ID] = answer
		delete(c.pending, m.ID)
		return nil
	case "error":
		if m.Code != string(attendance.CodeStorage) && m.Code != string(attendance.CodeBusy) {
			c.sim.failed("screen %s was told %s", c.name, m.raw)
		}
		if text, waits := c.pending[m.ID]; waits {
			again = append(again, text)
		}
		return again
	}
	if len(m.You) > 1 {
		c.mine = m.You[1].(string)
	}
	if !c.in && (m.T == "snapshot" || m.T == "delta") {
		c.in = true
		again = slices.Collect(maps.Values(c.pending))
	}
	return again
}

func (c *screen) presence(on, off []int64) {
	for _, p := range on {
		c.connected[p] = true
	}
	for _, p := range off {
		delete(c.connected, p)
	}
}

// act gives commands: a student checks in, a teacher marks.
func (c *screen) act(ctx context.Context) {
	c.mu.Lock()
	c.pending, c.answers = make(map[string]string), make(map[string]string)
	c.mu.Unlock()
	if c.audience == "student" {
		time.Sleep(c.sim.upTo(busy))
		c.give("in", `{"t":"check_in","id":"in","code":"x"}`)
		return
	}
	for i := 0; ctx.Err() == nil && time.Now().Before(c.sim.over); i++ {
		id := fmt.Sprint("m", c.name, "-", i)
		mark := []string{"present", "late", "absent", "excused", "unset"}[c.sim.number(5)]
		c.give(id, fmt.Sprintf(`{"t":"mark","id":%q,"marks":[[%d,%q]],"note":%q}`, id, 1+c.sim.number(simStudents), mark, id))
		time.Sleep(c.sim.upTo(300 * time.Millisecond))
	}
}

func (c *screen) give(id, text string) {
	c.mu.Lock()
	c.pending[id] = text
	conn := c.conn
	if !c.in {
		conn = nil
	}
	c.mu.Unlock()
	if conn != nil {
		_ = wsutil.WriteClientText(conn, []byte(text))
	}
}

// check compares the screen with the log.
func (c *screen) check() {
	m := c.sim.log
	m.mu.Lock()
	defer m.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) > 0 {
		c.sim.failed("screen %s has had no answer to %v", c.name, c.pending)
	}
	if c.seq != m.state.Session.Seq {
		c.sim.failed("screen %s is at %d, the log at %d", c.name, c.seq, m.state.Session.Seq)
		return
	}
	if c.audience == "student" {
		if got, want := c.mine, m.state.Students[c.person].Mark.String(); got != want {
			c.sim.failed("screen %s shows %s, the log has %s", c.name, got, want)
		}
		return
	}
	want, there := make(map[int64]string), make(map[int64]bool)
	for p, e := range m.state.Students {
		there[int64(p)] = true
		if e.Mark != attendance.Unset {
			want[int64(p)] = e.Mark.String()
		}
	}
	maps.DeleteFunc(c.marks, func(_ int64, mark string) bool { return mark == "unset" })
	if diff := cmp.Diff(want, c.marks); diff != "" {
		c.sim.failed("board %s (-log +board):\n%s", c.name, diff)
	}
	if diff := cmp.Diff(there, c.connected); diff != "" {
		c.sim.failed("presence on board %s (-truth +board):\n%s", c.name, diff)
	}
}
