package bench

import "time"

// Report is what a load test found, with all that is needed to do it again.
type Report struct {
	Version  string   `json:"version"`
	Go       string   `json:"go"`
	Machine  Machine  `json:"machine"`
	Settings Settings `json:"settings"`
	Runs     []Result `json:"runs"`
}

// Machine is where a load test ran.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	OS    string `json:"os"`
}

// Settings are those of all runs of a report.
type Settings struct {
	Scenario Scenario `json:"scenario"`
	URLs     []string `json:"urls"`
	Sessions int      `json:"sessions"` // rooms
	Students int      `json:"students"` // in each room; besides them each has a board
	Rate     float64  `json:"rate"`     // check-ins a second, where the scenario has a rate
	Seconds  float64  `json:"seconds"`
}

// Result is what one run found. Times are in milliseconds.
type Result struct {
	Connect     Quantiles `json:"connect"`        // from dialling to the snapshot
	ConnectAll  float64   `json:"connect_all_ms"` // until everybody was there
	Connections int       `json:"connections"`

	Sync Quantiles `json:"sync"` // from a check-in's intended sending to each other connection's receipt
	Ack  Quantiles `json:"ack"`  // from a check-in's intended sending to its answer
	Late Quantiles `json:"late"` // by how much the load generator itself sent late, which is part of the above

	// Return is the time from the killing of a server until its clients had the state
	// again, their own waiting included; Returned is how many.
	Return   Quantiles `json:"return"`
	Returned int       `json:"returned,omitempty"`

	Sent      int            `json:"sent"`
	Acked     int            `json:"acked"`
	Expected  uint64         `json:"expected"`
	Delivered uint64         `json:"delivered"`
	Again     int            `json:"again"` // deltas that brought nothing new
	Trouble   map[string]int `json:"trouble,omitempty"`

	Seconds float64 `json:"seconds"` // how long the CPU was watched: from the first sending until nothing more came in
	Server  *Usage  `json:"server,omitempty"`
	Bench   Usage   `json:"bench"`
	// OtherCPU is the CPU time, in seconds, of all else on this machine: of the server
	// too, if its process is not known, and of an [Apart].
	OtherCPU float64 `json:"other_cpu_s"`
}

// Quantiles are those of many durations, in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

func quantiles(h *Histogram) Quantiles {
	return Quantiles{milliseconds(h.Quantile(0.5)), milliseconds(h.Quantile(0.95)), milliseconds(h.Quantile(0.99)), milliseconds(h.Max())}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Usage is what a program used during a run.
type Usage struct {
	CPU      float64 `json:"cpu_s"`
	CPUShare float64 `json:"cpu_share"` // of one core
	// CPUPerDelivery is in microseconds for each connection that a check-in reached.
	CPUPerDelivery float64 `json:"cpu_us_per_delivery,omitempty"`
	// Memory is resident, in bytes; MemoryPerConnection what it grew by, from before the
	// connections to the end of the run, for each of them.
	Memory              int64   `json:"memory,omitempty"`
	MemoryPerConnection float64 `json:"memory_per_connection,omitempty"`
}

func newUsage(cpu time.Duration, seconds float64, deliveries uint64) Usage {
	u := Usage{CPU: cpu.Seconds(), CPUShare: cpu.Seconds() / seconds}
	if deliveries > 0 {
		u.CPUPerDelivery = float64(cpu.Microseconds()) / float64(deliveries)
	}
	return u
}
