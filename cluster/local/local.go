// Package local links the nodes of one process: most often a single one, several in
// tests.
package local

import (
	"maps"
	"slices"
	"sync"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
)

// Network is a set of linked nodes. The zero Network is ready for use.
type Network struct {
	mu    sync.Mutex
	links []*link
	// present says through how many nodes somebody is connected to a session.
	present map[attendance.SessionID]map[attendance.PersonID]int
}

// Join links a node to the others.
func (n *Network) Join(node cluster.Node) cluster.Link {
	l := &link{net: n, node: node, watched: make(map[attendance.SessionID]int), here: make(map[seat]bool)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links = append(n.links, l)
	return l
}

type seat struct {
	session attendance.SessionID
	person  attendance.PersonID
}

type link struct {
	net  *Network
	node cluster.Node
	// Guarded by the network's lock.
	watched map[attendance.SessionID]int // how many times
	here    map[seat]bool
}

func (l *link) Watch(s attendance.SessionID) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	l.watched[s]++
	for p := range l.net.present[s] {
		l.node.Present(s, p, true)
	}
}

func (l *link) Unwatch(s attendance.SessionID) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	if l.watched[s]--; l.watched[s] <= 0 {
		delete(l.watched, s)
	}
}

func (l *link) Publish(events []attendance.Event) {
	for _, other := range l.others() {
		mine := slices.DeleteFunc(slices.Clone(events), func(e attendance.Event) bool { return !other.watches(e.Session) })
		if len(mine) > 0 {
			other.node.Receive(mine)
		}
	}
}

func (l *link) RosterChanged(courses []attendance.CourseID) {
	for _, other := range l.others() {
		other.node.RosterChanged(courses)
	}
}

func (l *link) SignedOut(p attendance.PersonID) {
	for _, other := range l.others() {
		other.node.SignedOut(p)
	}
}

func (l *link) others() []*link {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.net.links), func(x *link) bool { return x == l })
}

func (l *link) watches(s attendance.SessionID) bool {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	return l.watched[s] > 0
}

func (l *link) Arrive(s attendance.SessionID, p attendance.PersonID) { l.set(seat{s, p}, true) }
func (l *link) Leave(s attendance.SessionID, p attendance.PersonID)  { l.set(seat{s, p}, false) }

func (l *link) set(at seat, here bool) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	if l.here[at] == here {
		return
	}
	nodes := l.net.present[at.session]
	before := nodes[at.person]
	if here {
		l.here[at] = true
		if nodes == nil {
			if l.net.present == nil {
				l.net.present = make(map[attendance.SessionID]map[attendance.PersonID]int)
			}
			nodes = make(map[attendance.PersonID]int)
			l.net.present[at.session] = nodes
		}
		nodes[at.person]++
	} else {
		delete(l.here, at)
		if nodes[at.person]--; nodes[at.person] == 0 {
			delete(nodes, at.person)
		}
		if len(nodes) == 0 {
			delete(l.net.present, at.session)
		}
	}
	if (before > 0) == (nodes[at.person] > 0) {
		return
	}
	for _, other := range l.net.links {
		if other.watched[at.session] > 0 {
			other.node.Present(at.session, at.person, here)
		}
	}
}

func (l *link) Close() {
	l.net.mu.Lock()
	seats := slices.Collect(maps.Keys(l.here))
	l.net.mu.Unlock()
	for _, s := range seats {
		l.Leave(s.session, s.person)
	}
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	l.net.links = slices.DeleteFunc(l.net.links, func(x *link) bool { return x == l })
}
