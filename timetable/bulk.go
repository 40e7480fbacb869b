package timetable

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
)

// Edit is what is done to many sessions at once.
type Edit struct {
	Sessions []attendance.SessionID

	Cancel  bool
	Restore bool

	// Days and Minutes move sessions on, or back; To moves them all to one day; Starts,
	// in minutes after midnight, and Length, in minutes, change their times.
	Days    int
	Minutes int
	To      Date
	Starts  *int
	Length  *int

	Title    *string
	Location *string
	// AutoOpen and AutoClose: to which Choice.
	AutoOpen, AutoClose *Choice
}

// Choice is a setting that a session may have otherwise than its course.
type Choice struct{ Is *bool } // nil: as the course

// Limits of an [Edit].
const (
	MaxEdit = 2000 // sessions
	maxMove = 366  // days
)

// Validate returns an [attendance.Error] that names the field at fault.
func (e *Edit) Validate() error {
	does := e.moves() || e.Title != nil || e.Location != nil || e.AutoOpen != nil || e.AutoClose != nil
	switch {
	case len(e.Sessions) == 0 || len(e.Sessions) > MaxEdit:
		return attendance.BadField("sessions", fmt.Sprintf("a list of 1 to %d sessions", MaxEdit))
	case e.Cancel && e.Restore, (e.Cancel || e.Restore) == does:
		return attendance.Refuse(attendance.CodeBadMessage, "Say one thing to be done: cancel, restore, or what is to be changed.")
	case e.Days < -maxMove || e.Days > maxMove:
		return attendance.BadField("days", "from -366 to 366")
	case e.Minutes < -24*60 || e.Minutes > 24*60:
		return attendance.BadField("minutes", "from -1440 to 1440")
	case e.Starts != nil && (*e.Starts < 0 || *e.Starts >= 24*60):
		return attendance.BadField("starts", "a time of day")
	case e.Length != nil && (*e.Length < 1 || *e.Length > int(MaxLength/time.Minute)):
		return attendance.BadField("length", "from 1 to 1440 minutes")
	case !e.To.IsZero() && (e.To.Year() < minYear || e.To.Year() > maxYear):
		return attendance.BadField("to", "a day such as 2026-10-12")
	case e.Title != nil && (*e.Title == "" || utf8.RuneCountInString(*e.Title) > MaxTitle || !attendance.IsText(*e.Title)):
		return attendance.BadField("title", "1 to 200 characters of text")
	case e.Location != nil && (utf8.RuneCountInString(*e.Location) > MaxLocation || !attendance.IsText(*e.Location)):
		return attendance.BadField("location", "at most 200 characters of text")
	}
	return nil
}

func (e *Edit) moves() bool {
	return e.Days != 0 || e.Minutes != 0 || !e.To.IsZero() || e.Starts != nil || e.Length != nil
}

// Words says what an edit of so many sessions does, for the list of changes.
func (e *Edit) Words(n int) string {
	what := "changed"
	switch {
	case e.Cancel:
		what = "cancelled"
	case e.Restore:
		what = "restored"
	case e.moves():
		what = "moved"
	}
	if n == 1 {
		return "1 session " + what
	}
	return fmt.Sprintf("%d sessions %s", n, what)
}

// Change plans an edit. Sessions that are not among the current ones are an
// [attendance.Error].
func Change(cur *Current, e *Edit, now time.Time) (*Plan, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	byID := make(map[attendance.SessionID]*Session, len(cur.Sessions))
	for i := range cur.Sessions {
		byID[cur.Sessions[i].ID] = &cur.Sessions[i]
	}
	p := &Plan{}
	done := make(map[attendance.SessionID]bool)
	for _, id := range e.Sessions {
		s := byID[id]
		if s == nil {
			return nil, attendance.Refuse(attendance.CodeUnknownSession, "One of the sessions is not there. Load the page again.")
		}
		if !done[id] {
			done[id] = true
			e.apply(cur, p, s, now)
		}
	}
	p.finish(cur.Zone)
	return p, nil
}

func (e *Edit) apply(cur *Current, p *Plan, s *Session, now time.Time) {
	line := changes.Line{What: "session", Name: nameOf(s, cur.Zone)}
	refuse := func(why string) {
		line.Change, line.Detail = changes.Rejects, why
		p.Add(line)
	}
	becomes := *s
	switch {
	case s.Status == attendance.Open && (e.Cancel || e.moves()):
		refuse("It is open now. Close it first.")
		return
	case e.moves() && s.Held():
		refuse("It was opened or has marks, so it stays when it was.")
		return
	case e.moves() && s.Cancelled():
		refuse("It is cancelled. Restore it first.")
		return
	case e.moves() && s.Starts.IsZero():
		refuse("It was not planned for any time.")
		return
	case e.Cancel || e.Restore:
		becomes.cancel(e.Cancel, now)
		if e.Restore {
			becomes.PlannedAt = now
		}
	}
	if e.moves() {
		e.move(&becomes, cur.Zone, now)
		if becomes.Ends.Sub(becomes.Starts) > MaxLength || becomes.Starts.Year() < minYear || becomes.Starts.Year() > maxYear {
			refuse("It would be at a time that no session has.")
			return
		}
	}
	if e.Title != nil {
		becomes.Title = *e.Title
	}
	if e.Location != nil {
		becomes.Location = *e.Location
	}
	if e.AutoOpen != nil {
		becomes.AutoOpen = e.AutoOpen.Is
	}
	if e.AutoClose != nil {
		becomes.AutoClose = e.AutoClose.Is
	}
	line.Detail = difference(s, &becomes, cur.Zone)
	if line.Detail == "" {
		p.Same++
		return
	}
	line.Change = changes.Changed
	if e.Cancel {
		line.Change = changes.Ends
	}
	if h, free := cur.On(DateOf(becomes.Starts, cur.Zone)); free && e.moves() {
		line.Detail += ", which is " + h.Name
	}
	if e.Cancel && s.Held() {
		line.Detail += "; its marks are kept, but do not count"
	}
	p.Changes = append(p.Changes, becomes)
	p.Add(line)
}

// move moves a session on the wall: 10:15 stays 10:15 if summer time begins in between.
func (e *Edit) move(s *Session, zone *time.Location, now time.Time) {
	wall := OnWall(s.Starts, zone)
	length := s.Ends.Sub(s.Starts)
	if e.Length != nil {
		length = time.Duration(*e.Length) * time.Minute
	}
	if !e.To.IsZero() {
		wall = e.To.Add(wall.Sub(dayOf(wall)))
	}
	wall = wall.AddDate(0, 0, e.Days)
	if e.Starts != nil {
		wall = dayOf(wall).Add(time.Duration(*e.Starts) * time.Minute)
	}
	wall = wall.Add(time.Duration(e.Minutes) * time.Minute)
	called := s.Title == DefaultTitle(s.Starts.In(zone))
	starts, _ := Moment(wall, zone)
	s.moveTo(starts, starts.Add(length), now)
	if called {
		s.Title = DefaultTitle(starts.In(zone))
	}
}

// OnHolidays plans to cancel what falls on a holiday.
func OnHolidays(cur *Current, h Holiday, now time.Time) *Plan {
	e := &Edit{Cancel: true}
	p := &Plan{}
	for i := range cur.Sessions {
		s := &cur.Sessions[i]
		if d := DateOf(s.Starts, cur.Zone); !s.Held() && !s.Cancelled() && !s.Starts.IsZero() && !d.Before(h.First) && !d.After(h.Last) && s.Ends.After(now) {
			e.apply(cur, p, s, now)
		}
	}
	p.finish(cur.Zone)
	return p
}
