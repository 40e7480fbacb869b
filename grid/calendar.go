package grid

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// calendar finds sessions by what is written of them: a title, or a day, perhaps with
// a time or a title after it.
type calendar struct {
	byTitle map[string][]*Session
	byDay   map[string][]*Session // 2026-09-01
	byShort map[string][]*Session // 09-01: for days without a year
	zone    *time.Location
}

func newCalendar(g *Grid, zone *time.Location) *calendar {
	if zone == nil {
		zone = time.UTC
	}
	c := &calendar{byTitle: map[string][]*Session{}, byDay: map[string][]*Session{}, byShort: map[string][]*Session{}, zone: zone}
	for i := range g.Sessions {
		s := &g.Sessions[i]
		if s.Title != "" {
			c.byTitle[title(s.Title)] = append(c.byTitle[title(s.Title)], s)
		}
		if !s.Starts.IsZero() {
			at := s.Starts.In(zone)
			c.byDay[at.Format(time.DateOnly)] = append(c.byDay[at.Format(time.DateOnly)], s)
			c.byShort[at.Format("01-02")] = append(c.byShort[at.Format("01-02")], s)
		}
	}
	return c
}

func title(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// isSession reports whether a heading is that of a session: by its title, or a day.
func (c *calendar) isSession(heading string) bool {
	if len(c.byTitle[title(heading)]) > 0 || table.IsDay(heading) {
		return true
	}
	_, ok := shortDay(heading)
	return ok
}

// order tells which of the ways to read 9/1/2026 finds more of the sessions.
func (c *calendar) order(written []string) table.DayOrder {
	best, most := table.DayFirst, -1
	for _, order := range []table.DayOrder{table.DayFirst, table.MonthFirst} {
		n := 0
		for _, text := range written {
			if day, ok := table.ParseDay(text, order); ok && len(c.byDay[day]) > 0 {
				n++
			}
		}
		if n > most {
			best, most = order, n
		}
	}
	return best
}

// find returns the session that is meant, or why it is not known.
func (c *calendar) find(text string, order table.DayOrder) (attendance.SessionID, string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, "It does not say which session."
	}
	if found := c.byTitle[title(text)]; len(found) == 1 {
		return found[0].ID, ""
	} else if len(found) > 1 {
		return 0, fmt.Sprintf("There are %d sessions called %q. Give the day.", len(found), text)
	}
	day, ok := table.ParseDay(text, order)
	found := c.byDay[day]
	if !ok {
		if day, ok = shortDay(text); ok {
			found = c.byShort[day]
		}
	}
	switch {
	case !ok:
		return 0, fmt.Sprintf("There is no session %q, and it is not a day such as 2026-09-01.", text)
	case len(found) == 0:
		return 0, "There is no session on " + day + "."
	case len(found) == 1:
		return found[0].ID, ""
	}
	return c.among(found, text, day)
}

var clock = regexp.MustCompile(`\b([01]?\d|2[0-3])[:.h]([0-5]\d)\b`)

// among tells sessions of one day from each other by a time or a title after the day.
func (c *calendar) among(found []*Session, text, day string) (attendance.SessionID, string) {
	_, rest, _ := strings.Cut(text, " ")
	at := clock.FindStringSubmatch(rest)
	var fit []*Session
	for _, s := range found {
		byTime := at != nil && s.Starts.In(c.zone).Format("15:04") == fmt.Sprintf("%02s:%s", at[1], at[2])
		if byTime || s.Title != "" && strings.Contains(title(rest), title(s.Title)) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 1 {
		return fit[0].ID, ""
	}
	return 0, fmt.Sprintf("There are %d sessions on %s. Give the time as well, such as %s 10:15.", len(found), day, day)
}

// shortDay reads a day without a year: 1.9., 1 Sep, Sep 1. It returns it as 09-01.
func shortDay(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if comma := strings.IndexByte(text, ','); comma >= 0 && comma <= 4 { // Mon, Sep 1
		text = strings.TrimSpace(text[comma+1:])
	}
	for _, layout := range []string{"2.1.", "2. Jan", "2 Jan", "Jan 2", "2 January", "January 2"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Format("01-02"), true
		}
	}
	return "", false
}
