// Package clustertest is the conformance suite that every implementation of
// [cluster.Link] passes.
package clustertest

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
)

// Run tests an implementation. The function join links a node to all others that the
// same network was given; network makes a new one.
func Run(t *testing.T, network func(testing.TB) (join func(cluster.Node) cluster.Link)) {
	for name, test := range map[string]func(*testing.T, *trio){
		"events reach the other nodes that watch":          eventsReachWatchers,
		"events come as they were committed":               eventsComeWhole,
		"events do not come back":                          eventsDoNotComeBack,
		"a session is watched until the last unwatch":      watchesAreCounted,
		"who watches is told who is there":                 watchersAreTold,
		"who watches again is told again":                  watchersAreToldAgain,
		"a person is one, through however many nodes":      onePerson,
		"who moves to another node is never shown as gone": movingPerson,
		"a node that leaves takes its people out with it":  leavingNode,
		"roster changes reach every other node":            rosterChanges,
		"sign-outs reach every other node":                 signOuts,
		"what a node says before it leaves is heard":       lastWords,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, linked(t, network(t)))
		})
	}
}

type trio [3]*node

func linked(t *testing.T, join func(cluster.Node) cluster.Link) *trio {
	var three trio
	for i := range three {
		three[i] = &node{present: make(map[attendance.PersonID]bool)}
		three[i].link = join(three[i])
		t.Cleanup(three[i].link.Close)
	}
	return &three
}

// node remembers what it was told.
type node struct {
	link cluster.Link

	mu      sync.Mutex
	events  []attendance.Event
	present map[attendance.PersonID]bool
	gone    []attendance.PersonID // each time that somebody was said to be
	courses []attendance.CourseID
	out     []attendance.PersonID
}

func (n *node) Receive(events []attendance.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, events...)
}

func (n *node) RosterChanged(c []attendance.CourseID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.courses = append(n.courses, c...)
}

func (n *node) SignedOut(p attendance.PersonID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.out = append(n.out, p)
}

func (n *node) Present(_ attendance.SessionID, p attendance.PersonID, here bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if here {
		n.present[p] = true
	} else {
		delete(n.present, p)
		n.gone = append(n.gone, p)
	}
}

// patience is how long news may take between nodes before a test fails.
const patience = 3 * time.Minute

// waitFor waits until the node was told what is wanted.
func waitFor[T any](t *testing.T, n *node, what string, got func() T, want T) {
	t.Helper()
	var diff string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		n.mu.Lock()
		diff = cmp.Diff(want, got())
		n.mu.Unlock()
		if diff == "" {
			return
		}
	}
	t.Errorf("%s (-want +got):\n%s", what, diff)
}

func (n *node) waitSeqs(t *testing.T, want ...int64) {
	t.Helper()
	for deadline := time.Now().Add(patience); !slices.Equal(n.seqs(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("events: %v, want %v", n.seqs(), want)
			return
		}
	}
}

