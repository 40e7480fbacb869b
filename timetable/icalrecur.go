package timetable

import (
	"slices"
	"strings"
	"time"

	rrule "github.com/teambition/rrule-go"
)

// Limits of what repeats.
const (
	maxMeetings = 1000 // of one event
	maxBarren   = 3    // rules in a calendar that never happen; each takes a while to find out
)

var (
	errEndless = reason("It repeats without end, and the course's term has no last day. Give the last day, or have it end in your calendar.")
	errTooMany = reasonf("It takes place more than %d times. Have it end earlier in your calendar.", maxMeetings)
	errOften   = reason("It repeats more often than daily. Give each time an event of its own.")
	errBarren  = reason("Too many events of this calendar have rules that never come true. Correct their rules.")
)

// recurrences are when an event takes place, by the wall clock of its zone, in order.
// The rules are followed on the wall, since 10:15 is 10:15 in summer and in winter.
func (r *calendarReader) recurrences(e *event) ([]Wall, error) {
	walls := []Wall{e.starts}
	var from Wall // of what repeats without end, only the term's part counts
	for _, p := range e.props {
		switch p.name {
		case "RRULE":
			more, endless, err := r.follow(e, p.value)
			if err != nil {
				return nil, err
			}
			if endless {
				from = e.term.First
			}
			walls = append(walls, more...)
		case "RDATE":
			more, err := r.dates(e, &p)
			if err != nil {
				return nil, err
			}
			walls = append(walls, more...)
		}
		if len(walls) > 2*maxMeetings {
			return nil, errTooMany
		}
	}
	without := make(map[Wall]bool)
	days := make(map[Date]bool)
	for _, p := range e.props {
		if p.name != "EXDATE" {
			continue
		}
		for _, v := range p.values() {
			at, err := r.time(&p, v)
			if err != nil {
				return nil, err
			}
			if at.day {
				days[at.wall] = true
			} else {
				without[at.in(e.zone)] = true
			}
		}
	}
	walls = slices.DeleteFunc(walls, func(w Wall) bool { return without[w] || days[dayOf(w)] || w.Before(from) })
	slices.SortFunc(walls, Wall.Compare)
	walls = slices.CompactFunc(walls, Wall.Equal)
	if len(walls) > maxMeetings {
		return nil, errTooMany
	}
	return walls, nil
}

// dates reads an RDATE. Of periods, only the beginning counts.
func (r *calendarReader) dates(e *event, p *property) (walls []Wall, err error) {
	for _, v := range p.values() {
		v, _, _ = strings.Cut(v, "/")
		at, err := r.time(p, v)
		if err != nil {
			return nil, err
		}
		w := at.in(e.zone)
		if at.day {
			w = at.wall.Add(e.starts.Sub(dayOf(e.starts)))
		}
		walls = append(walls, w)
	}
	return walls, nil
}

// follow returns when a rule has an event take place, from its beginning on, and
// whether that has no end of its own.
func (r *calendarReader) follow(e *event, text string) (walls []Wall, endless bool, err error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	unread := func(err error) error { return reasonf("Its rule %q cannot be read: %v.", clean(text, 80), err) }
	o, err := rrule.StrToROption(text)
	switch {
	case err != nil:
		return nil, false, unread(err)
	case o.Freq > rrule.DAILY || len(o.Byhour)*len(o.Byminute)*len(o.Bysecond) > 24:
		return nil, false, errOften
	case o.Interval > 1000 || o.Count > 20*maxMeetings:
		return nil, false, errTooMany
	case r.barren >= maxBarren:
		return nil, false, errBarren
	}
	o.Dtstart = e.starts
	var from Wall
	switch {
	case !o.Until.IsZero() && strings.HasSuffix(untilOf(text), "Z"):
		o.Until = OnWall(o.Until, e.zone)
	case !o.Until.IsZero() && !strings.Contains(untilOf(text), "T"):
		o.Until = endOf(o.Until)
	case o.Until.IsZero() && o.Count == 0:
		if e.term.Last.IsZero() {
			return nil, false, errEndless
		}
		endless, from, o.Until = true, e.term.First, endOf(e.term.Last)
	}
	rule, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, false, unread(err)
	}
	next := rule.Iterator()
	for made := 0; ; made++ {
		w, ok := next()
		if !ok && made == 0 {
			r.barren++
		}
		if !ok {
			return walls, endless, nil
		}
		if len(walls) > maxMeetings || made > 20*maxMeetings {
			return nil, false, errTooMany
		}
		if !w.Before(from) {
			walls = append(walls, w)
		}
	}
}

