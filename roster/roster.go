package roster

import (
	"crypto/rand"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Person is somebody the institution knows.
type Person struct {
	ID          attendance.PersonID
	Ref         string // the institution's own id (OneRoster: sourcedId); may be empty
	Given       string
	Family      string
	Email       string
	Username    string // what they sign in with; empty: none yet
	Admin       bool
	Active      bool // may sign in
	HasPassword bool
	Courses     int // how many courses they are in now
}

// Course is what is taught to one group in one term.
type Course struct {
	ID    attendance.CourseID
	Code  string // short, for people: CS101
	Title string
	Term  string // its title; may be empty
	Rules attendance.Rules
	// StatusSet is what marks mean in it.
	StatusSet attendance.StatusSetID
	Students  int
}

// Membership is a course as one of its members sees it.
type Membership struct {
	Course
	Role attendance.Role
	Open attendance.SessionID // the session that is open now, 0 if none is
}

// Listing is a course in the list of all courses.
type Listing struct {
	Course
	Teachers []string // names
}

// Member is somebody in a course.
type Member struct {
	ID     attendance.PersonID
	Given  string
	Family string
	Ref    string
	Role   attendance.Role
}

// Meeting is a session with what is said of it outside its room.
type Meeting struct {
	attendance.Session
	CourseCode  string
	CourseTitle string
	Location    string
	Counts      attendance.Counts
}

// NewCourse is a course to be made, with its members. Of the Course, the Code,
// Title, Term and Rules count.
type NewCourse struct {
	Course
	Members []Member // the ID and Role of each
}

// NewSession is a session to be made.
type NewSession struct {
	Course attendance.CourseID
	Title  string // at most MaxTitle characters; empty: made from the day
	Starts time.Time
	Ends   time.Time
	Secret []byte
}

// Limits of texts, in characters.
const (
	MaxTitle = 200
	MaxName  = 200
)

// Page asks for a part of a list.
type Page struct {
	Query string // words that must all occur, in any case; empty: everything
	After string // the cursor of the page before; empty: from the beginning
	Limit int    // 1 to MaxPage
}

// MaxPage is how many rows of a list are given at once, at the most.
const MaxPage = 200

// PersonChange changes the fields that are not nil.
type PersonChange struct {
	Given, Family, Email, Username *string
	Admin, Active                  *bool
}

// RulesChange changes the settings that are not nil.
type RulesChange struct {
	LateAfter *time.Duration
	OnClose   *attendance.OnClose
	CodeStep  *time.Duration
	CodeGrace *int
}

// Apply returns the rules after the change.
func (c RulesChange) Apply(r attendance.Rules) attendance.Rules {
	if c.LateAfter != nil {
		r.LateAfter = *c.LateAfter
	}
	if c.OnClose != nil {
		r.OnClose = *c.OnClose
	}
	if c.CodeStep != nil {
		r.CodeStep = *c.CodeStep
	}
	if c.CodeGrace != nil {
		r.CodeGrace = *c.CodeGrace
	}
	return r
}

// Apply returns the person after the change.
func (c PersonChange) Apply(p Person) Person {
	for _, f := range []struct{ to, from *string }{{&p.Given, c.Given}, {&p.Family, c.Family}, {&p.Email, c.Email}, {&p.Username, c.Username}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.Admin != nil {
		p.Admin = *c.Admin
	}
	if c.Active != nil {
		p.Active = *c.Active
	}
	return p
}

// Schedule returns a session of a course to be made at a time, with a fresh secret
// and, if title is empty, the day for a title.
func Schedule(course attendance.CourseID, title string, now time.Time) NewSession {
	n := NewSession{Course: course, Title: title, Secret: make([]byte, attendance.CodeSecretSize)}
	rand.Read(n.Secret) // never fails (crypto/rand)
	if n.Title == "" {
		n.Title = now.Format("Mon 2 Jan")
	}
	return n
}
