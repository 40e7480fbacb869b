package live

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// counts is what a hub counts from its start.
type counts struct {
	joins, resumed, gaps, repairs, stalled atomic.Int64

	mu     sync.Mutex
	closed map[CloseCode]int64
}

func (c *counts) close(code CloseCode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == nil {
		c.closed = make(map[CloseCode]int64)
	}
	c.closed[code]++
}

// Stats is what an operator may want to know of a hub. All but Rooms and Connections
// count from its start.
type Stats struct {
	Rooms       int
	Connections map[Audience]int // the empty audience: being let in, or turned away
	Joins       int64
	Resumed     int64               // joins that named the last seq they had seen
	Gaps        int64               // deliveries of the bus with something missing before them
	Repairs     int64               // times that a room was brought up to the log
	Stalled     int64               // times that a line could not take all that was written
	Closed      map[CloseCode]int64 // connections that have ended
}

// Stats returns how the hub is doing.
func (h *Hub) Stats() Stats {
	s := Stats{
		Connections: make(map[Audience]int), Rooms: len(h.loadedRooms()),
		Joins: h.counts.joins.Load(), Resumed: h.counts.resumed.Load(),
		Gaps: h.counts.gaps.Load(), Repairs: h.counts.repairs.Load(), Stalled: h.counts.stalled.Load(),
	}
	for i := range h.wheel {
		for _, c := range h.wheel[i].list() {
			c.mu.Lock()
			s.Connections[c.audience]++
			c.mu.Unlock()
		}
	}
	h.counts.mu.Lock()
	defer h.counts.mu.Unlock()
	s.Closed = maps.Clone(h.counts.closed)
	return s
}

// ObserveFlushes has fn called after each flush with the time from the news that it
// was for until the kernel had it for all connections of the shard. It is called
// before the hub has connections.
func (h *Hub) ObserveFlushes(fn func(time.Duration)) { h.flusher.observe = fn }
