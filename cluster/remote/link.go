// Package remote links nodes that run in different processes, over any [Medium] that
// can publish and subscribe: Redis or PostgreSQL.
//
// Nothing is stored in the medium. Each node alone knows who is connected through it,
// and says so: for each session, all of them at once, at each change. Such a message
// states a fact, who was connected as of some version of that node's presence, and
// the newest fact counts. So messages may get lost, come twice or in any order.
//
// What a node says is a lease. Every 2 s it sends a beat, which names its sessions and
// when each last changed. Who hears of a change that they have missed asks for it. A
// node of which nothing was heard while four of one's own beats came back is gone,
// and all who were connected through it with it. No clock is compared with another
// process's, and while the medium is away, when nobody's beats come back, nobody is
// taken for gone.
package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/direct"
)

// dialLimit is how long the first beat may take to come back.
const dialLimit = 15 * time.Second

// Link is a [cluster.Link]. Make one with Dial.
type Link struct {
	medium Medium
	prefix string // of the names of channels
	id     nodeID
	log    *slog.Logger
	counts counts

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	wake   chan struct{} // has room for one: there is something to send
	failed chan error    // has room for one: the medium failed

	mu       sync.Mutex
	node     cluster.Node // nil until Join
	closed   bool
	own      map[attendance.SessionID]*crowd // who is connected through this node
	version  int64                           // counts the changes of own
	views    map[attendance.SessionID]*view
	ending   map[attendance.SessionID]*subscription // the last one of each session, until it has ended
	peers    map[nodeID]*peer
	pulse    pulse
	outbox   outbox
	signOuts []recentSignOut
	lastOut  int64 // number of the last sign-out
}

// Dial links a node to all others of an installation, which is named by a short text
// of a–z and 0–9: installations that share a medium do not hear each other. It waits
// until a message has come back over the medium, which from then on is the link's to
// close, even if Dial fails.
func Dial(ctx context.Context, medium Medium, installation string, log *slog.Logger) (*Link, error) {
	l := &Link{
		medium: medium, prefix: "muster_" + installation + "_", id: nodeID(rand.Uint64()), log: log,
		wake: make(chan struct{}, 1), failed: make(chan error, 1),
		own:    make(map[attendance.SessionID]*crowd),
		views:  make(map[attendance.SessionID]*view),
		ending: make(map[attendance.SessionID]*subscription),
		peers:  make(map[nodeID]*peer),
		pulse:  pulse{back: make(chan struct{}), returned: true},
		outbox: newOutbox(),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.work.Go(l.send)
	started := sync.OnceFunc(func() { l.work.Go(l.beats) })
	l.work.Go(func() { l.subscribe(l.ctx, l.nodesChannel(), started) })
	limit := time.NewTimer(dialLimit)
	defer limit.Stop()
	var err error
	select {
	case <-l.pulse.back:
		return l, nil
	case err = <-l.failed:
	case <-ctx.Done():
		err = ctx.Err()
	case <-limit.C:
		err = fmt.Errorf("what was published did not come back within %v", dialLimit)
	}
	l.Close()
	return nil, err
}

// Join has the node told what the others say. It is called once, before the other
// methods of [cluster.Link].
func (l *Link) Join(node cluster.Node) cluster.Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.node = node
	return l
}

func (l *Link) nodesChannel() string { return l.prefix + "nodes" }

func (l *Link) sessionChannel(s attendance.SessionID) string {
	return l.prefix + strconv.FormatInt(int64(s), 10)
}

// Publish implements [cluster.Link].
func (l *Link) Publish(events []attendance.Event) {
	var order []attendance.SessionID
	bySession := make(map[attendance.SessionID][]attendance.Event)
	for _, e := range events {
		if bySession[e.Session] == nil {
			order = append(order, e.Session)
		}
		bySession[e.Session] = append(bySession[e.Session], e)
	}
	for _, s := range order {
		l.post(l.sessionChannel(s), &message{kind: kindEvents, session: s, events: bySession[s]})
	}
	// What this node shows next takes the processor for milliseconds: others hear of it first.
	// The runtime may have woken a thread for us, which has pushed aside the one that sends.
	runtime.Gosched()
	direct.GiveWay()
}

// RosterChanged implements [cluster.Link].
func (l *Link) RosterChanged(courses []attendance.CourseID) {
	l.post(l.nodesChannel(), &message{kind: kindCourses, courses: courses})
}

// receive takes in what somebody has published.
func (l *Link) receive(payload []byte) {
	m, err := decode(payload)
	if err != nil {
		l.counts.rejected.Add(1)
		return
	}
	if m.from == l.id {
		if m.kind == kindBeat {
			l.beatReturned(m.number)
		}
		return
	}
	l.counts.received.Add(1)
	l.mu.Lock()
	node, watched := l.node, l.views[m.session] != nil
	l.mu.Unlock()
	if node == nil {
		return
	}
	switch m.kind {
	case kindEvents:
		if watched {
			node.Receive(m.events)
		}
	case kindCourses:
		node.RosterChanged(m.courses)
	case kindSignOut:
		l.takeSignOuts(m)
	case kindPresent:
		l.takePresence(m)
	case kindAsk:
		l.answer(m)
	case kindBeat:
		l.hear(m)
	}
}

// Pauses before a lost subscription is tried again.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// subscribe listens to a channel until ctx ends, through whatever happens to the
// medium. It calls ready each time that it hears again.
func (l *Link) subscribe(ctx context.Context, channel string, ready func()) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		var heard atomic.Bool
		err := l.medium.Subscribe(ctx, channel, func() { heard.Store(true); ready() }, l.receive)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the server has ended the subscription")
		}
		l.fail(err)
		if heard.Load() {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause)):
		}
	}
}

// fail remembers what is wrong with the medium, for when its absence shows.
func (l *Link) fail(err error) {
	l.mu.Lock()
	l.pulse.trouble = err
	l.mu.Unlock()
	select {
	case l.failed <- err:
	default:
	}
}

// Close implements [cluster.Link]. To the others the node falls silent: whoever comes
// back through another before the lease runs out is present throughout.
func (l *Link) Close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.work.Wait()
	l.medium.Close()
}
