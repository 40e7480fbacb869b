package identity

import (
	"time"

	"github.com/muster-live/muster/attendance"
)

// JoinLinkLife is how long a join link can be used.
const JoinLinkLife = 14 * 24 * time.Hour

// JoinLink lets a person in once, without a password, and choose one.
type JoinLink struct {
	Token   TokenHash
	Person  attendance.PersonID
	By      attendance.PersonID // who made it; 0: the program itself
	Expires time.Time
	Used    time.Time // zero: not yet
}

// Joining is what happens when a join link is used.
type Joining struct {
	Person       attendance.PersonID
	Username     string // to be set; empty: left as it is
	PasswordHash string // to be set, and all earlier sign-ins end; empty: left as it is
	SignIn       SignIn // to be made
}
