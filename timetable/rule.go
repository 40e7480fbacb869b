package timetable

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rule is a rule in words that has been understood, such as
//
//	Mon and Wed 10:15–11:45, weeks 1–14, in Hall 1; Fri 9-10, odd weeks; except 24.12.–6.1.
//
// It is parts between semicolons or on lines of their own. A part that says no time is
// for all others.
type Rule struct {
	parts []part
}

// part is what one part of a rule says.
type part struct {
	meetings []meeting
	weeks    weekSet
	odd      parity
	interval int // every so many weeks; 0: each
	from, to *ruleDate
	except   []dateRange
	without  weekSet
	title    string
	location string
	at       int // where it begins
	length   int
}

// meeting is days and a time.
type meeting struct {
	days       [8]bool    // by ISO number: 1 is Monday
	dates      []ruleDate // instead of days
	start, end int        // minutes of the day; end may be after midnight
	at         int
	length     int
}

func (m *meeting) hasDays() bool { return slices.Contains(m.days[:], true) }
func (m *meeting) hasTime() bool { return m.end > 0 }

// parity leaves out every other week.
type parity uint8

const (
	allWeeks parity = iota
	oddWeeks
	evenWeeks
)

// weekSet is ranges of weeks, of the term or of the calendar.
type weekSet struct {
	ranges   [][2]int
	calendar bool // KW: of the calendar (ISO 8601)
	at       int
	length   int
}

func (w *weekSet) has(n int) bool {
	for _, r := range w.ranges {
		if r[0] <= n && n <= r[1] || r[0] > r[1] && w.calendar && (n >= r[0] || n <= r[1]) { // KW 42–5: over the end of the year
			return true
		}
	}
	return false
}

// ruleDate is a day as it is written, perhaps without a year.
type ruleDate struct {
	year, month, day int // year 0: not said
	at, length       int
}

type dateRange struct{ first, last ruleDate }

// Sessions works out when the rule has a course meet.
func (rule *Rule) Sessions(f Frame) (*Reading, error) {
	course := f.Courses[0]
	r := &Reading{}
	seen := make(map[string]bool)
	for _, p := range rule.parts {
		e := expander{part: &p, term: course.Term}
		if err := e.bounds(); err != nil {
			return nil, err
		}
		for _, m := range p.meetings {
			days, err := e.days(&m)
			if err != nil {
				return nil, err
			}
			for _, d := range days {
				starts, shift := Moment(d.Add(time.Duration(m.start)*time.Minute), f.Zone)
				ends, _ := Moment(d.Add(time.Duration(m.end)*time.Minute), f.Zone)
				s := Planned{
					Course: course.ID, Ref: d.Format("2006-01-02") + clock(m.start), Title: p.title, Location: p.location,
					Starts: starts, Ends: ends, Note: shiftNote(d.Add(time.Duration(m.start)*time.Minute), starts, shift),
				}
				if seen[s.Ref] {
					r.reject(Origin{}, DefaultTitle(starts), "The rule has two sessions begin at this time.")
					continue
				}
				seen[s.Ref] = true
				if s.Title == "" {
					s.Title = DefaultTitle(starts)
				}
				r.add(s, f.Zone)
			}
			if len(r.Sessions) > maxMeetings {
				return nil, &RuleError{m.at, m.length, fmt.Sprintf("This makes more than %d sessions. Say until when.", maxMeetings)}
			}
		}
	}
	slices.SortStableFunc(r.Sessions, func(a, b Planned) int { return a.Starts.Compare(b.Starts) })
	return r, nil
}

// DefaultTitle is what a session is called that nobody has named.
func DefaultTitle(starts time.Time) string { return starts.Format("Mon 2 Jan") }

func clock(minutes int) string { return fmt.Sprintf("T%02d%02d", minutes/60, minutes%60) }

// expander finds the days of a part.
type expander struct {
	*part
	term        Term
	first, last Date
	base        Date // the Monday of week 1
}

