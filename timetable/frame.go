package timetable

import (
	"strings"
	"time"
	"unicode"

	"github.com/muster-live/muster/attendance"
)

// Frame is what a source is read by: where, when and for whom.
type Frame struct {
	// Zone is the institution's time zone, in which times are that name none.
	Zone *time.Location
	// Courses are those that the source may be about. Unless Many is set there is one,
	// and everything in the source is about it.
	Courses []Course
	Many    bool
	// Only, if it is not empty, is what an event of a calendar must mention to count.
	Only string
}

// Course is a course as timetables know it.
type Course struct {
	ID    attendance.CourseID
	Code  string
	Ref   string // the institution's own id; may be empty
	Title string
	Term  Term
}

// Term is from when until when courses take place, both days included; zero: not known.
type Term struct{ First, Last Date }

// Week returns the Monday of the term's week n, from 1. The first is the week that the
// first day is in; if that is a Saturday or Sunday, the one after.
func (t Term) Week(n int) Date {
	first := t.First
	if first.Weekday() == time.Saturday || first.Weekday() == time.Sunday {
		first = first.AddDate(0, 0, 2)
	}
	return monday(first).AddDate(0, 0, 7*(n-1))
}

func monday(d Date) Date { return d.AddDate(0, 0, -(int(d.Weekday())+6)%7) }

// wants reports whether what has these texts is asked for.
func (f *Frame) wants(texts ...string) bool {
	if f.Only == "" {
		return true
	}
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), strings.ToLower(f.Only)) {
			return true
		}
	}
	return false
}

// named returns the course that has this code or reference.
func (f *Frame) named(name string) (Course, error) {
	name = strings.TrimSpace(name)
	var found []Course
	for _, c := range f.Courses {
		if strings.EqualFold(c.Code, name) || c.Ref != "" && c.Ref == name {
			found = append(found, c)
		}
	}
	switch {
	case name == "":
		return Course{}, reason("No course is named. Give its code.")
	case len(found) == 0:
		return Course{}, reasonf("There is no course %q. Give the code of one that there is.", clean(name, 60))
	case len(found) > 1:
		return Course{}, reasonf("There are %d courses %q. Give the reference of the one that is meant.", len(found), clean(name, 60))
	}
	return found[0], nil
}

// course returns the course that an event is of: the one that everything is of, or that
// whose code is its category or a word of its title.
func (f *Frame) course(category, title string) (Course, error) {
	if !f.Many {
		return f.Courses[0], nil
	}
	for name := range strings.SplitSeq(category, ",") {
		if c, err := f.named(name); err == nil {
			return c, nil
		}
	}
	var best Course
	others := 0
	for _, c := range f.Courses {
		switch {
		case !mentions(title, c.Code) || len(c.Code) < len(best.Code):
		case len(c.Code) > len(best.Code):
			best, others = c, 0
		default:
			others++
		}
	}
	switch {
	case best.ID == 0:
		return best, reason("It does not say which course it is of. Put the course's code into its title or its category.")
	case others > 0:
		return best, reasonf("There are %d courses %q. Put the reference of the one that is meant into the category.", others+1, best.Code)
	}
	return best, nil
}

// mentions reports whether a code stands in a text, not as a part of another word.
func mentions(text, code string) bool {
	if code == "" {
		return false
	}
	text, code = strings.ToLower(text), strings.ToLower(code)
	for from := 0; ; {
		i := strings.Index(text[from:], code)
		if i < 0 {
			return false
		}
		i += from
		before, after := lastRune(text[:i]), firstRune(text[i+len(code):])
		if !wordRune(before) && !wordRune(after) {
			return true
		}
		from = i + len(code)
	}
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return ' '
}

func lastRune(s string) rune {
	r := ' '
	for _, c := range s {
		r = c
	}
	return r
}
