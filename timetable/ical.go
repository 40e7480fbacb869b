package timetable

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Calendar reads the sessions of an iCalendar file (RFC 5545): events that have times,
// each time that they take place. What it cannot use, it rejects with the reason, one
// event at a time; its error says that the file is no calendar.
func Calendar(file string, data []byte, f Frame) (*Reading, error) {
	if len(data) > MaxCalendar {
		return nil, broken(file, 0, fmt.Sprintf("It is larger than %d MB. Export a shorter time.", MaxCalendar>>20))
	}
	calendars, err := components(file, unfold(text(data)))
	if err != nil {
		return nil, err
	}
	r := &calendarReader{file: file, frame: f, zones: map[string]*time.Location{"": f.Zone}, reading: &Reading{}}
	byUID := make(map[string][]*event)
	var order []string
	for _, c := range calendars {
		r.readZones(c)
		if of := c.get(rejectedFrom); of != nil {
			r.reading.Part, r.reading.Of = true, clean(c.text(rejectedFrom), MaxTitle)
		}
		for _, inner := range c.inner {
			if inner.name != "VEVENT" {
				continue
			}
			if inner.get(rejectedFor) != nil {
				r.reading.Part = true
			}
			e, ok := r.event(inner)
			if !ok {
				continue
			}
			if byUID[e.uid] == nil {
				order = append(order, e.uid)
			}
			byUID[e.uid] = append(byUID[e.uid], e)
		}
	}
	for _, uid := range order {
		r.series(byUID[uid])
	}
	// Exceptions come out of a map, which has no order.
	slices.SortStableFunc(r.reading.Sessions, func(a, b Planned) int {
		return cmp.Or(cmp.Compare(a.Origin.Line, b.Origin.Line), a.Starts.Compare(b.Starts), cmp.Compare(a.Ref, b.Ref))
	})
	return r.reading, nil
}

type calendarReader struct {
	file    string
	frame   Frame
	zones   map[string]*time.Location // by TZID; nil: unknown
	reading *Reading
	barren  int // rules that make nothing
}

func (r *calendarReader) origin(line int) Origin { return Origin{File: r.file, Line: line} }

// event is a VEVENT: one meeting, the first of several, or an exception of these.
type event struct {
	*component
	uid        string
	course     attendance.CourseID
	term       Term
	summary    string
	zone       *time.Location // in which it repeats
	starts     Wall
	length     time.Duration
	sequence   int
	modified   string
	recurrence *stamp // the one of a series that it replaces
	andLater   bool   // and all after that
	cancelled  bool
}

// uid names a VEVENT, or the series that it is of; empty: nothing does.
func (c *component) uid() string { return strings.TrimSpace(c.text("UID")) }

// summary is what a VEVENT is called.
func (c *component) summary() string {
	return cmp.Or(clean(c.text("SUMMARY"), MaxTitle), "Event without a title")
}

// event reads a VEVENT, or rejects it.
func (r *calendarReader) event(c *component) (*event, bool) {
	e := &event{component: c, uid: c.uid(), summary: c.summary()}
	fail := func(format string, args ...any) (*event, bool) {
		r.reading.reject(r.origin(c.line), e.summary, format, args...)
		return nil, false
	}
	if !r.frame.wants(e.summary, e.text("CATEGORIES"), e.text("DESCRIPTION"), e.text("LOCATION")) {
		r.reading.Others++
		return nil, false
	}
	if c.bad != "" {
		return fail("%s", c.bad)
	}
	course, err := r.frame.course(e.text("CATEGORIES"), e.summary)
	if err != nil {
		return fail("%s", err)
	}
	e.course, e.term = course.ID, course.Term
	start := c.get("DTSTART")
	if start == nil {
		return fail("It has no beginning (DTSTART).")
	}
	at, err := r.time(start, start.value)
	switch {
	case err != nil:
		return fail("%s", err)
	case at.day:
		return fail("It lasts all day, and a session has times. If there are no sessions on it, it is a holiday of the institution.")
	}
	e.zone, e.starts = at.zone, at.wall
	if e.length, err = r.length(c, at); err != nil {
		return fail("%s", err)
	}
	if e.uid == "" { // against the standard, but it happens
		e.uid = e.summary + "@" + at.moment().UTC().Format(utcFormat)
	}
	e.sequence, _ = strconv.Atoi(c.text("SEQUENCE"))
	e.modified = c.text("LAST-MODIFIED")
	e.cancelled = strings.EqualFold(c.text("STATUS"), "CANCELLED")
	if id := c.get("RECURRENCE-ID"); id != nil {
		which, err := r.time(id, id.value)
		if err != nil {
			return fail("%s", err)
		}
		e.recurrence = &which
		e.andLater = strings.EqualFold(id.param("RANGE"), "THISANDFUTURE")
	}
	return e, true
}

// length is how long an event lasts, by its end or its duration.
func (r *calendarReader) length(c *component, starts stamp) (time.Duration, error) {
	if end := c.get("DTEND"); end != nil {
		at, err := r.time(end, end.value)
		if err != nil {
			return 0, err
		}
		if at.day {
			return 0, reason("It begins at a time but ends on a day (DTEND).")
		}
		return at.moment().Sub(starts.moment()), nil
	}
	if d := c.get("DURATION"); d != nil {
		length, ok := parseDuration(d.value)
		if !ok {
			return 0, reasonf("Its duration %q cannot be read.", clean(d.value, 40))
		}
		return length, nil
	}
	return 0, reason("It has no end (DTEND or DURATION).")
}

const (
	dayFormat  = "20060102"
	wallFormat = "20060102T150405"
	utcFormat  = "20060102T150405Z"
)

// stamp is a time of a calendar.
type stamp struct {
	wall Wall
	zone *time.Location
	day  bool // it has no time of day
}

