package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/excuse"
	"github.com/muster-live/muster/roster"
)

// BenchmarkExcuse shows how long an excuse takes that touches 50,000 marks, of 2,000
// students in 25 sessions that were held; and how long a check-in in a session that is
// open waits for it at the most.
func BenchmarkExcuse(b *testing.B, open Open) {
	const students, sessions = 2000, 25
	c := newClass(b, open(b), students)
	for i := range sessions {
		n := roster.Schedule(c.course, fmt.Sprint("Week ", i), tenFifteen)
		n.Starts = tenFifteen.Add(-time.Duration(i+1) * week)
		id, err := c.AddSession(b.Context(), n)
		must(b, err)
		held := c.at(id)
		held.must(b, held.command("open", c.teacher, attendance.OpenSession))
		held.must(b, held.command("close", c.teacher, attendance.CloseSession))
	}
	var slowest time.Duration
	round := 0
	for b.Loop() {
		round++
		w := &excuse.Wanted{Reason: fmt.Sprint("round ", round), By: c.teacher, At: tenFifteen,
			Scope: excuse.Scope{Courses: []attendance.CourseID{c.course}, From: tenFifteen.Add(-30 * week), Until: tenFifteen.Add(-time.Hour)}}
		stop := make(chan struct{})
		var lecture sync.WaitGroup
		lecture.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				began := time.Now()
				if _, err := c.Append(b.Context(), []attendance.Command{c.checkIn(fmt.Sprint("r", round, "c", i), i%students, "")}); err != nil {
					b.Error(err)
				}
				slowest = max(slowest, time.Since(began))
			}
		})
		began := time.Now()
		r := c.excuse(b, w)
		b.ReportMetric(time.Since(began).Seconds(), "s/excuse")
		close(stop)
		lecture.Wait()
		if len(r.Events) != students*sessions {
			b.Fatalf("%d marks", len(r.Events))
		}
		b.StopTimer()
		_, err := c.UndoChanges(b.Context(), header(changes.Undo, c.teacher), r.ID, false)
		must(b, err)
		b.StartTimer()
	}
	b.ReportMetric(slowest.Seconds(), "s/slowest-check-in")
}
