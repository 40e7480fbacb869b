package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Entry is one thing that somebody did, as those who look for it see it.
type Entry struct {
	Place
	attendance.Author
	Name    string // of the person who did it; empty: the program itself, or nobody known any more
	Action  string // "change settings", "import", "mark", …
	Subject string // "person 12", "course 5", "enrolment [5,12]", "session 42"
	Of      string // what people call the subject
	Old     string // a mark, or a JSON object; empty: there was none
	New     string // the same afterwards, or what is known of it
	Note    string
}

// Place is where an entry stands among all, newest first.
type Place struct {
	At     time.Time
	Source int   // 1: the audit, 2: a change set, 3: a session's log
	A, B   int64 // its number there
}

// String returns the cursor of the page after the place.
func (p Place) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", p.At.UnixMilli(), p.Source, p.A, p.B)
}

// ParsePlace is the inverse of [Place.String]. What is no cursor of ours is the
// beginning.
func ParsePlace(cursor string) (p Place) {
	var ms int64
	if n, err := fmt.Sscanf(cursor, "%d.%d.%d.%d", &ms, &p.Source, &p.A, &p.B); n != 4 || err != nil {
		return Place{}
	}
	p.At = time.UnixMilli(ms).UTC()
	return p
}

// Query asks for entries, newest first. What is zero does not matter.
type Query struct {
	Words        string // that must all occur in names, action or note
	Actor        attendance.PersonID
	Person       attendance.PersonID // whom it is about
	Course       attendance.CourseID
	Since, Until time.Time
	After        Place
	Limit        int // 1 to MaxPage
}

// Before is Until, or a time that nothing is after.
func (q *Query) Before() time.Time {
	if q.Until.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return q.Until
}

// MaxPage is how many entries are given at once, at the most.
const MaxPage = 200

// Store is where the audit is kept.
type Store interface {
	// Audit returns a page of entries.
	Audit(context.Context, Query) ([]Entry, error)
	// AuditRows returns the rows after the one with that id, in order, at most limit.
	AuditRows(ctx context.Context, after int64, limit int) ([]Row, error)
	// Logs returns what is known of sessions' logs after the session with that id, in
	// order, at most limit.
	Logs(ctx context.Context, after attendance.SessionID, limit int) ([]Log, error)
	// Events returns the events of a session after a seq, in order, at most limit.
	Events(ctx context.Context, session attendance.SessionID, after int64, limit int) ([]attendance.Event, error)
}
