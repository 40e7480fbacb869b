package clustertest

import (
	"slices"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
)

// RunOutage tests that links get over an outage of what carries their messages. The
// function fail has that fail, and restore ends it.
func RunOutage(t *testing.T, join func(cluster.Node) cluster.Link, fail, restore func()) {
	n := linked(t, join)
	n[2].watch(t, n[0])
	n[0].link.Arrive(session, 1)
	n[1].link.Arrive(session, 2)
	n[2].waitPresent(t, 1, 2)
	n[2].mu.Lock()
	n[2].gone = nil
	n[2].mu.Unlock()
	fail()
	quickly(t, func() { n[2].link.Arrive(session, 4) })
	n[2].waitPresent(t, 1, 2, 4) // the others' people as far as is known, and its own
	quickly(t, func() { n[0].link.Publish([]attendance.Event{event(session, 1)}) })
	quickly(t, func() { n[0].link.Leave(session, 1) })
	quickly(t, func() { n[1].link.Arrive(session, 3) })
	time.Sleep(outage)
	restore()
	restored := time.Now()
	n[2].waitPresent(t, 2, 3, 4)
	n[2].mu.Lock()
	gone := slices.Clone(n[2].gone)
	n[2].mu.Unlock()
	if took := time.Since(restored); !slices.Contains(gone, 1) || len(gone) > 1 && took < lease {
		t.Errorf("shown as gone: %v, %v after the medium was back; want 1 alone", gone, took)
	}
	for seq := int64(2); len(n[2].seqs()) == 0; seq++ { // what got lost, the log would tell
		if seq > patience.Milliseconds()/100 {
			t.Fatalf("no events come after %v", patience)
		}
		n[0].link.Publish([]attendance.Event{event(session, seq)})
		time.Sleep(100 * time.Millisecond)
	}
}

// outage is how long one lasts.
const outage = 3 * time.Second

// lease is how long a node may keep silent. If the machine is so busy that the nodes come
// back this far apart, they may take each other for gone.
const lease = 6 * time.Second

// quickly fails if f, which may be called several times, waits for the medium. Links give
// that up after 2 s or more, each time; a machine that is busy lets f wait at times.
func quickly(t *testing.T, f func()) {
	t.Helper()
	fastest := time.Hour
	for range 5 {
		start := time.Now()
		f()
		fastest = min(fastest, time.Since(start))
	}
	if fastest > 1500*time.Millisecond {
		t.Errorf("without the medium, a call took %v each time", fastest)
	}
}
