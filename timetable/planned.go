package timetable

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Planned is a session as a timetable has it.
type Planned struct {
	Course attendance.CourseID
	// Ref names the session within its source, the same each time.
	Ref      string
	Title    string
	Location string
	Starts   time.Time
	Ends     time.Time
	Settings
	// Cancelled: the source itself says that it does not take place.
	Cancelled bool

	Origin Origin
	Note   string // what a person should know of how it was read
}

// Settings are what a session may have otherwise than its course; nil: as the course.
type Settings struct {
	AutoOpen  *bool // opens by itself
	AutoClose *bool // closes by itself
	LateAfter *time.Duration
	OnClose   *attendance.OnClose
}

// Origin is where something stands in what was read.
type Origin = table.Origin

// Reject is something in a source that cannot become a session.
type Reject struct {
	Origin Origin
	What   string // what it is called there
	Reason string // for a person, with what to do
}

// Reading is what was found in a source.
type Reading struct {
	Sessions []Planned
	Rejects  []Reject
	Others   int // events that were not asked for
	// Columns are those that a sheet was read by; nil for all else.
	Columns *UsedColumns
	// Part: there is only what was rejected before, so that nothing is missing for not
	// being there. Of is the file that it is a part of; empty: that is not known.
	Part bool
	Of   string
}

// UsedColumns say which columns a sheet was read by. A sheet with the same headings has
// the same fingerprint.
type UsedColumns struct {
	Fingerprint string
	Mapping     Mapping
}

func (r *Reading) reject(o Origin, what, format string, args ...any) {
	r.Rejects = append(r.Rejects, Reject{o, what, fmt.Sprintf(format, args...)})
}

// add takes a session in, unless it makes no sense.
func (r *Reading) add(p Planned, zone *time.Location) {
	switch length := p.Ends.Sub(p.Starts); {
	case p.Starts.Year() < minYear || p.Starts.Year() > maxYear:
		r.reject(p.Origin, p.Title, "It is in the year %d. Correct the date.", p.Starts.Year())
	case length <= 0:
		r.reject(p.Origin, p.Title, "It ends when it begins, or before. Give a later end.")
	case length > MaxLength:
		r.reject(p.Origin, p.Title, "It lasts %s; a session lasts a day at the most. Give each day a session of its own.", span(length))
	default:
		if DateOf(p.Ends.Add(-time.Second), zone) != DateOf(p.Starts, zone) {
			p.Note = join(p.Note, "It ends the next day.")
		}
		p.Title, p.Location = clean(p.Title, MaxTitle), clean(p.Location, MaxLocation)
		p.Starts, p.Ends = p.Starts.Truncate(time.Millisecond), p.Ends.Truncate(time.Millisecond)
		r.Sessions = append(r.Sessions, p)
	}
}

// reason says to a person why something is rejected, in whole sentences.
type reason string

// Error implements the error interface.
func (r reason) Error() string { return string(r) }

func reasonf(format string, args ...any) error { return reason(fmt.Sprintf(format, args...)) }

// Limits of what is planned.
const (
	MaxLength   = 24 * time.Hour
	MaxTitle    = 200  // characters
	MaxLocation = 200  // characters
	MaxSessions = 5000 // of one course in one source
)

// clean makes one line of text of at most so many characters.
func clean(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")), " ")
	if utf8.RuneCountInString(s) > most {
		s = strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
	}
	return s
}

func span(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
	}
	return fmt.Sprintf("%d hours", int(d/time.Hour))
}

func join(notes ...string) string {
	var some []string
	for _, n := range notes {
		if n != "" {
			some = append(some, n)
		}
	}
	return strings.Join(some, " ")
}
