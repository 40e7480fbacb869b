package timetable

import (
	"context"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/table"
)

// Store is where timetables are kept.
type Store interface {
	// Institution returns time zone and holidays, those by their first day.
	Institution(context.Context) (Institution, error)
	// ChangeInstitution changes them, as a change set. Holidays without an id are new,
	// and those that are left out are removed.
	ChangeInstitution(ctx context.Context, h changes.Header, decide func(*Institution) error) (changes.Result, error)

	// TimetableCourses returns courses that are active; with no ids, all of them.
	TimetableCourses(ctx context.Context, ids ...attendance.CourseID) ([]Course, error)
	// Timetable returns what there is of courses; with no ids, of all.
	Timetable(ctx context.Context, ids ...attendance.CourseID) (*Current, error)
	// ApplyTimetable carries out what decide plans, as a change set.
	ApplyTimetable(ctx context.Context, h changes.Header, ids []attendance.CourseID, decide func(*Current) (*Plan, error)) (changes.Result, error)

	// Timing returns a course's, or an [attendance.Error] with CodeNotFound.
	Timing(context.Context, attendance.CourseID) (Timing, error)
	// ChangeTiming changes it, as a change set.
	ChangeTiming(ctx context.Context, h changes.Header, t Timing) (changes.Result, error)

	// KeepOpen puts off until when a session closes by itself; the zero time: it does
	// not. It returns an [attendance.Error] if the session is not open.
	KeepOpen(ctx context.Context, by attendance.Author, id attendance.SessionID, until, now time.Time) error

	Clock
	Subscriptions
	table.ColumnStore
}

// Clock is what a [Scheduler] needs of a store.
type Clock interface {
	// Due returns what opens or closes by itself until a time, soonest first: sessions
	// that are scheduled and open by themselves, unless their end has passed at time
	// now, and those that are open and close by themselves, unless somebody opened or
	// reopened them by hand after that time.
	Due(ctx context.Context, now, until time.Time) ([]Due, error)
}

// Due is a session that opens or closes by itself.
type Due struct {
	Session attendance.SessionID
	Kind    attendance.CommandKind // OpenSession or CloseSession
	At      time.Time
}

// Timing says whether the sessions of a course open and close by themselves. A session
// may say otherwise.
type Timing struct {
	AutoOpen   bool
	OpenBefore time.Duration // before the planned start
	AutoClose  bool
	CloseAfter time.Duration // after the planned end
}

// MaxAround is how long before its start a session may open by itself at the most, and
// close after its end.
const MaxAround = 2 * time.Hour

// Validate returns an [attendance.Error] that names the field at fault.
func (t Timing) Validate() error {
	want := fmt.Sprintf("a number of minutes from 0 to %d", int(MaxAround/time.Minute))
	switch {
	case t.OpenBefore < 0 || t.OpenBefore > MaxAround:
		return attendance.BadField("open_before", want)
	case t.CloseAfter < 0 || t.CloseAfter > MaxAround:
		return attendance.BadField("close_after", want)
	}
	return nil
}

// Times are when a session of a course opens and closes by itself; the zero time: it
// does not.
func (t Timing) Times(s *Session) (opens, closes time.Time) {
	if s.Cancelled() || s.Starts.IsZero() || s.Ends.IsZero() {
		return opens, closes
	}
	if s.AutoOpen == nil && t.AutoOpen || s.AutoOpen != nil && *s.AutoOpen {
		opens = s.Starts.Add(-t.OpenBefore)
	}
	switch {
	case !s.ClosesAt.IsZero():
		closes = s.ClosesAt
	case s.AutoClose == nil && t.AutoClose || s.AutoClose != nil && *s.AutoClose:
		closes = s.Ends.Add(t.CloseAfter)
	}
	return opens, closes
}

// Missed reports whether a session was to open by itself and did not, because no process
// ran until its end.
func (t Timing) Missed(s *Session, now time.Time) bool {
	opens, _ := t.Times(s)
	return !opens.IsZero() && !s.Held() && !s.Ends.After(now) && s.PlannedAt.Before(s.Ends)
}

// Subscriptions are calendars at addresses, which are fetched again and again.
type Subscriptions interface {
	// Subscription returns one, or an [attendance.Error] with CodeNotFound.
	Subscription(ctx context.Context, id int64) (Subscription, error)
	// SubscriptionsOf returns those of a course; of 0, those of the institution.
	SubscriptionsOf(context.Context, attendance.CourseID) ([]Subscription, error)
	// AddSubscription adds one, of which the address and course are new together.
	AddSubscription(ctx context.Context, by attendance.Author, s Subscription, now time.Time) (int64, error)
	// EndSubscription ends one. Its sessions stay.
	EndSubscription(ctx context.Context, by attendance.Author, id int64, now time.Time) error
	// DueSubscriptions returns those that are to be fetched now.
	DueSubscriptions(ctx context.Context, now time.Time) ([]Subscription, error)
	// Fetched notes the outcome of fetching one.
	Fetched(ctx context.Context, id int64, f Fetched) error
}

// Subscription is a calendar at an address.
type Subscription struct {
	ID      int64
	Course  attendance.CourseID // 0: the institution, whose events name their courses
	Address string
	Only    string // what an event must mention to count; empty: all count
	Fetched
}

// Fetched is the outcome of fetching a subscription.
type Fetched struct {
	At           time.Time // zero: not yet
	Next         time.Time
	ETag         string
	LastModified string
	Failures     int    // in a row
	Outcome      string // for people
}