func (n *node) seqs() (seqs []int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.events {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func (n *node) waitPresent(t *testing.T, want ...attendance.PersonID) {
	t.Helper()
	waitFor(t, n, "present", func() []attendance.PersonID { return slices.Sorted(maps.Keys(n.present)) }, want)
}

const session attendance.SessionID = 7

// witness is somebody who is connected through a node only to be seen by another.
const witness attendance.PersonID = 1 << 40

// watch has a node watch the session and waits until it hears of it from another.
func (n *node) watch(t *testing.T, from *node) {
	t.Helper()
	n.link.Watch(session)
	from.link.Arrive(session, witness)
	waitFor(t, n, "the witness present", func() bool { return n.present[witness] }, true)
	from.link.Leave(session, witness)
	waitFor(t, n, "the witness present", func() bool { return n.present[witness] }, false)
}

func event(s attendance.SessionID, seq int64) attendance.Event {
	return attendance.Event{Session: s, Seq: seq, Kind: attendance.MarkSet, Person: 1, Mark: attendance.Present}
}

func eventsReachWatchers(t *testing.T, n *trio) {
	n[1].watch(t, n[0])
	n[0].link.Publish([]attendance.Event{event(session, 1), event(session+1, 1), event(session, 2)})
	n[0].link.Publish([]attendance.Event{event(session, 3)})
	n[1].waitSeqs(t, 1, 2, 3)
	n[1].link.Unwatch(session)
	const last attendance.PersonID = 9
	n[0].link.SignedOut(last) // when it is heard, nothing from before is under way any more
	waitFor(t, n[2], "signed out", func() []attendance.PersonID { return n[2].out }, []attendance.PersonID{last})
	n[2].watch(t, n[0])
	n[0].link.Publish([]attendance.Event{event(session, 4)})
	n[2].waitSeqs(t, 4)
	n[1].waitSeqs(t, 1, 2, 3)
}

func eventsComeWhole(t *testing.T, n *trio) {
	at := time.UnixMilli(1732389600123).UTC()
	want := []attendance.Event{
		{Session: session, Seq: 1, At: at, Kind: attendance.SessionOpened, Actor: 3, Source: attendance.ByHand},
		{Session: session, Seq: 2, At: at.Add(time.Second), Kind: attendance.MarkSet, Person: 1 << 52, Mark: attendance.Excused, Source: attendance.ByHand, Actor: 3, Note: "at the dentist’s"},
		{Session: session, Seq: 3, At: at.Add(time.Minute), Kind: attendance.SessionClosed, Source: attendance.ByRule},
	}
	n[1].watch(t, n[0])
	n[0].link.Publish(want)
	waitFor(t, n[1], "events", func() []attendance.Event { return n[1].events }, want)
}

func eventsDoNotComeBack(t *testing.T, n *trio) {
	n[0].watch(t, n[1])
	n[1].watch(t, n[0])
	n[0].link.Publish([]attendance.Event{event(session, 1)})
	n[1].waitSeqs(t, 1)
	n[1].link.Publish([]attendance.Event{event(session, 2)}) // after it, all of the first has come
	n[0].waitSeqs(t, 2)
}

func watchesAreCounted(t *testing.T, n *trio) {
	n[1].watch(t, n[0])
	n[1].link.Watch(session) // a new room, made while the old one is being let go
	n[1].link.Unwatch(session)
	n[0].link.Publish([]attendance.Event{event(session, 1)})
	n[1].waitSeqs(t, 1)
}

func watchersAreTold(t *testing.T, n *trio) {
	n[0].link.Arrive(session, 1)
	n[1].link.Arrive(session, 2)
	n[1].link.Arrive(session+1, 3)
	n[2].link.Arrive(session, 4)
	n[2].link.Watch(session)
	n[2].waitPresent(t, 1, 2, 4)
	n[0].link.Leave(session, 1)
	n[2].waitPresent(t, 2, 4)
	n[2].link.Leave(session, 4)
	n[2].waitPresent(t, 2)
}

func watchersAreToldAgain(t *testing.T, n *trio) {
	n[0].link.Arrive(session, 1)
	n[2].link.Watch(session)
	n[2].waitPresent(t, 1)
	n[2].mu.Lock()
	clear(n[2].present) // as a new room knows nobody
	n[2].mu.Unlock()
	n[2].link.Watch(session)
	n[2].waitPresent(t, 1)
}

func onePerson(t *testing.T, n *trio) {
	n[2].link.Watch(session)
	n[0].link.Arrive(session, 1)
	n[1].link.Arrive(session, 1)
	n[2].waitPresent(t, 1)
	n[0].link.Leave(session, 1)
	n[0].link.Leave(session, 1) // said twice is once
	n[1].link.Arrive(session, 2)
	n[2].waitPresent(t, 1, 2)
	n[1].link.Leave(session, 1)
	n[2].waitPresent(t, 2)
}

func movingPerson(t *testing.T, n *trio) {
	n[2].watch(t, n[0])
	n[2].mu.Lock()
	n[2].gone = nil
	n[2].mu.Unlock()
	n[0].link.Arrive(session, 1)
	n[2].waitPresent(t, 1)
	for i := range 20 {
		from, to := n[i%3], n[(i+1)%3]
		to.link.Arrive(session, 1)
		to.link.Arrive(session, attendance.PersonID(10+i)) // shows when the news has come
		waitFor(t, n[2], "present", func() bool { return n[2].present[attendance.PersonID(10+i)] }, true)
		from.link.Leave(session, 1)
		from.link.Leave(session, attendance.PersonID(10+i-1))
	}
	waitFor(t, n[2], "gone", func() bool { return slices.Contains(n[2].gone, 1) }, false)
}

func leavingNode(t *testing.T, n *trio) {
	n[2].link.Watch(session)
	n[0].link.Arrive(session, 1)
	n[1].link.Arrive(session, 1)
	n[1].link.Arrive(session, 2)
	n[2].waitPresent(t, 1, 2)
	n[1].link.Close()
	n[2].waitPresent(t, 1)
}

func rosterChanges(t *testing.T, n *trio) {
	n[0].link.RosterChanged([]attendance.CourseID{5, 6})
	for _, other := range n[1:] {
		waitFor(t, other, "courses", func() []attendance.CourseID { return other.courses }, []attendance.CourseID{5, 6})
	}
}

func signOuts(t *testing.T, n *trio) {
	n[0].link.SignedOut(5)
	n[0].link.SignedOut(6)
	n[1].link.SignedOut(7)
	waitFor(t, n[0], "signed out", func() []attendance.PersonID { return n[0].out }, []attendance.PersonID{7})
	waitFor(t, n[2], "signed out", func() []attendance.PersonID { return slices.Sorted(slices.Values(n[2].out)) }, []attendance.PersonID{5, 6, 7})
}

func lastWords(t *testing.T, n *trio) {
	n[1].watch(t, n[0])
	n[0].link.Publish([]attendance.Event{event(session, 1)})
	n[0].link.SignedOut(5)
	n[0].link.Close()
	n[1].waitSeqs(t, 1)
	waitFor(t, n[1], "signed out", func() []attendance.PersonID { return n[1].out }, []attendance.PersonID{5})
}
