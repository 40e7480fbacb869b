package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

// This is `go run ./faults -short`: every fault once, for a short while, and on any machine.
func TestMusterKeepsItsWordThroughEveryFault(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a minute")
	}
	s := suite{Seed: rand.Uint64N(1e6), Rounds: 1, Clients: 100, Short: true, Slack: time.Minute, Out: t.Output()}
	t.Logf("seed %d", s.Seed)
	well, err := s.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !well {
		t.Error("muster did not keep its word; see above")
	}
}
