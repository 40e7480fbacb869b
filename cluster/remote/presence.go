package remote

import (
	"context"
	"maps"
	"slices"

	"github.com/muster-live/muster/attendance"
)

// crowd is who is connected to a session through one node.
type crowd struct {
	// version is that of the node's presence: for this node's own crowds, at their last
	// change; for another's, as of which people is known.
	version int64
	people  map[attendance.PersonID]struct{}
}

// list returns the people in ascending order; of no crowd, none.
func (c *crowd) list() []attendance.PersonID {
	if c == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.people))
}

// view is who is connected to a watched session.
type view struct {
	watches int // to be undone by as many calls of Unwatch
	sub     *subscription
	through map[nodeID]*crowd           // the other nodes, as far as they have said
	nodes   map[attendance.PersonID]int // through how many nodes, this one included
}

type subscription struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// Watch implements [cluster.Link].
func (l *Link) Watch(s attendance.SessionID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	v := l.views[s]
	if v == nil {
		v = &view{through: make(map[nodeID]*crowd), nodes: make(map[attendance.PersonID]int)}
		for _, p := range l.own[s].list() {
			v.nodes[p] = 1
		}
		l.views[s] = v
		v.sub = l.listen(s)
	}
	v.watches++
	for p := range v.nodes {
		l.node.Present(s, p, true)
	}
}

// listen subscribes to a session, after what there was before has ended, and asks
// the others who is there. The lock is held.
func (l *Link) listen(s attendance.SessionID) *subscription {
	ctx, cancel := context.WithCancel(l.ctx)
	sub, before := &subscription{cancel, make(chan struct{})}, l.ending[s]
	l.ending[s] = sub
	l.work.Go(func() {
		defer close(sub.done)
		if before != nil {
			<-before.done
		}
		l.subscribe(ctx, l.sessionChannel(s), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.ask(0, s)
		})
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.ending[s] == sub {
			delete(l.ending, s)
		}
	})
	return sub
}

// Unwatch implements [cluster.Link].
func (l *Link) Unwatch(s attendance.SessionID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.views[s]
	if v == nil {
		return
	}
	if v.watches--; v.watches == 0 {
		delete(l.views, s)
		v.sub.cancel()
	}
}

// Arrive implements [cluster.Link].
func (l *Link) Arrive(s attendance.SessionID, p attendance.PersonID) { l.set(s, p, true) }

// Leave implements [cluster.Link].
func (l *Link) Leave(s attendance.SessionID, p attendance.PersonID) { l.set(s, p, false) }

func (l *Link) set(s attendance.SessionID, p attendance.PersonID, here bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.own[s]
	if c == nil {
		c = &crowd{people: make(map[attendance.PersonID]struct{})}
	}
	if _, was := c.people[p]; was == here || l.closed {
		return
	}
	l.version++
	c.version = l.version
	if here {
		c.people[p] = struct{}{}
		l.own[s] = c
		l.count(s, p, +1)
	} else {
		delete(c.people, p)
		if len(c.people) == 0 {
			delete(l.own, s)
		}
		l.count(s, p, -1)
	}
	l.outbox.presence[s] = struct{}{}
	l.poke()
}

// count takes in that somebody is connected through one node more or less. The lock
// is held, so that the node is told in order.
func (l *Link) count(s attendance.SessionID, p attendance.PersonID, change int) {
	v := l.views[s]
	if v == nil {
		return
	}
	before := v.nodes[p]
	after := before + change
	if after > 0 {
		v.nodes[p] = after
	} else {
		delete(v.nodes, p)
	}
	if (before > 0) != (after > 0) {
		l.node.Present(s, p, after > 0)
	}
}

// takePresence takes in who is connected to a session through another node.
func (l *Link) takePresence(m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.meet(m.from)
	l.replace(m.from, m.session, m.version, m.people)
}

// replace takes in who was connected to a session through a node as of a version,
// unless it is known as of a later one. The lock is held.
func (l *Link) replace(from nodeID, s attendance.SessionID, version int64, people []attendance.PersonID) {
	v := l.views[s]
	if v == nil {
		return
	}
	old := v.through[from]
	if old == nil {
		old = &crowd{}
	} else if old.version >= version {
		return
	}
	now := &crowd{version, make(map[attendance.PersonID]struct{}, len(people))}
	v.through[from] = now
	for _, p := range people {
		if _, twice := now.people[p]; twice {
			continue
		}
		now.people[p] = struct{}{}
		if _, was := old.people[p]; !was {
			l.count(s, p, +1)
		}
	}
	for p := range old.people {
		if _, is := now.people[p]; !is {
			l.count(s, p, -1)
		}
	}
}

// compare looks for what has been missed of a node's presence, given what one of its
// beats says. The lock is held.
func (l *Link) compare(m *message) {
	changed := make(map[attendance.SessionID]int64, len(m.held))
	for _, h := range m.held {
		changed[h.session] = h.version
	}
	for s, v := range l.views {
		known := int64(0)
		if c := v.through[m.from]; c != nil {
			known = c.version
		}
		if last, ok := changed[s]; !ok {
			l.replace(m.from, s, m.version, nil)
		} else if last > known {
			l.ask(m.from, s)
		}
	}
}

// answer has the presence of sessions that somebody asks for said to all.
func (l *Link) answer(m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.to != 0 && m.to != l.id {
		return
	}
	for _, s := range m.sessions {
		if l.own[s] != nil {
			l.outbox.presence[s] = struct{}{}
			l.poke()
		}
	}
}