// bounds finds out from when until when the part holds.
func (e *expander) bounds() error {
	e.first, e.last = e.term.First, e.term.Last
	if e.from != nil {
		d, err := e.resolve(*e.from, e.term.First)
		if err != nil {
			return err
		}
		e.first = d
	}
	if e.to != nil {
		d, err := e.resolve(*e.to, e.first)
		if err != nil {
			return err
		}
		if d.Before(e.first) {
			return &RuleError{e.to.at, e.to.length, fmt.Sprintf("This is before the first day, %s.", e.first.Format("2 Jan 2006"))}
		}
		e.last = d
	}
	switch {
	case !e.term.First.IsZero():
		e.base = e.term.Week(1)
	case !e.first.IsZero():
		e.base = Term{First: e.first}.Week(1)
	}
	if !slices.ContainsFunc(e.meetings, func(m meeting) bool { return m.hasDays() }) {
		return nil // only single dates
	}
	if e.first.IsZero() {
		return &RuleError{e.at, e.length, "The course's term has no dates. Say from when and until when: from 12.10.2026 until 5.2.2027."}
	}
	if r := e.weeks.ranges; len(r) > 0 && !e.weeks.calendar {
		most := r[0][1]
		for _, w := range r {
			most = max(most, w[1])
		}
		end := e.base.AddDate(0, 0, 7*most-1)
		switch {
		case e.last.IsZero():
			e.last = end
		case e.base.AddDate(0, 0, 7*(most-1)).After(e.last):
			return &RuleError{e.weeks.at, e.weeks.length, fmt.Sprintf("Week %d begins after the last day, %s, which is in week %d.",
				most, e.last.Format("2 Jan 2006"), int(e.last.Sub(e.base).Hours()/24/7)+1)}
		}
	}
	if e.last.IsZero() {
		return &RuleError{e.at, e.length, "This has no end, and the course's term has no last day. Say which weeks, or until when: until 5.2.2027."}
	}
	if e.last.Sub(e.first) > 3*366*24*time.Hour {
		return &RuleError{e.at, e.length, "This goes on for more than three years. Say until when."}
	}
	return nil
}

// days are the days of a meeting, in order.
func (e *expander) days(m *meeting) (all []Date, err error) {
	if len(m.dates) > 0 {
		for _, d := range m.dates {
			at, err := e.resolve(d, e.first)
			if err != nil {
				return nil, err
			}
			all = append(all, at)
		}
		return all, nil
	}
	var except [][2]Date
	for _, x := range e.except {
		first, err := e.resolve(x.first, e.first)
		if err != nil {
			return nil, err
		}
		last, err := e.resolve(x.last, first)
		if err != nil {
			return nil, err
		}
		if last.Before(first) {
			return nil, &RuleError{x.last.at, x.last.length, fmt.Sprintf("This is before %s.", first.Format("2 Jan 2006"))}
		}
		except = append(except, [2]Date{first, last})
	}
	begun := monday(e.first)
	for d := e.first; !d.After(e.last); d = d.AddDate(0, 0, 1) {
		week := int(monday(d).Sub(e.base).Hours()/24)/7 + 1
		_, kw := d.ISOWeek()
		count := func(calendar bool) int {
			if calendar {
				return kw
			}
			return week
		}
		switch {
		case !m.days[(int(d.Weekday())+6)%7+1],
			len(e.weeks.ranges) > 0 && !e.weeks.has(count(e.weeks.calendar)),
			e.without.has(count(e.without.calendar)),
			e.odd == oddWeeks && count(e.weeks.calendar)%2 == 0,
			e.odd == evenWeeks && count(e.weeks.calendar)%2 != 0,
			e.interval > 1 && int(monday(d).Sub(begun).Hours()/24/7)%e.interval != 0,
			slices.ContainsFunc(except, func(x [2]Date) bool { return !d.Before(x[0]) && !d.After(x[1]) }):
			continue
		}
		all = append(all, d)
	}
	return all, nil
}

