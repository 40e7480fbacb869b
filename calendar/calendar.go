// Package calendar writes sessions as iCalendar files (RFC 5545), which calendar
// programs subscribe to.
package calendar

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
)

// Session is a session as one person's calendar shows it.
type Session struct {
	ID          attendance.SessionID
	Course      attendance.CourseID
	CourseCode  string
	CourseTitle string
	Title       string
	Location    string
	Starts      time.Time // as planned, or else as it was held
	Ends        time.Time // zero: not known
	Revision    int       // goes up whenever one of the above changes, or it is cancelled
	Cancelled   bool
	Role        attendance.Role // the person's, in the course
	Mark        attendance.Mark // the person's, as a student
}

// Store is where sessions are read from.
type Store interface {
	// Calendar returns the sessions of the courses that a person is in now which begin
	// at since or later, in the order of time.
	Calendar(ctx context.Context, person attendance.PersonID, since time.Time) ([]Session, error)
}

// Feed is a calendar to be written.
type Feed struct {
	Name string // what calendar programs call it
	// Host makes the names of events unlike those of other installations.
	Host     string
	Zone     *time.Location // of the institution, for programs that show it
	Now      time.Time
	OwnMarks bool // tell the student's own marks
	Address  func(*Session) string
	Sessions []Session
}

// shortest is how long a session is shown for whose end is not known.
const shortest = 45 * time.Minute

// Write writes the feed. Times are in UTC, which is the same moment everywhere and
// needs no table of the zone's history.
func (f *Feed) Write(to io.Writer) error {
	w := &writer{w: bufio.NewWriter(to)}
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", "-//muster//muster//EN")
	w.line("CALSCALE", "GREGORIAN")
	w.line("METHOD", "PUBLISH")
	w.text("NAME", f.Name)
	w.text("X-WR-CALNAME", f.Name)
	if f.Zone != nil {
		w.line("X-WR-TIMEZONE", f.Zone.String())
	}
	w.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H")
	w.line("X-PUBLISHED-TTL", "PT1H")
	for i := range f.Sessions {
		f.event(w, &f.Sessions[i])
	}
	w.line("END", "VCALENDAR")
	return w.w.Flush()
}

func (f *Feed) event(w *writer, s *Session) {
	ends := s.Ends
	if !ends.After(s.Starts) {
		ends = s.Starts.Add(shortest)
	}
	w.line("BEGIN", "VEVENT")
	w.line("UID", "session-"+strconv.FormatInt(int64(s.ID), 10)+"@"+f.Host)
	w.line("SEQUENCE", strconv.Itoa(s.Revision))
	w.moment("DTSTAMP", f.Now)
	w.moment("DTSTART", s.Starts)
	w.moment("DTEND", ends)
	w.text("SUMMARY", s.summary())
	if s.Location != "" {
		w.text("LOCATION", s.Location)
	}
	if about := f.description(s); about != "" {
		w.text("DESCRIPTION", about)
	}
	w.line("STATUS", map[bool]string{true: "CANCELLED", false: "CONFIRMED"}[s.Cancelled])
	if s.Cancelled {
		w.line("TRANSP", "TRANSPARENT") // one is free then
	}
	if f.Address != nil {
		w.line("URL", f.Address(s))
	}
	w.line("END", "VEVENT")
}

func (s *Session) summary() string {
	name := s.CourseTitle
	if s.CourseCode != "" && s.CourseCode != name {
		name = s.CourseCode + " " + name
	}
	if s.Title != "" {
		name += ": " + s.Title
	}
	return name
}

func (f *Feed) description(s *Session) string {
	if !f.OwnMarks || s.Role != attendance.Student || s.Mark == attendance.Unset {
		return ""
	}
	return "You are marked " + s.Mark.String() + "."
}

// writer writes lines, folded.
type writer struct{ w *bufio.Writer }

func (w *writer) moment(name string, t time.Time) { w.line(name, t.UTC().Format("20060102T150405Z")) }

// text writes a value of the type TEXT.
func (w *writer) text(name, value string) { w.line(name, escape(value)) }

var escaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

// escape turns a text into a value. Control characters have no place in one.
func escape(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, escaper.Replace(strings.ToValidUTF8(s, "\ufffd")))
}

// maxLine is how many bytes a line has at the most, without its end.
const maxLine = 75

// line writes a line, folded where it is too long, and nowhere inside a character.
func (w *writer) line(name, value string) {
	line := name + ":" + value
	for room := maxLine; len(line) > room; room = maxLine - 1 { // the space counts
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		fmt.Fprint(w.w, line[:cut], "\r\n ")
		line = line[cut:]
	}
	fmt.Fprint(w.w, line, "\r\n") // Flush says what went wrong
}
