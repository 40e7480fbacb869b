package identity

import "github.com/muster-live/muster/attendance"

// Viewer is who makes a request. The zero Viewer is a stranger.
type Viewer struct {
	// Person is who signed in; 0 if nobody did.
	Person attendance.PersonID
	// Admin says that the person administers the installation.
	Admin bool
	// SignIn names the sign-in by which the person was recognised.
	SignIn TokenHash
	// Display is the session whose display the viewer may show by a display token;
	// 0 if there was none. It grants nothing else, and takes nothing from what the
	// person may do.
	Display attendance.SessionID
}

// SignedIn reports whether the viewer is a known person.
func (v Viewer) SignedIn() bool { return v.Person != 0 }
