package demo

import (
	"math/rand/v2"
	"slices"
	"time"
)

// LateAfter is when check-ins of the demo's lecture begin to be late.
const LateAfter = 2 * time.Minute

// newcomer is the first of the lecture's students who are left to the people who look
// at the demo: these are never simulated.
const (
	newcomer  = 0
	newcomers = 8
)

// visit is what a simulated student does in a lecture. Times are from its opening.
type visit struct {
	student int           // among those of the course
	comes   time.Duration // opens the page
	checks  time.Duration // looks at the display's code and checks in; after comes
	types   bool          // the digits, instead of scanning
	naps    []nap         // in order
	leaves  time.Duration // closes the tab; after the lecture's end: stays
}

// nap is a time during which a phone sleeps: it keeps its line and does not answer.
type nap struct {
	from, to time.Duration
}

// planLecture makes up who comes to a lecture of some length, and how. Only the seed
// and the arguments decide. Visits are in the order of coming.
func planLecture(seed uint64, students int, length time.Duration) []visit {
	r := rand.New(rand.NewPCG(seed, 2))
	var all []visit
	for s := newcomers; s < students; s++ {
		if r.Float64() < 0.09 {
			continue // never comes
		}
		v := visit{student: s, comes: arrival(r, length), types: r.Float64() < 0.2}
		v.checks = v.comes + seconds(r, 1, 6)
		if v.types {
			v.checks += seconds(r, 3, 8)
		}
		v.leaves = length + time.Minute
		switch chance := r.Float64(); {
		case chance < 0.3: // done, tab closed
			v.leaves = v.checks + seconds(r, 3, 40)
		case chance < 0.65: // put away, looked at again
			for t := v.checks; ; {
				n := nap{from: t + seconds(r, 8, 60)}
				n.to = n.from + seconds(r, 15, 90)
				if n.to > length {
					break
				}
				v.naps = append(v.naps, n)
				t = n.to
			}
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b visit) int { return int(a.comes - b.comes) })
	return all
}

// arrival returns when somebody comes: most in a rush that is at its peak half a
// minute after the opening, some during the first half of the lecture.
func arrival(r *rand.Rand, length time.Duration) time.Duration {
	if r.Float64() < 0.12 {
		return min(LateAfter, length/3) + time.Duration(r.Float64()*0.35*float64(length))
	}
	const peak, spread = 28, 16 // seconds
	t := time.Duration((peak + spread*r.NormFloat64()) * float64(time.Second))
	return min(max(t, time.Second), length/3)
}

// seconds returns a random time between two numbers of seconds.
func seconds(r *rand.Rand, least, most float64) time.Duration {
	return time.Duration((least + (most-least)*r.Float64()) * float64(time.Second))
}
