package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestTimesOfEachScenario(t *testing.T) {
	t.Parallel()
	second := func(l Load, students int) map[int]int {
		counts := make(map[int]int)
		for _, at := range l.Times(students) {
			counts[int(at/time.Second)]++
		}
		return counts
	}
	for at, n := range second(Load{Steady, 50, 4 * time.Second}, 1000) {
		if n != 50 || at > 3 {
			t.Errorf("steady: %d in second %d, want 50 in each of four", n, at)
		}
	}
	if n := len((Load{Steady, 50, time.Minute}).Times(300)); n != 300 {
		t.Errorf("steady: %d check-ins of 300 students", n)
	}
	burst := second(Load{Burst, 100, 10 * time.Second}, 1000)
	if burst[2] < 4*burst[9] || burst[2] <= burst[0] {
		t.Errorf("burst: no peak in %v", burst)
	}
	if storm := (Load{Storm, 0, time.Second}).Times(300); len(storm) != 300 || slices.Max(storm) != 0 {
		t.Errorf("storm: %d check-ins, the last at %v, want 300 at 0", len(storm), slices.Max(storm))
	}
	if idle := (Load{Idle, 0, time.Second}).Times(300); len(idle) != 0 {
		t.Errorf("idle: %d check-ins", len(idle))
	}
}

func TestQuantilesAreThoseOfTheSortedValues(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	var all []uint32
	for range 20_000 {
		v := r.Uint32() >> r.IntN(32)
		h.Add(v)
		all = append(all, v)
	}
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.5, 0.95, 0.99, 0.999, 1} {
		got := uint32(h.Quantile(q) / time.Microsecond)
		want := all[int(q*float64(len(all))+0.5)-1]
		if got < want || float64(got-want) > float64(want)/1000 {
			t.Errorf("quantile %v: %d, want %d or up to a thousandth more", q, got, want)
		}
	}
	if h.Max() != micros(all[len(all)-1]) {
		t.Errorf("max %v, want %v", h.Max(), micros(all[len(all)-1]))
	}
}
