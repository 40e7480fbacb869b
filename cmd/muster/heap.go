package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// smallHeap is up to what size, in bytes, the heap may grow before it is collected.
const smallHeap = 32 << 20

// spareSmallHeap has the collector leave the heap alone until it has grown to smallHeap,
// and work as usual from then on, unless GOGC is set. What a server lives on at first are
// a few megabytes, which a lecture hall that checks in would double several times: each
// time, the collector took a tenth of the processors in just that moment.
func spareSmallHeap() {
	if os.Getenv("GOGC") == "" {
		eachCollection(func(live uint64) { debug.SetGCPercent(growth(live)) })
	}
}

// growth returns by how many percent a heap may grow of which so many bytes are in use.
func growth(live uint64) int {
	const usual, most = 100, 1000
	if live >= smallHeap/2 {
		return usual
	}
	return min(int((smallHeap-live)*100/max(live, 1)), most)
}

// eachCollection calls fn after each run of the collector with how many bytes it found
// in use.
func eachCollection(fn func(live uint64)) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var ended func(*[64]byte)
	ended = func(garbage *[64]byte) {
		metrics.Read(live)
		fn(live[0].Value.Uint64())
		runtime.SetFinalizer(garbage, ended) // alive once more, till the next run
	}
	ended(new([64]byte))
}
