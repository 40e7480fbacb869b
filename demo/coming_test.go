package demo

import (
	"testing"
	"time"

	"github.com/muster-live/muster/store/sqlite"
)

// Whoever looks at the demo sees sessions to come, with a day off among them.
func TestTheComingWeeksArePlanned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	c, err := build(t.Context(), dir, now)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cur, err := store.Timetable(t.Context(), c.Course)
	if err != nil {
		t.Fatal(err)
	}
	coming := 0
	for _, s := range cur.Sessions {
		if s.Starts.After(now) {
			coming++
			if _, free := cur.On(time.Date(s.Starts.Year(), s.Starts.Month(), s.Starts.Day(), 0, 0, 0, 0, time.UTC)); free || s.Location != "Hall 1" {
				t.Errorf("planned: %+v", s)
			}
		}
	}
	if !cur.ZoneSet || len(cur.Holidays) != 1 || coming != 2*comingWeeks-1 {
		t.Errorf("zone set: %v, %d holidays, %d sessions to come", cur.ZoneSet, len(cur.Holidays), coming)
	}
}
