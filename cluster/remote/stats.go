package remote

import (
	"sync/atomic"
	"time"
)

// counts is what a link counts from its start.
type counts struct{ published, received, dropped, rejected, asked atomic.Int64 }

// Stats is what an operator may want to know of a link. Numbers of messages count
// from its start.
type Stats struct {
	Published int64 // messages handed to the medium
	Received  int64 // messages of other nodes
	Dropped   int64 // messages that could not be sent
	Rejected  int64 // what came in and is no message that this version knows
	Asked     int64 // sessions whose presence others were asked for: watched anew, or missed

	Nodes     int           // other nodes whose lease holds
	Away      bool          // nothing comes back over the medium
	Outages   int64         // how often that was so
	RoundTrip time.Duration // of the last beat that came back
}

// Stats returns how the link is doing.
func (l *Link) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{
		Published: l.counts.published.Load(), Received: l.counts.received.Load(), Dropped: l.counts.dropped.Load(),
		Rejected: l.counts.rejected.Load(), Asked: l.counts.asked.Load(),
		Nodes: len(l.peers), Away: !l.pulse.away.IsZero(), Outages: l.pulse.outages, RoundTrip: l.pulse.trip,
	}
}
