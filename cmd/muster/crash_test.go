package main

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// A server that is killed in the middle of a burst of check-ins has lost none of
// those that it acknowledged, and the phones come back by themselves.
func TestKilledInABurst(t *testing.T) {
	t.Parallel()
	const rounds, students = 3, 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	server := serveProcess(t, dir)
	for round := range rounds {
		s := loadOneSession(t, dir, fmt.Sprint(students))
		phones := phonesOf(s)
		together(phones, func(p *phone) { p.join(t, server.url) })
		if t.Failed() {
			return
		}

		// The moment: when so many check-ins have been sent and acknowledged.
		moment := 1 + random.Int64N(2*students)
		var steps, acknowledged atomic.Int64
		step := func() {
			if steps.Add(1) == moment {
				server.kill()
			}
		}
		together(phones, func(p *phone) {
			p.checkIn(t)
			step()
			for {
				m, err := p.hear(t)
				if err != nil {
					return
				}
				switch m.T {
				case "ack":
					acknowledged.Add(1)
					step()
				case "error":
					t.Errorf("student %d: %s", p.Person, m.Code)
				}
			}
		})
		server.wait()
		log := checkIns(t, dir, s.ID)
		t.Logf("round %d: killed at step %d; %d check-ins were acknowledged, %d are in the log", round, moment, acknowledged.Load(), len(log))
		mustHold(t, log, phones)

		server = serveProcess(t, dir)
		together(phones, func(p *phone) {
			p.join(t, server.url)
			if p.conn == nil {
				return
			}
			p.checkIn(t) // again, whether it was acknowledged or not
			for answered := false; !answered || p.counts[0] < students; {
				m, err := p.hear(t)
				if err != nil || m.T == "error" {
					t.Errorf("student %d: %+v, %v", p.Person, m, err)
					return
				}
				answered = answered || m.T == "ack"
			}
		})
		log = checkIns(t, dir, s.ID)
		if len(log) != students {
			t.Errorf("%d students are in the log, want %d", len(log), students)
		}
		mustHold(t, log, phones)
	}
	server.terminate()
}
