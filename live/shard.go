package live

import (
	"slices"
	"sync"
)

// shardSize is how many connections are flushed one after another. Shards of a room
// flush side by side, and what happens while one is at it goes into the next flush
// of each, so smaller shards mean that news waits for fewer writes of old news.
const shardSize = 128

// shard is a part of a room's connections that is flushed as one.
type shard struct {
	mu      sync.Mutex
	conns   []*Conn // replaced, never changed in place
	running bool
	again   bool // something happened since the flush under way began
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

func (s *shard) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// wake has the shard flushed: now, or once more after the flush under way.
func (s *shard) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		s.again = true
		return
	}
	s.running = true
	go s.run()
}

func (s *shard) run() {
	for {
		s.mu.Lock()
		conns := s.conns
		s.again = false
		s.mu.Unlock()
		for _, c := range conns {
			c.pump()
		}
		s.mu.Lock()
		if !s.again {
			s.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}
