package timetable

import (
	"fmt"
	"time"
)

// Wall is what a clock on the wall shows: a time.Time in UTC of which only the fields
// count. It becomes a moment by a time zone.
type Wall = time.Time

// OnWall returns what a clock on the wall of a zone shows at a moment.
func OnWall(t time.Time, zone *time.Location) Wall {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// Shift says whether a wall clock shows a time once, never or twice.
type Shift uint8

// The shifts.
const (
	Once    Shift = iota
	Skipped       // summer time begins, and the clock jumps over it
	Twice         // summer time ends, and the clock shows it again
)

// Moment returns when a clock of the zone shows w: the first time if it does so twice,
// and if it never does, the time by the offset from before the jump.
func Moment(w Wall, zone *time.Location) (time.Time, Shift) {
	before, after := offset(w.Add(-24*time.Hour), zone), offset(w.Add(24*time.Hour), zone)
	first, second := w.Add(-before), w.Add(-after)
	shows := func(t time.Time) bool { return OnWall(t, zone).Equal(w) }
	switch {
	case shows(first) && shows(second) && before != after:
		if second.Before(first) {
			first = second
		}
		return first.In(zone), Twice
	case shows(first):
		return first.In(zone), Once
	case shows(second):
		return second.In(zone), Once
	}
	return first.In(zone), Skipped
}

func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// shiftNote tells a person what became of a time that a clock skips or shows twice.
func shiftNote(w Wall, t time.Time, s Shift) string {
	switch s {
	case Skipped:
		return fmt.Sprintf("Clocks skip %s on this day; it is taken as %s.", w.Format("15:04"), t.Format("15:04"))
	case Twice:
		return fmt.Sprintf("Clocks show %s twice on this day; the first is taken.", w.Format("15:04"))
	}
	return ""
}

// Date is a day of the calendar, at midnight UTC.
type Date = time.Time

// DateOf returns the day that a clock of the zone shows at a moment.
func DateOf(t time.Time, zone *time.Location) Date { return dayOf(OnWall(t, zone)) }

func dayOf(w Wall) Date { return time.Date(w.Year(), w.Month(), w.Day(), 0, 0, 0, 0, time.UTC) }

func date(year int, month time.Month, day int) Date {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// validDate reports whether there is such a day.
func validDate(year int, month time.Month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= date(year, month+1, 0).Day() && year >= minYear && year <= maxYear
}

// Nothing is planned outside of these years.
const (
	minYear = 1970
	maxYear = 2200
)
