package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/timetable"
)

const lectures = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VEVENT\r\nUID:one\r\nDTSTAMP:20260901T000000Z\r\n" +
	"SUMMARY:Lecture\r\nDTSTART:20270111T100000Z\r\nDTEND:20270111T114500Z\r\nRRULE:FREQ=WEEKLY;COUNT=5\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

// A server that is killed while it waits for a calendar has the others fetch it, and the
// sessions are planned once.
func TestAKilledServersFetchGoesOn(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string]database{"SQLite": {Data: t.TempDir()}, "PostgreSQL": {Database: emptyPostgres(t)}} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan int64, 10)
			var requests atomic.Int64
			calendars := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := requests.Add(1)
				asked <- n
				if n == 1 {
					<-r.Context().Done() // until who asks is killed
					return
				}
				_, _ = io.WriteString(w, lectures)
			}))
			t.Cleanup(calendars.Close)
			in := newInstallation(t, flags)
			in.args = append(in.args, "--private-calendars")
			course, err := in.store.AddCourse(t.Context(), roster.NewCourse{Course: roster.Course{Code: "CS1", Title: "Algorithms", Rules: attendance.DefaultRules()}})
			if err != nil {
				t.Fatal(err)
			}
			sub := timetable.Subscription{Course: course, Address: calendars.URL + "/a.ics", Fetched: timetable.Fetched{Next: time.Now()}}
			if _, err := in.store.AddSubscription(t.Context(), attendance.Author{}, sub, time.Now()); err != nil {
				t.Fatal(err)
			}
			servers := []*process{in.serve()}
			if flags.Database != "" {
				servers = append(servers, in.serve())
			}
			<-asked
			job := in.fetching()
			at := time.Now()
			for _, p := range servers { // the one that does it
				if len(servers) == 1 || strings.Contains(job.Node, p.name()) {
					p.kill()
					p.wait()
				}
			}
			if len(servers) == 1 {
				in.serve()
			}
			select {
			case <-asked:
			case <-time.After(patience):
				t.Fatal("nobody fetches it")
			}
			took := time.Since(at)
			for in.fetching().State != jobs.Done {
				if time.Since(at) > patience {
					t.Fatalf("the job is %+v", in.fetching())
				}
				time.Sleep(20 * time.Millisecond)
			}
			planned, err := in.store.Meetings(t.Context(), course)
			if err != nil || len(planned) != 5 {
				t.Errorf("%d sessions are planned, %v", len(planned), err)
			}
			if n := in.sets(); n != 1 {
				t.Errorf("%d change sets, want 1", n)
			}
			if took > goesOnWithin {
				t.Errorf("it went on after %v", took)
			}
			t.Logf("it went on after %v: %s", took.Round(time.Millisecond), in.fetching().Summary)
		})
	}
}

// fetching returns the job that fetches the calendar.
func (in *installation) fetching() jobs.Job {
	in.t.Helper()
	all, err := in.store.Jobs(in.t.Context(), jobs.Query{Routine: true, Limit: 50})
	if err != nil {
		in.t.Fatal(err)
	}
	for _, j := range all {
		if j.Kind == "fetch" {
			return j
		}
	}
	in.t.Fatal("there is no such job")
	return jobs.Job{}
}
