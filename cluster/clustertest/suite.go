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
		"events reach the other nodes that watch":         eventsReachWatchers,
		"events do not come back":                         eventsDoNotComeBack,
		"who watches is told who is there":                watchersAreTold,
		"a person is one, through however many nodes":     onePerson,
		"a node that leaves takes its people out with it": leavingNode,
		"roster changes reach every node":                 rosterChanges,
	} {
		t.Run(name, func(t *testing.T) {
			join := network(t)
			var three trio
			for i := range three {
				three[i] = &node{present: make(map[attendance.PersonID]bool)}
				three[i].link = join(three[i])
				t.Cleanup(three[i].link.Close)
			}
			test(t, &three)
		})
	}
}

type trio [3]*node

// node remembers what it was told.
type node struct {
	link cluster.Link

	mu      sync.Mutex
	seqs    []int64
	present map[attendance.PersonID]bool
	courses []attendance.CourseID
}

func (n *node) Receive(events []attendance.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range events {
		n.seqs = append(n.seqs, e.Seq)
	}
}

func (n *node) RosterChanged(c []attendance.CourseID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.courses = append(n.courses, c...)
}

func (n *node) Present(_ attendance.SessionID, p attendance.PersonID, here bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if here {
		n.present[p] = true
	} else {
		delete(n.present, p)
	}
}

// patience is how long news may take between nodes before a test fails.
const patience = 5 * time.Second

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
	waitFor(t, n, "events", func() []int64 { return n.seqs }, want)
}

func (n *node) waitPresent(t *testing.T, want ...attendance.PersonID) {
	t.Helper()
	waitFor(t, n, "present", func() []attendance.PersonID { return slices.Sorted(maps.Keys(n.present)) }, want)
}

const session attendance.SessionID = 7

func event(s attendance.SessionID, seq int64) attendance.Event {
	return attendance.Event{Session: s, Seq: seq, Kind: attendance.MarkSet, Person: 1, Mark: attendance.Present}
}

func eventsReachWatchers(t *testing.T, n *trio) {
	n[1].link.Watch(session)
	n[0].link.Publish([]attendance.Event{event(session, 1), event(session+1, 1), event(session, 2)})
	n[0].link.Publish([]attendance.Event{event(session, 3)})
	n[1].waitSeqs(t, 1, 2, 3)
	n[1].link.Unwatch(session)
	n[2].link.Watch(session)
	n[0].link.Publish([]attendance.Event{event(session, 4)})
	n[2].waitSeqs(t, 4)
	n[1].waitSeqs(t, 1, 2, 3)
}

func eventsDoNotComeBack(t *testing.T, n *trio) {
	n[0].link.Watch(session)
	n[1].link.Watch(session)
	n[0].link.Publish([]attendance.Event{event(session, 1)})
	n[1].waitSeqs(t, 1)
	n[0].waitSeqs(t)
}

func watchersAreTold(t *testing.T, n *trio) {
	n[0].link.Arrive(session, 1)
	n[1].link.Arrive(session, 2)
	n[1].link.Arrive(session+1, 3)
	n[2].link.Watch(session)
	n[2].waitPresent(t, 1, 2)
	n[0].link.Leave(session, 1)
	n[2].waitPresent(t, 2)
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
