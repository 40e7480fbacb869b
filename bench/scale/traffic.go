package scale

import "math"

// Kind is what a message between nodes is about, as cluster/remote numbers it.
type Kind byte

// The kinds that grow with a cluster.
const (
	Events   Kind = 1
	Presence Kind = 2
	Asks     Kind = 3
	Beats    Kind = 4
)

// Kinds are all of them, in the order of tables.
var Kinds = []Kind{Events, Presence, Asks, Beats}

// String names a kind as tables do.
func (k Kind) String() string {
	return map[Kind]string{Events: "events", Presence: "presence", Asks: "questions", Beats: "beats"}[k]
}

// shards is how many shards of Redis traffic is counted for.
const shards = 8

// Flow is a kind's part of the traffic.
type Flow struct {
	Messages, Bytes       float64 // published
	Deliveries, Delivered float64 // messages and bytes that subscribers got
}

// Traffic is what goes over the bus.
type Traffic struct {
	Of    map[Kind]Flow
	Shard [shards]float64 // deliveries, by the shard that has the channel
}

// Add counts a message of some bytes that goes to so many subscribers.
func (t *Traffic) Add(k Kind, bytes, to, hash int) {
	if t.Of == nil {
		t.Of = make(map[Kind]Flow)
	}
	f := t.Of[k]
	f.Messages++
	f.Bytes += float64(bytes)
	f.Deliveries += float64(to)
	f.Delivered += float64(bytes * to)
	t.Of[k] = f
	t.Shard[hash%shards] += float64(to)
}

// All sums the kinds up.
func (t *Traffic) All() (all Flow) {
	for _, f := range t.Of {
		all.Messages += f.Messages
		all.Bytes += f.Bytes
		all.Deliveries += f.Deliveries
		all.Delivered += f.Delivered
	}
	return all
}

// Fullest is the share of deliveries that the busiest shard of some has to make.
func (t *Traffic) Fullest() float64 {
	var most, sum float64
	for _, n := range t.Shard {
		most, sum = max(most, n), sum+n
	}
	return most / sum
}

// Spread is over how many nodes a lecture's students come, on average, if a load
// balancer draws a node for each.
func Spread(students, nodes int) float64 {
	n := float64(nodes)
	return n * (1 - math.Pow(1-1/n, float64(students)))
}
