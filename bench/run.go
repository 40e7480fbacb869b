package bench

import "time"

// Run is one run of a load test.
type Run struct {
	URLs     []string  // servers, which connections are spread over
	Sessions []Session // in each, all students take part and check in at most once
	Load     Load
	Pids     []int // of the servers, if they run here: their CPU time and memory are measured
	Crash    *Crash
	Dialect  Dialect
	Apart    *Apart // nil: all connections are made here
}

// Crash has the server behind the first URL killed in the middle of a run. Its clients
// come back through the others, as docs/protocol.md asks of them, and do not check in
// themselves. Latencies are then those of everybody else.
type Crash struct {
	Pid   int
	After time.Duration // from the first check-in
	All   bool          // all clients are at that server first, and none checks in
}
