package remote_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/remote"
)

const session attendance.SessionID = 7

// node is a node whose screens show what its link tells it.
type node struct {
	cluster.Link
	remote *remote.Link
	port   *port
	log    bytes.Buffer

	mu      sync.Mutex
	present map[attendance.SessionID]map[attendance.PersonID]bool
	gone    []attendance.PersonID
	out     []attendance.PersonID
}

func (n *node) Receive([]attendance.Event)          {}
func (n *node) RosterChanged([]attendance.CourseID) {}

func (n *node) SignedOut(p attendance.PersonID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.out = append(n.out, p)
}

func (n *node) Present(s attendance.SessionID, p attendance.PersonID, here bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.present[s] == nil {
		n.present[s] = make(map[attendance.PersonID]bool)
	}
	if n.present[s][p] = here; !here {
		delete(n.present[s], p)
		n.gone = append(n.gone, p)
	}
}

// shows returns who is present in a session.
func (n *node) shows(s attendance.SessionID) []attendance.PersonID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.present[s]))
}

// inFakeTime runs a test on some nodes in a bubble in which time passes at once.
func inFakeTime(t *testing.T, count int, test func(*testing.T, *ether, []*node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &ether{}
		var nodes []*node
		for range count {
			n := &node{port: &port{ether: e}, present: make(map[attendance.SessionID]map[attendance.PersonID]bool)}
			var err error
			if n.remote, err = remote.Dial(context.Background(), n.port, "test", slog.New(slog.NewTextHandler(&n.log, nil))); err != nil {
				t.Fatal(err)
			}
			n.Link = n.remote.Join(n)
			nodes = append(nodes, n)
			time.Sleep(700 * time.Millisecond) // nodes do not beat in step
		}
		test(t, e, nodes)
		for _, n := range nodes {
			n.Close()
		}
	})
}

// soon lets pass what takes no time but that of the machine, and presence's turn.
func soon() {
	time.Sleep(100 * time.Millisecond)
	synctest.Wait()
}