func (s stamp) moment() time.Time {
	t, _ := Moment(s.wall, s.zone)
	return t
}

// in returns what a clock of a zone shows at that time.
func (s stamp) in(zone *time.Location) Wall {
	if s.zone == zone {
		return s.wall // even one that the clock skips
	}
	return OnWall(s.moment(), zone)
}

// time reads a value of a property that holds times.
func (r *calendarReader) time(p *property, value string) (stamp, error) {
	value = strings.TrimSpace(value)
	unread := reasonf("The time %q (%s, line %d) cannot be read.", clean(value, 40), p.name, p.line)
	if strings.EqualFold(p.param("VALUE"), "DATE") || len(value) == len(dayFormat) {
		w, err := time.Parse(dayFormat, value)
		if err != nil {
			return stamp{}, unread
		}
		return stamp{w, r.frame.Zone, true}, nil
	}
	if w, err := time.Parse(utcFormat, value); err == nil {
		return stamp{w, time.UTC, false}, nil
	}
	w, err := time.Parse(wallFormat, value)
	if err != nil {
		return stamp{}, unread
	}
	name := p.param("TZID")
	zone, known := r.zones[name]
	if !known {
		zone, _ = Zone(name)
		r.zones[name] = zone
	}
	if zone == nil {
		return stamp{}, reasonf("The time zone %q (line %d) is unknown, and the file does not explain it (VTIMEZONE).", clean(name, 60), p.line)
	}
	return stamp{w, zone, false}, nil
}

// parseDuration reads a DURATION such as PT1H30M. Days are of 24 hours.
func parseDuration(s string) (time.Duration, bool) {
	s, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "+"), "P")
	if !ok || s == "" {
		return 0, false
	}
	units := map[byte]time.Duration{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	var total time.Duration
	for s != "" {
		if s[0] == 'T' {
			s = s[1:]
			continue
		}
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if digits == 0 || digits > 6 || digits == len(s) || units[s[digits]] == 0 {
			return 0, false
		}
		n, _ := strconv.Atoi(s[:digits])
		total += time.Duration(n) * units[s[digits]]
		s = s[digits+1:]
	}
	return total, true
}

// series plans the events of one UID: what repeats, and its exceptions.
func (r *calendarReader) series(all []*event) {
	// The newest of those that say the same comes first.
	slices.SortStableFunc(all, func(a, b *event) int {
		return cmp.Or(cmp.Compare(b.sequence, a.sequence), cmp.Compare(b.modified, a.modified))
	})
	var master *event
	var exceptions []*event
	for _, e := range all {
		switch {
		case e.recurrence != nil:
			exceptions = append(exceptions, e)
		case master == nil:
			master = e
		default:
			r.reading.reject(r.origin(e.line), e.summary, "The event of line %d has the same UID and is newer.", master.line)
		}
	}
	switch {
	case master == nil: // only exceptions: somebody was invited to these meetings alone
		for _, e := range exceptions {
			r.plan(e, refs{}.of(e.uid, e.recurrence.in(e.zone)), e.starts)
		}
	case len(exceptions) == 0 && master.get("RRULE") == nil && master.get("RDATE") == nil:
		r.plan(master, master.uid, master.starts)
	default:
		r.repeating(master, exceptions)
	}
}

// repeating plans an event that repeats.
func (r *calendarReader) repeating(master *event, exceptions []*event) {
	walls, err := r.recurrences(master)
	if err != nil {
		r.reading.reject(r.origin(master.line), master.summary, "%s", err)
		return
	}
	instead := make(map[Wall]*event) // of one meeting
	var later []*event               // of this and all later ones, in order
	which := func(e *event) Wall {
		if e.recurrence.day { // some programs name only the day
			for _, w := range walls {
				if dayOf(w).Equal(e.recurrence.wall) {
					return w
				}
			}
		}
		return e.recurrence.in(master.zone)
	}
	for _, e := range exceptions {
		if at := which(e); instead[at] == nil {
			instead[at] = e
		}
		if e.andLater {
			later = append(later, e)
		}
	}
	slices.SortStableFunc(later, func(a, b *event) int { return which(a).Compare(which(b)) })
	named := refs{}
	for _, at := range walls {
		e, starts := master, at
		for _, l := range later {
			if from := which(l); !at.Before(from) {
				e, starts = l, at.Add(l.starts.Sub(from))
			}
		}
		if x := instead[at]; x != nil {
			e, starts = x, x.starts
			delete(instead, at)
		}
		p := *e
		p.cancelled = e.cancelled || master.cancelled
		r.plan(&p, named.of(master.uid, at), starts)
	}
	for at, e := range instead { // of meetings that the rule does not make any more
		if !e.andLater {
			r.plan(e, named.of(e.uid, at), e.starts)
		}
	}
}

// refs names the meetings of a series by their days, so that one whose time of day
// changes for all of them stays the same meeting.
type refs map[string]bool

func (r refs) of(uid string, at Wall) string {
	ref := uid + "/" + at.Format(dayFormat)
	if r[ref] { // the second of a day
		ref = uid + "/" + at.Format(wallFormat)
	}
	r[ref] = true
	return ref
}

// plan takes one meeting of an event in.
func (r *calendarReader) plan(e *event, ref string, wall Wall) {
	starts, shift := Moment(wall, e.zone)
	p := Planned{
		Course: e.course, Ref: clean(ref, maxRef), Title: e.summary, Location: e.text("LOCATION"),
		Starts: starts, Ends: starts.Add(e.length), Cancelled: e.cancelled,
		Origin: r.origin(e.line), Note: shiftNote(wall, starts, shift),
	}
	r.reading.add(p, r.frame.Zone)
}

// maxRef is how many characters of a UID and what follows it are kept.
const maxRef = 400