// resolve finds the year of a day that is written without one: the first such day from
// a certain day on.
func (e *expander) resolve(d ruleDate, from Date) (Date, error) {
	if d.year != 0 {
		return date(d.year, time.Month(d.month), d.day), nil
	}
	if from.IsZero() {
		return Date{}, &RuleError{d.at, d.length, "The course's term has no dates, so say the year too."}
	}
	for year := from.Year(); year <= from.Year()+8; year++ { // for 29 February
		if at := date(year, time.Month(d.month), d.day); validDate(year, time.Month(d.month), d.day) && !at.Before(from) {
			return at, nil
		}
	}
	return Date{}, &RuleError{d.at, d.length, "There is no such day."}
}

var dayNames = [...]string{"", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"}

// Words says what was understood, a line for each part.
func (rule *Rule) Words(f Frame) []string {
	var lines []string
	for _, p := range rule.parts {
		e := expander{part: &p, term: f.Courses[0].Term}
		_ = e.bounds() // an error has been told with the sessions
		var words []string
		for _, m := range p.meetings {
			words = append(words, e.meetingWords(&m))
		}
		s := strings.Join(words, " and ")
		if repeats := slices.ContainsFunc(p.meetings, func(m meeting) bool { return m.hasDays() }); repeats {
			s += e.weekWords()
			s += fmt.Sprintf(", %s to %s", e.first.Format("2 Jan 2006"), e.last.Format("2 Jan 2006"))
			s += e.exceptWords()
		}
		if p.location != "" {
			s += ", in " + p.location
		}
		if p.title != "" {
			s += ", called “" + p.title + "”"
		}
		lines = append(lines, s)
	}
	return lines
}

func (e *expander) meetingWords(m *meeting) string {
	var days []string
	for i, is := range m.days {
		if is {
			days = append(days, dayNames[i])
		}
	}
	for _, d := range m.dates {
		if at, err := e.resolve(d, e.first); err == nil {
			days = append(days, at.Format("Mon 2 Jan 2006"))
		}
	}
	s := fmt.Sprintf("%s %d:%02d to %d:%02d", list(days), m.start/60, m.start%60, m.end/60%24, m.end%60)
	if m.end > 24*60 {
		s += " the next day"
	}
	return s
}

func (e *expander) weekWords() string {
	s := ""
	kind := "of the term"
	if e.weeks.calendar {
		kind = "of the calendar"
	}
	if len(e.weeks.ranges) > 0 {
		s += ", weeks " + ranges(e.weeks.ranges) + " " + kind
	}
	switch e.odd {
	case oddWeeks:
		s += ", odd weeks " + kind
	case evenWeeks:
		s += ", even weeks " + kind
	}
	if e.interval > 1 {
		s += fmt.Sprintf(", every %d weeks", e.interval)
	}
	return s
}

func (e *expander) exceptWords() string {
	var days []string
	for _, x := range e.except {
		first, err1 := e.resolve(x.first, e.first)
		last, err2 := e.resolve(x.last, first)
		switch {
		case err1 != nil || err2 != nil:
		case first.Equal(last):
			days = append(days, first.Format("2 Jan 2006"))
		default:
			days = append(days, first.Format("2 Jan")+" to "+last.Format("2 Jan 2006"))
		}
	}
	if len(e.without.ranges) > 0 {
		days = append(days, "weeks "+ranges(e.without.ranges))
	}
	if len(days) == 0 {
		return ""
	}
	return ", except " + list(days)
}

func ranges(all [][2]int) string {
	var words []string
	for _, r := range all {
		if r[0] == r[1] {
			words = append(words, fmt.Sprint(r[0]))
		} else {
			words = append(words, fmt.Sprintf("%d to %d", r[0], r[1]))
		}
	}
	return list(words)
}

// list joins words as a sentence does.
func list(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
