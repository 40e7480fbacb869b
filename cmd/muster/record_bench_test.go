package main

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/rig"
)

// BenchmarkCheckIns shows how many check-ins one process records in a second, each with
// a ticket that is checked, and each synced to disk before it is answered. Students of
// 100 lectures check in, 4,000 at the same time.
func BenchmarkCheckIns(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) { benchCheckIns(b, database{Data: b.TempDir()}) })
	b.Run("PostgreSQL", func(b *testing.B) {
		dir, err := os.MkdirTemp("", "muster-bench-")
		if err != nil {
			b.Fatal(err)
		}
		p, err := rig.StartPostgres(b.Context(), dir)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			p.Stop()
			os.RemoveAll(dir)
		})
		benchCheckIns(b, database{Database: p.URL})
	})
}

func benchCheckIns(b *testing.B, flags database) {
	const lectures, students = 100, 300
	s, err := flags.open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ids, err := loadSessions(b.Context(), s, students, lectures, 0)
	if err != nil {
		b.Fatal(err)
	}
	key, err := s.Secret(b.Context(), "ticket")
	if err != nil {
		b.Fatal(err)
	}
	tickets := attendance.Tickets{Key: key}
	r := recorder.New(s, recorder.NoScreens{}, time.Now)
	defer r.Close()
	inFlight := make(chan struct{}, 4000)
	var done sync.WaitGroup
	b.ResetTimer()
	for i := range b.N {
		if i == lectures*students {
			b.Fatalf("there are %d students: use -benchtime %[1]dx", i)
		}
		// One after another from different lectures, as when all begin at ten.
		lecture := &ids.Sessions[i%lectures]
		who := lecture.Students[i/lectures]
		ticket, err := tickets.Check(who.Ticket, lecture.ID, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		inFlight <- struct{}{}
		done.Add(1)
		r.Submit(attendance.Command{ID: fmt.Sprint("c", i), Session: lecture.ID, Actor: who.Person, Kind: attendance.CheckIn, Ticket: ticket}, func(out attendance.Outcome, err error) {
			if err != nil || out.Entry.Mark != attendance.Present {
				b.Errorf("check-in %d: %+v, %v", i, out, err)
			}
			<-inFlight
			done.Done()
		})
	}
	done.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "check-ins/s")
}
