package timetable

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Session is a session as the timetable has it on record.
type Session struct {
	ID         attendance.SessionID // 0: it is to be made
	Course     attendance.CourseID
	CourseCode string
	// Source is what planned it: "" somebody by hand, "rule", "file:" and its name, or
	// "url:" and the number of the subscription. Ref names the session in it.
	Source, Ref string
	// Said is what the source said of it last, so that a change by hand can be told
	// from one of the source; empty: nothing, or that it has vanished.
	Said     string
	Title    string
	Location string
	Starts   time.Time
	Ends     time.Time
	Settings
	CancelledAt time.Time
	// ClosesAt is when it closes by itself, if somebody has put that off.
	ClosesAt time.Time
	// PlannedAt is when it was planned, or moved.
	PlannedAt time.Time
	Status    attendance.Status
	Seq       int64
}

// Held reports whether the session was opened or has marks: then no timetable touches it.
func (s *Session) Held() bool { return s.Status != attendance.Scheduled || s.Seq > 0 }

// Cancelled reports whether the session does not take place.
func (s *Session) Cancelled() bool { return !s.CancelledAt.IsZero() }

// said is what a source says of a session.
type said struct {
	Title     string `json:"title,omitempty"`
	Location  string `json:"location,omitempty"`
	Starts    int64  `json:"starts"` // milliseconds since 1970
	Ends      int64  `json:"ends"`
	AutoOpen  *bool  `json:"auto_open,omitempty"`
	AutoClose *bool  `json:"auto_close,omitempty"`
	LateAfter *int   `json:"late_after,omitempty"` // minutes
	OnClose   string `json:"on_close,omitempty"`
	Cancelled bool   `json:"cancelled,omitempty"`
}

// saying is what the source of a planned session says of it.
func saying(p *Planned) said {
	s := said{
		Title: p.Title, Location: p.Location, Starts: p.Starts.UnixMilli(), Ends: p.Ends.UnixMilli(),
		AutoOpen: p.AutoOpen, AutoClose: p.AutoClose, Cancelled: p.Cancelled,
	}
	if p.LateAfter != nil {
		minutes := int(*p.LateAfter / time.Minute)
		s.LateAfter = &minutes
	}
	if p.OnClose != nil {
		s.OnClose = p.OnClose.String()
	}
	return s
}

func (s said) text() string {
	b, _ := json.Marshal(s) // cannot fail
	return string(b)
}

// readSaid reads what was said last; false if nothing was.
func readSaid(text string) (s said, ok bool) {
	return s, text != "" && json.Unmarshal([]byte(text), &s) == nil
}

// merge brings a session to what its source says now: each thing that the source says
// otherwise than the last time. What somebody changed by hand stays.
func (s *Session) merge(p *Planned, now time.Time) {
	next := saying(p)
	last, before := readSaid(s.Said)
	if !before || last.Title != next.Title {
		s.Title = p.Title
	}
	if !before || last.Location != next.Location {
		s.Location = p.Location
	}
	if !before || last.Starts != next.Starts || last.Ends != next.Ends {
		s.moveTo(p.Starts, p.Ends, now)
	}
	if !before || !same(last.AutoOpen, next.AutoOpen) {
		s.AutoOpen = p.AutoOpen
	}
	if !before || !same(last.AutoClose, next.AutoClose) {
		s.AutoClose = p.AutoClose
	}
	if !before || !same(last.LateAfter, next.LateAfter) {
		s.LateAfter = p.LateAfter
	}
	if !before || last.OnClose != next.OnClose {
		s.OnClose = p.OnClose
	}
	if !before || last.Cancelled != next.Cancelled {
		s.cancel(p.Cancelled, now)
	}
	s.Said = next.text()
}

func (s *Session) moveTo(starts, ends, now time.Time) {
	if !s.Starts.Equal(starts) || !s.Ends.Equal(ends) {
		s.Starts, s.Ends, s.PlannedAt, s.ClosesAt = starts, ends, now, time.Time{}
	}
}

func (s *Session) cancel(cancelled bool, now time.Time) {
	switch {
	case !cancelled:
		s.CancelledAt = time.Time{}
	case s.CancelledAt.IsZero():
		s.CancelledAt = now
	}
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// difference says in words what is different for people in what a session becomes.
func difference(was, becomes *Session, zone *time.Location) string {
	var words []string
	add := func(s string) { words = append(words, s) }
	if !was.Starts.Equal(becomes.Starts) || !was.Ends.Equal(becomes.Ends) {
		add("moved to " + when(becomes.Starts, becomes.Ends, zone))
	}
	if was.Title != becomes.Title {
		add("called “" + becomes.Title + "”")
	}
	switch {
	case was.Location == becomes.Location:
	case becomes.Location == "":
		add("no place")
	default:
		add("in " + becomes.Location)
	}
	if !same(was.AutoOpen, becomes.AutoOpen) {
		add(byItself("opens", becomes.AutoOpen))
	}
	if !same(was.AutoClose, becomes.AutoClose) {
		add(byItself("closes", becomes.AutoClose))
	}
	if !same(was.LateAfter, becomes.LateAfter) || !same(was.OnClose, becomes.OnClose) {
		add("other rules")
	}
	switch {
	case was.Cancelled() && !becomes.Cancelled():
		add("takes place after all")
	case !was.Cancelled() && becomes.Cancelled():
		add("cancelled")
	}
	return strings.Join(words, ", ")
}

func byItself(verb string, yes *bool) string {
	switch {
	case yes == nil:
		return verb + " as the course says"
	case *yes:
		return verb + " by itself"
	}
	return "somebody " + strings.TrimSuffix(verb, "s") + "s it"
}

// when says from when until when a session is.
func when(starts, ends time.Time, zone *time.Location) string {
	return starts.In(zone).Format("Mon 2 Jan 2006, 15:04") + "–" + ends.In(zone).Format("15:04")
}
