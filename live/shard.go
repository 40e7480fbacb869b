package live

import (
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/muster-live/muster/direct"
)

// shardSize is how many connections are flushed one after another before another
// shard has its turn: of the same room, or of a smaller one, which would otherwise
// wait for all of a large one. One call of the kernel writes to so many.
const shardSize = 32

// longTurn is how long a worker keeps its processor to itself, which can be long in a large
// room. To let others have it is not free: the scheduler wakes another processor for them,
// which on a virtual machine takes as long as writing to twenty connections.
const longTurn = time.Millisecond

// fewShards is how many may wait for each processor while all of them flush: those of a
// room of a few hundred.
const fewShards = 4

// flusher flushes the shards of all rooms in the order in which they were woken, so
// that none waits for longer than each of the others takes once.
//
// What is little is flushed by all processors. One would do it in hardly more time, if it
// had a processor to itself: but the kernel likes to put whoever is woken by what is
// written on the processor that writes, and has both take turns there while another is
// idle. So another worker goes on meanwhile. What is more is for half of the processors:
// while they write, others have to read, decide and commit, or the next news would wait
// for the rest of this.
type flusher struct {
	processors int
	observe    func(time.Duration) // nil: nobody wants to know

	log  *slog.Logger
	told sync.Once // that there is no io_uring

	mu     sync.Mutex
	queue  []*shard
	busy   int      // workers that run
	spare  []*batch // of workers that do not
	closed bool
}

func newFlusher(log *slog.Logger) *flusher {
	return &flusher{processors: runtime.GOMAXPROCS(0), log: log}
}

// shard is a part of a room's connections that is flushed as one.
type shard struct {
	flusher *flusher

	mu    sync.Mutex
	conns []*Conn // replaced, never changed in place

	// Guarded by the flusher.
	waiting bool      // is in the queue
	running bool      // is being flushed
	again   bool      // something happened since the flush under way began
	since   time.Time // when the first news came that the next flush is for

	touched bool // is in the hub's list; guarded by the hub
}

func (s *shard) add(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(slices.Clip(slices.Clone(s.conns)), c)
}

func (s *shard) remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(slices.Clone(s.conns), func(x *Conn) bool { return x == c })
}

func (s *shard) list() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// wake has the shard flushed: now, or once more after the flush under way.
func (s *shard) wake() {
	f := s.flusher
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case s.running:
		if !s.again {
			s.again, s.since = true, time.Now()
		}
	case !s.waiting:
		s.waiting, s.since = true, time.Now()
		f.queue = append(f.queue, s)
		if f.busy < f.workers() {
			f.busy++
			go f.run()
		}
	}
}

// workers returns how many may run by now, at least one. The lock is held.
func (f *flusher) workers() int {
	if len(f.queue) <= fewShards*f.processors {
		return f.processors
	}
	return max(1, f.processors/2)
}

// run flushes until nothing waits, or others can do the rest.
func (f *flusher) run() {
	direct.GiveWay() // to whoever tells other nodes: being woken, we may have pushed them aside
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &batch{flusher: f}
	if n := len(f.spare); n > 0 {
		b, f.spare = f.spare[n-1], f.spare[:n-1]
	}
	began := time.Now()
	for len(f.queue) > 0 && f.busy <= f.workers() {
		s := f.queue[0]
		f.queue = f.queue[1:]
		s.waiting, s.running = false, true
		since := s.since
		f.mu.Unlock()
		b.pump(s.list())
		if f.observe != nil {
			f.observe(time.Since(since))
		}
		if time.Since(began) > longTurn {
			runtime.Gosched()
			began = time.Now()
		}
		f.mu.Lock()
		s.running = false
		if s.again {
			s.again, s.waiting = false, true
			f.queue = append(f.queue, s)
		}
	}
	f.busy--
	f.spare = append(f.spare, b)
	if f.closed {
		f.giveBack()
	}
}

// withoutRing is told why a batch has no io_uring, or none any more.
func (f *flusher) withoutRing(err error) {
	f.told.Do(func() {
		f.log.Info("no io_uring: each connection is written to by a call of its own", "err", err)
	})
}

// close gives back what workers keep. One that runs still does so when it ends.
func (f *flusher) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.giveBack()
}

// giveBack is close with the lock held.
func (f *flusher) giveBack() {
	for _, b := range f.spare {
		b.close()
	}
	f.spare = nil
}
