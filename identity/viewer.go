package identity

import (
	"time"

	"github.com/muster-live/muster/attendance"
)

// Viewer is who makes a request. The zero Viewer is a stranger.
type Viewer struct {
	// Person is who signed in; 0 if nobody did.
	Person attendance.PersonID
	// Admin says that the person administers the installation.
	Admin bool
	// Until is when that by which the viewer was recognised runs out; zero: it does not.
	Until time.Time
	// SignIn names the sign-in by which the person was recognised.
	SignIn TokenHash
	// Token is the API token by which the person was recognised, 0 if it was not by one;
	// then Scopes are what it is for, and nothing else is permitted.
	Token  int64
	Scopes Scope
	// Display is the session whose display the viewer may show by a display token;
	// 0 if there was none. It grants nothing else, and takes nothing from what the
	// person may do.
	Display attendance.SessionID
	// CourseDisplay is the course of whose sessions the viewer may show the displays, by
	// the token of the course's display; 0 if there was none. It grants nothing else.
	CourseDisplay attendance.CourseID
	// DisplayIssue is the issue of that token: see [Accounts.DisplayStands].
	DisplayIssue int64
	// Kiosk is the session in which the viewer may check students in by their cards, by
	// a kiosk token; 0 if there was none. It grants nothing else.
	Kiosk attendance.SessionID
}

// SignedIn reports whether the viewer is a known person.
func (v Viewer) SignedIn() bool { return v.Person != 0 }
