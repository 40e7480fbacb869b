package remote

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Limits of sending.
const (
	maxWaiting    = 4 << 20                // bytes of news that wait while a batch is being sent
	sendLimit     = 3 * time.Second        // for one batch
	farewellLimit = 5 * time.Second        // for the last one, which nobody sends again
	failurePause  = 200 * time.Millisecond // after a batch that failed
	presenceEvery = 50 * time.Millisecond  // between two batches with presence
)

// outbox is what waits to be sent. All of it goes in one batch; what comes meanwhile
// goes in the next.
type outbox struct {
	news     []Message
	size     int // bytes in news
	asks     map[nodeID]map[attendance.SessionID]struct{}
	presence map[attendance.SessionID]struct{} // sessions to say the presence of
	paced    bool                              // presence waits for its turn
	turn     time.Time                         // of presence
	signOuts bool
	beat     bool
}

func newOutbox() outbox {
	return outbox{
		asks:     make(map[nodeID]map[attendance.SessionID]struct{}),
		presence: make(map[attendance.SessionID]struct{}),
	}
}

// post has a message sent, or dropped if too much waits already.
func (l *Link) post(channel string, m *message) {
	m.from = l.id
	payload := m.encode()
	l.mu.Lock()
	defer l.mu.Unlock()
	o := &l.outbox
	if l.closed || o.size+len(payload) > maxWaiting {
		l.counts.dropped.Add(1)
		return
	}
	o.news = append(o.news, Message{channel, payload})
	o.size += len(payload)
	l.poke()
}

// ask has a node, or all if to is 0, asked who is connected to a session. The lock is
// held.
func (l *Link) ask(to nodeID, s attendance.SessionID) {
	if l.outbox.asks[to] == nil {
		l.outbox.asks[to] = make(map[attendance.SessionID]struct{})
	}
	l.outbox.asks[to][s] = struct{}{}
	l.poke()
}

// poke says that there is something to send.
func (l *Link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// send sends what waits, again and again, until the link is closed; then, what is left.
func (l *Link) send() {
	for l.ctx.Err() == nil {
		select {
		case <-l.wake:
			l.sendBatch(sendLimit)
		case <-l.ctx.Done():
		}
	}
	l.sendBatch(farewellLimit)
}

func (l *Link) sendBatch(limit time.Duration) {
	batch := l.batch(time.Now())
	if len(batch) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := l.medium.Publish(limited, batch)
	if err == nil {
		l.counts.published.Add(int64(len(batch)))
		return
	}
	l.counts.dropped.Add(int64(len(batch)))
	l.fail(err)
	select {
	case <-l.ctx.Done():
	case <-time.After(failurePause):
	}
	// What waited through this is old; who misses it finds it in the log.
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.dropped.Add(int64(len(l.outbox.news)))
	l.outbox.news, l.outbox.size = nil, 0
}

// batch empties the outbox. A beat comes last: it speaks of what has been said.
func (l *Link) batch(now time.Time) []Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := &l.outbox
	batch := o.news
	o.news, o.size = nil, 0
	add := func(channel string, m *message) {
		m.from = l.id
		batch = append(batch, Message{channel, m.encode()})
	}
	for to, sessions := range o.asks {
		l.counts.asked.Add(int64(len(sessions)))
		add(l.nodesChannel(), &message{kind: kindAsk, to: to, sessions: slices.Collect(maps.Keys(sessions))})
	}
	clear(o.asks)
	if o.beat || !now.Before(o.turn) {
		for s := range o.presence {
			o.turn = now.Add(presenceEvery)
			add(l.sessionChannel(s), &message{kind: kindPresent, session: s, version: l.version, people: l.own[s].list()})
		}
		clear(o.presence)
	} else if len(o.presence) > 0 && !o.paced {
		o.paced = true
		time.AfterFunc(o.turn.Sub(now), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			o.paced = false
			l.poke()
		})
	}
	if o.signOuts {
		o.signOuts = false
		add(l.nodesChannel(), &message{kind: kindSignOut, signOuts: l.listSignOuts()})
	}
	if o.beat {
		o.beat = false
		m := &message{kind: kindBeat, number: l.pulse.number, version: l.version}
		for s, c := range l.own {
			m.held = append(m.held, held{s, c.version})
		}
		add(l.nodesChannel(), m)
	}
	return batch
}
