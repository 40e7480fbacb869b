package remote

import (
	"errors"
	"log/slog"
	"time"

	"github.com/muster-live/muster/attendance"
)

const (
	beatEvery = 2 * time.Second
	// leaseBeats is how many of one's own beats come back without one of another
	// node's before that is gone: 6 s after its last one at the earliest, 8 s at the
	// latest.
	leaseBeats = 4
	// quietBeats is how often a beat is sent in vain before the medium is taken to be
	// away.
	quietBeats = 3
	// signOutBeats is how many beats repeat a sign-out, which no log would tell those
	// who have not heard of it: for a minute.
	signOutBeats = 30
	maxSignOuts  = 1000
)

// pulse is the state of this node's beats.
type pulse struct {
	number   int64         // of the last one
	sent     time.Time     // when it was first sent
	tries    int           // how often it was sent
	returned bool          // whether it came back
	trip     time.Duration // how long the last that came back took
	away     time.Time     // since when the medium is away; zero: it is not
	outages  int64
	trouble  error         // what the medium last failed with
	back     chan struct{} // closed when the first has come back
}

// peer is another node whose lease holds.
type peer struct {
	missed  int   // own beats that came back since its last one
	lastOut int64 // number of its last sign-out
}

// recentSignOut is one that beats still repeat.
type recentSignOut struct {
	signOut
	beats int // that have come back since
}

// beats beats until the link is closed. What the others go by is the time between
// two beats, so that is never shorter, even after the process was stopped.
func (l *Link) beats() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case now := <-timer.C:
			l.beat(now)
			timer.Reset(beatEvery)
		}
	}
}

// beat sends the next beat, or again the last if that has not come back: several that
// the medium has held up and lets go at once must not count as so much time.
func (l *Link) beat(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &l.pulse
	if p.returned {
		p.number, p.sent, p.tries, p.returned = p.number+1, now, 0, false
	}
	if p.tries++; p.tries > quietBeats && p.away.IsZero() {
		p.away = p.sent
		p.outages++
		if p.trouble == nil {
			p.trouble = errors.New("what is published does not come back")
		}
		l.log.Warn("the other nodes are out of reach; screens follow the log meanwhile", slog.Any("err", p.trouble))
	}
	l.outbox.beat = true
	l.outbox.signOuts = l.outbox.signOuts || len(l.signOuts) > 0
	l.poke()
}

// beatReturned takes in that a beat of this node has come back over the medium.
func (l *Link) beatReturned(number int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &l.pulse
	if number != p.number || p.returned {
		return
	}
	p.returned, p.trouble = true, nil
	if p.tries == 1 {
		p.trip = time.Since(p.sent)
	}
	if !p.away.IsZero() {
		l.log.Info("the other nodes are in reach again", slog.Duration("after", time.Since(p.away)))
		p.away = time.Time{}
	}
	if number == 1 {
		close(p.back)
	}
	for id, other := range l.peers {
		if other.missed++; other.missed >= leaseBeats {
			l.forget(id)
		}
	}
	for i := range l.signOuts {
		l.signOuts[i].beats++
	}
	for len(l.signOuts) > 0 && l.signOuts[0].beats >= signOutBeats {
		l.signOuts = l.signOuts[1:]
	}
}

// meet returns the peer with an id, whose lease begins if it is a new one. The lock is
// held.
func (l *Link) meet(id nodeID) *peer {
	p := l.peers[id]
	if p == nil {
		p = &peer{}
		l.peers[id] = p
	}
	return p
}

// forget takes a node out whose lease has run out. The lock is held.
func (l *Link) forget(id nodeID) {
	delete(l.peers, id)
	for s, v := range l.views {
		for _, p := range v.through[id].list() {
			l.count(s, p, -1)
		}
		delete(v.through, id)
	}
}

// hear takes in another node's beat.
func (l *Link) hear(m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.meet(m.from).missed = 0
	l.compare(m)
}

// SignedOut implements [cluster.Link].
func (l *Link) SignedOut(p attendance.PersonID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastOut++
	l.signOuts = append(l.signOuts, recentSignOut{signOut: signOut{l.lastOut, p}})
	if len(l.signOuts) > maxSignOuts {
		l.signOuts = l.signOuts[1:]
	}
	l.outbox.signOuts = true
	l.poke()
}

func (l *Link) listSignOuts() (list []signOut) {
	for _, s := range l.signOuts {
		list = append(list, s.signOut)
	}
	return list
}

// takeSignOuts takes in sign-ins that have ended on another node.
func (l *Link) takeSignOuts(m *message) {
	var fresh []attendance.PersonID
	l.mu.Lock()
	p := l.meet(m.from)
	for _, s := range m.signOuts {
		if s.number > p.lastOut {
			p.lastOut = s.number
			fresh = append(fresh, s.person)
		}
	}
	node := l.node
	l.mu.Unlock()
	for _, person := range fresh {
		node.SignedOut(person)
	}
}
