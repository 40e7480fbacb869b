package scale_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/bench/scale"
)

var whole = flag.Bool("whole", false, "hold a whole university and the hundredth part of a country, and print what that takes")

// TestEachNodeShowsEverybodyHoweverManyNodesThereAre holds a few lectures on more and
// more nodes, and with -whole a university's on up to 16 and a country's on 40.
func TestEachNodeShowsEverybodyHoweverManyNodesThereAre(t *testing.T) {
	type size struct {
		nodes, lectures, each int
		within                time.Duration
	}
	sizes := []size{{2, 4, 25, 20 * time.Second}, {8, 4, 25, 20 * time.Second}}
	if *whole {
		sizes = []size{
			{2, 400, 125, 5 * time.Minute}, {4, 400, 125, 5 * time.Minute}, {8, 400, 125, 5 * time.Minute}, {16, 400, 125, 5 * time.Minute},
			{40, 100, 125, 5 * time.Minute}, {40, 200, 125, 5 * time.Minute},
		}
		fmt.Println("| nodes | lectures × students | bytes on the bus for each student who comes | deliveries for each student | of them events, presence, questions | busiest of 8 shards | processor time of a node while they come (ms/s) | beats at rest: kB/s that a node reads | processor time of a node at rest (ms/s) |")
		fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	}
	for _, s := range sizes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			r := hold(t, s.nodes, s.lectures, s.each, s.within)
			if *whole {
				students, nodes := float64(s.lectures*s.each), float64(s.nodes)
				seconds, resting := s.within.Seconds(), idleFor.Seconds()
				of := func(k scale.Kind) float64 { return r.arrival.Of[k].Deliveries / students }
				fmt.Printf("| %d | %d × %d | %.0f | %.1f | %.1f, %.1f, %.1f | %.0f %% | %.1f | %.1f | %.1f |\n", s.nodes, s.lectures, s.each,
					r.arrival.All().Delivered/students, r.arrival.All().Deliveries/students, of(scale.Events), of(scale.Presence), of(scale.Asks),
					100*r.arrival.Fullest(), float64(r.busy.Milliseconds())/seconds/nodes,
					r.quiet.Of[scale.Beats].Delivered/resting/nodes/1000, float64(r.resting.Microseconds())/1000/resting/nodes)
			}
			want := scale.Bus(s.nodes, s.lectures, s.each)
			near := func(what string, got, want float64) {
				if got > 1.5*want || got < want/2 {
					t.Errorf("%s: %.2f, and the model says %.2f", what, got, want)
				}
			}
			students := float64(s.lectures * s.each)
			for _, k := range []scale.Kind{scale.Events, scale.Presence, scale.Asks} {
				near(fmt.Sprint("deliveries of ", k, " for each student"), r.arrival.Of[k].Deliveries/students, want.PerStudent(k))
			}
			near("bytes of beats that a node reads each second", r.quiet.Of[scale.Beats].Delivered/idleFor.Seconds()/float64(s.nodes), want.BeatBytes)
		})
	}
}

func TestTheTableHasAColumnForEachLoad(t *testing.T) {
	var b strings.Builder
	scale.Measured.Table(&b, scale.Prices, scale.University, scale.Country, scale.OneCluster)
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		if strings.Count(line, "|") != 5 || strings.Contains(line, "NaN") {
			t.Errorf("%s", line)
		}
	}
	if *whole {
		fmt.Fprintln(os.Stdout, b.String())
	}
}

func TestACountryOfCellsTakesAsMuchAsItsUniversities(t *testing.T) {
	one := scale.Measured.Of(scale.University, scale.Prices)
	cell := scale.Measured.Of(scale.Country, scale.Prices)
	if one != cell {
		t.Errorf("a university takes %+v alone and %+v in a country", one, cell)
	}
	all := scale.Measured.Of(scale.OneCluster, scale.Prices)
	if all.Deliveries < 10*one.Deliveries*float64(scale.Country.Cells) {
		t.Errorf("one cluster of a country is said to be no worse than cells: %.0f deliveries", all.Deliveries)
	}
}