func expect[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestANodeThatDiesIsGoneWithinTenSecondsAndNotSooner(t *testing.T) {
	t.Parallel()
	inFakeTime(t, 3, func(t *testing.T, e *ether, n []*node) {
		for _, delay := range []time.Duration{0, 900 * time.Millisecond, 1900 * time.Millisecond} {
			time.Sleep(delay) // it may die at any point between two beats
			n[0].Watch(session)
			n[1].Arrive(session, 1)
			n[1].Arrive(session, 2)
			soon()
			expect(t, "present", n[0].shows(session), []attendance.PersonID{1, 2})
			n[1].port.silence(true)
			time.Sleep(3 * time.Second)
			n[2].Arrive(session, 2) // comes back through another
			time.Sleep(900 * time.Millisecond)
			expect(t, "present at first", n[0].shows(session), []attendance.PersonID{1, 2})
			time.Sleep(6 * time.Second)
			synctest.Wait()
			expect(t, "present after 10 s", n[0].shows(session), []attendance.PersonID{2})
			expect(t, "ever gone", n[0].gone, []attendance.PersonID{1})

			n[1].port.silence(false) // it was only stopped
			time.Sleep(2100 * time.Millisecond)
			synctest.Wait()
			expect(t, "present once it goes on", n[0].shows(session), []attendance.PersonID{1, 2})
			for _, x := range n[1:] {
				x.Leave(session, 1)
				x.Leave(session, 2)
			}
			soon()
			n[0].Unwatch(session)
			n[0].gone = nil
		}
	})
}

func TestWithoutTheMediumScreensGoOnAndTheLogSaysSoOnce(t *testing.T) {
	t.Parallel()
	inFakeTime(t, 3, func(t *testing.T, e *ether, n []*node) {
		n[0].Watch(session)
		n[1].Arrive(session, 1)
		n[1].Arrive(session, 2)
		n[2].Arrive(session, 2)
		soon()
		n[0].gone = nil
		e.fail()
		time.Sleep(time.Hour)
		expect(t, "present without the medium", n[0].shows(session), []attendance.PersonID{1, 2})
		if s := n[0].remote.Stats(); !s.Away || s.Outages != 1 {
			t.Errorf("stats: %+v", s)
		}
		n[1].Leave(session, 2)
		n[1].Arrive(session, 3)
		n[2].Leave(session, 2)
		n[0].Arrive(session, 4)
		expect(t, "one's own people", n[0].shows(session), []attendance.PersonID{1, 2, 4})
		e.recover()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		expect(t, "present after it is back", n[0].shows(session), []attendance.PersonID{1, 3, 4})
		expect(t, "gone", n[0].gone, []attendance.PersonID{2})
		for _, x := range n {
			if lines := strings.Count(x.log.String(), "\n"); lines != 2 {
				t.Errorf("the log has %d lines, want one when it went and one when it came back:\n%s", lines, &x.log)
			}
		}
		if s := n[0].remote.Stats(); s.Away || s.Nodes != 2 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestANodeThatDiesWhileTheMediumIsAwayIsGoneSoonAfter(t *testing.T) {
	t.Parallel()
	inFakeTime(t, 3, func(t *testing.T, e *ether, n []*node) {
		n[0].Watch(session)
		n[1].Arrive(session, 1)
		n[2].Arrive(session, 2)
		soon()
		e.fail()
		n[1].port.silence(true)
		time.Sleep(30 * time.Second)
		e.recover()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		expect(t, "present", n[0].shows(session), []attendance.PersonID{2})
		expect(t, "gone", n[0].gone, []attendance.PersonID{1})
	})
}

func TestSignOutsReachWhoeverWasCutOffOnce(t *testing.T) {
	t.Parallel()
	inFakeTime(t, 2, func(t *testing.T, e *ether, n []*node) {
		n[0].remote.SignedOut(1)
		soon()
		expect(t, "signed out", n[1].out, []attendance.PersonID{1})
		e.fail()
		n[0].remote.SignedOut(2)
		time.Sleep(time.Minute)
		e.recover()
		time.Sleep(time.Hour)
		expect(t, "signed out", n[1].out, []attendance.PersonID{1, 2})
	})
}

func TestChangesThatAreLostShowWithinSeconds(t *testing.T) {
	t.Parallel()
	inFakeTime(t, 2, func(t *testing.T, e *ether, n []*node) {
		n[0].Watch(session)
		n[1].Arrive(session, 1)
		soon()
		e.misbehave(func() []time.Duration { return nil })
		n[1].Arrive(session, 2)
		n[1].Leave(session, 1)
		n[0].Watch(session + 1) // the question is lost
		n[1].Arrive(session+1, 3)
		soon()
		expect(t, "present when all is lost", n[0].shows(session), []attendance.PersonID{1})
		e.misbehave(nil)
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		expect(t, "present after a beat", n[0].shows(session), []attendance.PersonID{2})
		expect(t, "present in the other", n[0].shows(session+1), []attendance.PersonID{3})
		e.misbehave(func() []time.Duration { return nil })
		n[1].Leave(session+1, 3)
		soon()
		e.misbehave(nil)
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		expect(t, "present after the last has gone", n[0].shows(session+1), nil)
	})
}

func TestWhatComesLateUndoesNothing(t *testing.T) {
	t.Parallel()
	inFakeTime(t, 2, func(t *testing.T, e *ether, n []*node) {
		n[0].Watch(session)
		n[1].Arrive(session, 1)
		soon()
		e.misbehave(func() []time.Duration { return []time.Duration{time.Second} })
		n[1].Leave(session, 1)
		soon()
		e.misbehave(nil)
		n[1].Arrive(session, 1)
		n[1].Arrive(session, 2)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		expect(t, "present", n[0].shows(session), []attendance.PersonID{1, 2})
		expect(t, "ever gone", n[0].gone, nil)
	})
}

// stuck is a medium that takes nothing.
type stuck struct{ *port }

func (s stuck) Publish(ctx context.Context, m []remote.Message) error {
	if s.mute {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.port.Publish(ctx, m)
}

func TestNothingWaitsForAMediumThatIsStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &port{ether: &ether{}}
		l, err := remote.Dial(context.Background(), stuck{p}, "test", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		link := l.Join(&node{present: make(map[attendance.SessionID]map[attendance.PersonID]bool)})
		p.mute = true
		start := time.Now()
		events := slices.Repeat([]attendance.Event{{Session: 1, Seq: 1, Note: strings.Repeat("x", 500)}}, 1000)
		for i := range 20 {
			s := attendance.SessionID(i%5 + 1)
			link.Publish(events)
			link.Arrive(s, attendance.PersonID(i))
			link.Watch(s)
			link.Unwatch(s)
			link.SignedOut(attendance.PersonID(i))
		}
		if d := time.Since(start); d > 0 {
			t.Errorf("that took %v", d)
		}
		if s := l.Stats(); s.Dropped == 0 {
			t.Errorf("nothing was dropped of 10 MB that nobody takes: %+v", s)
		}
		link.Close()
	})
}

// slow is a medium that takes its time.
type slow struct{ *port }

func (s slow) Publish(ctx context.Context, m []remote.Message) error {
	select {
	case <-time.After(2 * time.Second):
		return s.port.Publish(ctx, m)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An import from the command line signs people out, and its process ends: nobody says so
// again.
func TestLastWordsAreHeardOverASlowMedium(t *testing.T) {
	t.Parallel()
	inFakeTime(t, 1, func(t *testing.T, e *ether, n []*node) {
		l, err := remote.Dial(context.Background(), slow{&port{ether: e}}, "test", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		l.Join(&node{})
		l.SignedOut(4)
		time.Sleep(time.Second) // that is on its way
		l.SignedOut(5)
		l.Close()
		soon()
		expect(t, "signed out", n[0].out, []attendance.PersonID{4, 5})
	})
}

// TestAfterAnyFaultsEveryScreenShowsTheTruth has people come and go through nodes at
// random, over a medium that loses, repeats and delays, that goes away and comes back,
// between nodes that fall silent for a while or for ever.
func TestAfterAnyFaultsEveryScreenShowsTheTruth(t *testing.T) {
	t.Parallel()
	seeds := 300
	if testing.Short() {
		seeds = 30
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inFakeTime(t, 4, func(t *testing.T, e *ether, n []*node) { simulate(t, seed, e, n) })
		})
	}
}

func simulate(t *testing.T, seed uint64, e *ether, nodes []*node) {
	const sessions, people = 3, 6
	type seat struct {
		session attendance.SessionID
		person  attendance.PersonID
	}
	r := rand.New(rand.NewPCG(seed, 0))
	truth := make([]map[seat]bool, len(nodes))
	for i, n := range nodes {
		truth[i] = make(map[seat]bool)
		for s := attendance.SessionID(1); s <= sessions; s++ {
			n.Watch(s)
		}
	}
	e.misbehave(lossy(rand.New(rand.NewPCG(seed, 1)))) // its own, since it runs beside
	for range 200 {
		i := r.IntN(len(nodes))
		n := nodes[i]
		switch r.IntN(30) {
		case 0:
			n.port.silence(true)
		case 1:
			n.port.silence(false)
		case 2:
			e.fail()
		case 3:
			e.recover()
		case 4:
			s := attendance.SessionID(r.IntN(sessions) + 1)
			n.Unwatch(s)
			n.mu.Lock()
			delete(n.present, s) // its room is dropped, and made again
			n.mu.Unlock()
			n.Watch(s)
		default:
			at := seat{attendance.SessionID(r.IntN(sessions) + 1), attendance.PersonID(r.IntN(people) + 1)}
			if r.IntN(2) == 0 {
				truth[i][at] = true
				n.Arrive(at.session, at.person)
			} else {
				delete(truth[i], at)
				n.Leave(at.session, at.person)
			}
		}
		time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond)
	}
	e.recover()
	e.misbehave(nil)
	dead := r.IntN(len(nodes) + 1) // none of them, perhaps
	want := make(map[attendance.SessionID]map[attendance.PersonID]bool)
	for i, n := range nodes {
		n.port.silence(i == dead)
		for at := range truth[i] {
			if i == dead {
				continue
			}
			if want[at.session] == nil {
				want[at.session] = make(map[attendance.PersonID]bool)
			}
			want[at.session][at.person] = true
		}
	}
	time.Sleep(longestDelay) // until the last sign of life has come
	time.Sleep(10 * time.Second)
	synctest.Wait()
	for i, n := range nodes {
		for s := attendance.SessionID(1); s <= sessions && i != dead; s++ {
			expect(t, fmt.Sprintf("node %d of %d, session %d", i, len(nodes), s), n.shows(s), slices.Sorted(maps.Keys(want[s])))
		}
	}
}