// endOf is the last second of a day.
func endOf(d Date) Wall { return d.Add(24*time.Hour - time.Second) }

func untilOf(rule string) string {
	for part := range strings.SplitSeq(rule, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "UNTIL="); ok {
			return v
		}
	}
	return ""
}

// readZones reads the time zones that a calendar explains itself.
func (r *calendarReader) readZones(calendar *component) {
	for _, c := range calendar.inner {
		if c.name != "VTIMEZONE" {
			continue
		}
		name := c.text("TZID")
		zone, ok := Zone(name)
		if !ok {
			zone, ok = Zone(c.text("X-LIC-LOCATION"))
		}
		if ok {
			r.zones[name] = zone
			continue
		}
		var parts []observance
		for _, inner := range c.inner {
			if o, ok := r.observance(inner); ok {
				parts = append(parts, o)
			}
		}
		if zone, err := zoneOf(name, parts); err == nil {
			r.zones[name] = zone
		}
	}
}

// zoneYears is how far ahead the rules of a time zone are followed.
const zoneYears = 2100

func (r *calendarReader) observance(c *component) (o observance, ok bool) {
	from, ok1 := parseOffset(c.text("TZOFFSETFROM"))
	to, ok2 := parseOffset(c.text("TZOFFSETTO"))
	start, err := time.Parse(wallFormat, strings.TrimSpace(c.text("DTSTART")))
	if !ok1 || !ok2 || err != nil {
		return o, false
	}
	o = observance{name: c.name, from: from, to: to, onsets: []Wall{start}}
	if p := c.get("RRULE"); p != nil {
		opt, err := rrule.StrToROption(strings.ToUpper(strings.TrimSpace(p.value)))
		if err != nil || opt.Freq != rrule.YEARLY {
			return o, false
		}
		opt.Dtstart = start
		if last := date(zoneYears, 1, 1); opt.Until.IsZero() || opt.Until.After(last) {
			opt.Until = last
		} else {
			opt.Until = opt.Until.Add(from) // it is in UTC
		}
		rule, err := rrule.NewRRule(*opt)
		if err != nil {
			return o, false
		}
		next := rule.Iterator()
		for range 2000 {
			w, ok := next()
			if !ok {
				break
			}
			o.onsets = append(o.onsets, w)
		}
	}
	for _, p := range c.props {
		if p.name != "RDATE" {
			continue
		}
		for _, v := range p.values() {
			if w, err := time.Parse(wallFormat, strings.TrimSpace(v)); err == nil {
				o.onsets = append(o.onsets, w)
			}
		}
	}
	slices.SortFunc(o.onsets, Wall.Compare)
	o.onsets = slices.CompactFunc(o.onsets, Wall.Equal)
	return o, true
}

// parseOffset reads an offset such as +0100 or -033052.
func parseOffset(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if len(s) != 5 && len(s) != 7 {
		return 0, false
	}
	sign := time.Duration(1)
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	var parts [3]int
	for i := 1; i+1 < len(s); i += 2 {
		if s[i] < '0' || s[i] > '9' || s[i+1] < '0' || s[i+1] > '9' {
			return 0, false
		}
		parts[i/2] = int(s[i]-'0')*10 + int(s[i+1]-'0')
	}
	if parts[0] > 23 || parts[1] > 59 || parts[2] > 59 {
		return 0, false
	}
	return sign * (time.Duration(parts[0])*time.Hour + time.Duration(parts[1])*time.Minute + time.Duration(parts[2])*time.Second), true
}
