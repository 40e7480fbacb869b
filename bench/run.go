package bench

// Run is one run of a load test.
type Run struct {
	URLs     []string  // servers, which connections are spread over
	Sessions []Session // in each, all students take part and check in at most once
	Load     Load
	Pids     []int // of the servers, if they run here: their CPU time and memory are measured
}
