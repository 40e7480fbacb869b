package remote_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/remote"
)

// ether is a medium within the process: publish and subscribe as they should be, until
// a test has it misbehave.
type ether struct {
	mu   sync.Mutex
	subs []*listener
	// carry decides what becomes of a message on its way to one listener: after which
	// delays it is delivered. Nil: once, at once.
	carry func() []time.Duration
	down  bool
}

type listener struct {
	channel string
	port    *port
	inbox   chan []byte
	lost    chan struct{}
}

// port is one node's way into the ether.
type port struct {
	ether *ether
	mute  bool // what the node publishes goes nowhere, as if it were dead
}

var errDown = errors.New("the ether is down")

func (p *port) Publish(_ context.Context, messages []remote.Message) error {
	e := p.ether
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		return errDown
	}
	if p.mute {
		return nil
	}
	for _, m := range messages {
		for _, s := range e.subs {
			if s.channel != m.Channel {
				continue
			}
			delays := []time.Duration{0}
			if e.carry != nil {
				delays = e.carry()
			}
			for _, d := range delays {
				if d == 0 {
					s.inbox <- m.Payload
				} else {
					time.AfterFunc(d, func() { s.inbox <- m.Payload })
				}
			}
		}
	}
	return nil
}

func (p *port) Subscribe(ctx context.Context, channel string, ready func(), deliver func([]byte)) error {
	e := p.ether
	s := &listener{channel, p, make(chan []byte, 1<<10), make(chan struct{})}
	e.mu.Lock()
	if e.down {
		e.mu.Unlock()
		return errDown
	}
	e.subs = append(e.subs, s)
	e.mu.Unlock()
	defer e.remove(s)
	ready()
	for {
		select {
		case b := <-s.inbox:
			deliver(b)
		case <-s.lost:
			return errDown
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *ether) remove(s *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subs = slices.DeleteFunc(e.subs, func(x *listener) bool { return x == s })
}

func (p *port) Close() {}

// silence has a node fall silent, or speak again.
func (p *port) silence(mute bool) {
	p.ether.mu.Lock()
	defer p.ether.mu.Unlock()
	p.mute = mute
}

// fail takes the ether away: subscriptions are lost, and what is under way.
func (e *ether) fail() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = true
	for _, s := range e.subs {
		close(s.lost)
	}
	e.subs = nil
}

func (e *ether) recover() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = false
}

func (e *ether) misbehave(carry func() []time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.carry = carry
}

// longestDelay is how long the ether keeps a message when it misbehaves.
const longestDelay = 3 * time.Second

// lossy loses, repeats and delays messages at random.
func lossy(r *rand.Rand) func() []time.Duration {
	return func() []time.Duration {
		switch r.IntN(6) {
		case 0:
			return nil
		case 1:
			return []time.Duration{time.Duration(r.Int64N(int64(longestDelay)))}
		case 2:
			return []time.Duration{0, time.Duration(r.IntN(int(time.Second)))}
		}
		return []time.Duration{0}
	}
}

// dial links a node over a port of its own.
func (e *ether) dial(tb testing.TB, node cluster.Node) (*remote.Link, *port) {
	tb.Helper()
	p := &port{ether: e}
	l, err := remote.Dial(context.Background(), p, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	l.Join(node)
	return l, p
}
