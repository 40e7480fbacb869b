package server

import "runtime"

// door lets clients in to their live connections, so many at a time.
//
// When a node dies, thousands of its clients come to the others at once. Were they all
// worked on together, the news for those who are in already would wait for a processor
// behind every one of them.
type door chan struct{}

// newDoor returns a door as wide as there are processors. With one four times as wide,
// those inside waited as long as with none, and no more came in each second.
func newDoor() door { return make(door, runtime.GOMAXPROCS(0)) }

// enter waits for its turn and reports whether it came before done was closed. Who got
// in calls leave as soon as they have their connection, or have been refused.
func (d door) enter(done <-chan struct{}) bool {
	select {
	case d <- struct{}{}:
		return true
	case <-done:
		return false
	}
}

func (d door) leave() { <-d }
