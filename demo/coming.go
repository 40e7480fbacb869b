package demo

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/timetable"
)

// comingWeeks is for how many weeks the lecture's course is planned.
const comingWeeks = 6

// plan says where the university is, gives it a day off, and plans the coming weeks of
// the lecture's course, so that there is a timetable to look at.
func (b *builder) plan(ctx context.Context, now time.Time) error {
	h := changes.Header{Kind: changes.Timetable, Title: "Time zone and holidays", From: "demo", At: now}
	off := weekday(now, 2, time.Wednesday)
	_, err := b.store.ChangeInstitution(ctx, h, func(in *timetable.Institution) error {
		in.SetZone(zoneName())
		day := time.Date(off.Year(), off.Month(), off.Day(), 0, 0, 0, 0, time.UTC)
		in.Holidays = []timetable.Holiday{{First: day, Last: day, Name: "Open day"}}
		return nil
	})
	if err != nil {
		return err
	}
	c := b.university.courses[lectureCourse]
	p := &timetable.Planner{Store: b.store, Now: func() time.Time { return now }, Changed: func(changes.Result) {}}
	first := weekday(now, 1, c.weekday)
	input, err := p.Read(ctx, timetable.Request{
		Course: b.courses[lectureCourse], Location: "Hall 1",
		Rule: fmt.Sprintf("Mon and Wed %d:00–%d:30, from %s until %s", c.hour, c.hour+1, first.Format("2.1.2006"), first.AddDate(0, 0, 7*comingWeeks-1).Format("2.1.2006")),
	})
	if err != nil {
		return fmt.Errorf("plan the coming weeks: %w", err)
	}
	h.Title, h.Course = "Rule: the coming weeks", b.courses[lectureCourse]
	_, _, err = p.Apply(ctx, h, input, "")
	return err
}

// zoneName is the name of this computer's time zone, in which the past term was held;
// UTC if it cannot be told.
func zoneName() string {
	if name := time.Local.String(); name != "Local" {
		return name
	}
	if path, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(path, "zoneinfo/"); ok {
			return name
		}
	}
	return "UTC"
}
