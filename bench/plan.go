package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Scenario is how check-ins come in.
type Scenario string

// The scenarios.
const (
	Steady Scenario = "steady" // at a fixed rate
	Burst  Scenario = "burst"  // at random, thick around a peak, thin towards the end
	Storm  Scenario = "storm"  // all at the same instant
	Idle   Scenario = "idle"   // none: everybody is connected and waits
)

// Load is what a run puts on the server.
type Load struct {
	Scenario Scenario
	Rate     float64       // check-ins a second over all sessions (Steady, and Burst on average)
	Duration time.Duration // of the check-ins (Steady, Burst) or of the waiting (Idle)
}

// maxDuration keeps a moment of a run, in microseconds, in 32 bits.
const maxDuration = time.Hour

// Validate says what is wrong with the load.
func (l Load) Validate() error {
	switch l.Scenario {
	case Steady, Burst:
		if !(l.Rate > 0 && l.Rate <= 1e6) {
			return fmt.Errorf("rate %v: expected more than 0 and at most a million check-ins a second", l.Rate)
		}
	case Storm, Idle:
	default:
		return fmt.Errorf("scenario %q: expected steady, burst, storm or idle", l.Scenario)
	}
	if l.Duration <= 0 || l.Duration > maxDuration {
		return fmt.Errorf("duration %v: expected more than 0 and at most %v", l.Duration, maxDuration)
	}
	return nil
}

// Times returns when check-ins are meant to be sent, from the start of the run on, in
// order. There are no more than students, since each checks in once. The same load
// always gives the same times.
func (l Load) Times(students int) []time.Duration {
	n := students
	if l.Scenario == Steady || l.Scenario == Burst {
		n = min(n, max(1, int(l.Rate*l.Duration.Seconds())))
	}
	switch l.Scenario {
	case Idle:
		return nil
	case Storm:
		return make([]time.Duration, n)
	}
	times := make([]time.Duration, n)
	rush := rand.New(rand.NewPCG(1, 2))
	for i := range times {
		if l.Scenario == Steady {
			times[i] = time.Duration(float64(i) / l.Rate * float64(time.Second))
		} else {
			times[i] = time.Duration(rushPoint(rush) * float64(l.Duration))
		}
	}
	slices.Sort(times)
	return times
}

// rushPoint returns a moment of a rush that lasts from 0 to 1 and is at its thickest
// at 0.2: a gamma distribution of shape 2, cut off at its end.
func rushPoint(r *rand.Rand) float64 {
	const peak = 0.2
	for {
		if x := -peak * math.Log((1-r.Float64())*(1-r.Float64())); x < 1 {
			return x
		}
	}
}
