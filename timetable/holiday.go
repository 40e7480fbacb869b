package timetable

import (
	"fmt"
	"slices"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Institution is what all timetables share: the time zone and the holidays.
type Institution struct {
	Zone     *time.Location
	ZoneSet  bool // somebody has said which; until then it is UTC
	Holidays []Holiday
}

// Holiday is a day, or several, on which no sessions are planned.
type Holiday struct {
	ID    int64
	First Date
	Last  Date // the same day or a later one
	Name  string
}

// Limits of holidays.
const (
	MaxHoliday  = 400 // days
	MaxHolidays = 2000
)

// Validate returns an [attendance.Error] that names the field at fault.
func (h *Holiday) Validate() error {
	switch {
	case h.Name == "" || len([]rune(h.Name)) > MaxTitle || !attendance.IsText(h.Name):
		return attendance.BadField("name", fmt.Sprintf("1 to %d characters of text", MaxTitle))
	case h.First.Year() < minYear || h.First.Year() > maxYear:
		return attendance.BadField("first", "a day such as 2026-12-24")
	case h.Last.Before(h.First):
		return attendance.BadField("last", "the same day as the first, or later")
	case h.Last.Sub(h.First) > MaxHoliday*24*time.Hour:
		return attendance.BadField("last", fmt.Sprintf("at most %d days after the first", MaxHoliday))
	}
	return nil
}

// On returns the holiday that a day is in.
func (c *Institution) On(d Date) (Holiday, bool) {
	i := slices.IndexFunc(c.Holidays, func(h Holiday) bool { return !d.Before(h.First) && !d.After(h.Last) })
	if i < 0 {
		return Holiday{}, false
	}
	return c.Holidays[i], true
}

// SetZone sets the time zone by its name; one that is not known is UTC, which holds
// until somebody sets another.
func (c *Institution) SetZone(name string) {
	if c.Zone, c.ZoneSet = Zone(name); !c.ZoneSet {
		c.Zone = time.UTC
	}
}

// ZoneName is the name of the time zone; empty if nobody has set it.
func (c *Institution) ZoneName() string {
	if !c.ZoneSet {
		return ""
	}
	return c.Zone.String()
}
