package main

import (
	"os"
	"testing"

	"github.com/muster-live/muster/bench"
)

// TestMain has the tests' own program be the servers written in Go, as main does.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "-serve" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestServersWrittenInGoTellEverybodyInTheirRooms(t *testing.T) {
	for _, p := range peers("", "") {
		if p.name != "Centrifuge" && p.most > 1 {
			continue
		}
		r, err := measure(t.Context(), p, scenario{rooms: 2, students: 10, nodes: 1, load: bench.Load{Scenario: bench.Storm, Duration: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if r.Acked != 20 || r.Delivered != 200 || len(r.Trouble) > 0 {
			t.Errorf("%s: 20 check-ins, seen by 10 others each: got %+v", p.name, r)
		}
	}
}
