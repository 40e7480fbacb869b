package identity

import (
	"context"
	"strings"
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

// Invitation is a join link before it is handed over: the only time that its token
// is known.
type Invitation struct {
	Account
	Token   string
	Expires time.Time
}

// Invite makes a join link for one person. Whoever uses it is that person from then
// on, so only an administrator may have it made.
func (a *Accounts) Invite(ctx context.Context, by, person attendance.PersonID) (Invitation, error) {
	acc, err := a.Account(ctx, person)
	if err != nil {
		return Invitation{}, err
	}
	if !acc.Active {
		return Invitation{}, attendance.Refuse(attendance.CodeConflict, "This account is switched off. Switch it on first.")
	}
	made, err := a.invite(ctx, by, []Account{acc})
	if err != nil {
		return Invitation{}, err
	}
	return made[0], nil
}

// InviteCourse makes a join link for everyone of a course who has no password yet.
// It leaves out whoever administers anything or teaches anywhere, unless by is an
// administrator: a teacher could else take over the account of an administrator who
// is a member of the course.
func (a *Accounts) InviteCourse(ctx context.Context, by Viewer, course attendance.CourseID) ([]Invitation, error) {
	people, err := a.store.WithoutPassword(ctx, course, by.Admin)
	if err != nil {
		return nil, err
	}
	return a.invite(ctx, by.Person, people)
}

func (a *Accounts) invite(ctx context.Context, by attendance.PersonID, people []Account) ([]Invitation, error) {
	now := a.now()
	made := make([]Invitation, len(people))
	links := make([]JoinLink, len(people))
	for i, acc := range people {
		token, hash := newToken()
		made[i] = Invitation{Account: acc, Token: token, Expires: now.Add(JoinLinkLife)}
		links[i] = JoinLink{Token: hash, Person: acc.Person, By: by, Expires: made[i].Expires}
	}
	if len(links) == 0 {
		return made, nil
	}
	return made, a.store.AddJoinLinks(ctx, links, now)
}

// InviteAdmin returns the token of a join link for an administrator, whom it makes if
// need be, provided that there is no administrator who can sign in; else it reports
// false. Call it at each start: a first link that was lost is then no disaster.
func (a *Accounts) InviteAdmin(ctx context.Context) (token string, needed bool, err error) {
	person, needed, err := a.store.AdminToInvite(ctx, a.now())
	if err != nil || !needed {
		return "", false, err
	}
	made, err := a.Invite(ctx, 0, person)
	return made.Token, err == nil, err
}

// Joiner returns whom a join link is for. It does not use the link up.
func (a *Accounts) Joiner(ctx context.Context, token string) (Account, error) {
	_, acc, err := a.usableLink(ctx, token)
	return acc, err
}

// Join uses a join link up and signs its person in. The username is set if they have
// none yet, the password if one is given; a new password ends all earlier sign-ins.
func (a *Accounts) Join(ctx context.Context, token, username, password, agent string) (newToken string, person attendance.PersonID, err error) {
	hash, acc, err := a.usableLink(ctx, token)
	if err != nil {
		return "", 0, err
	}
	j := Joining{Person: acc.Person, Username: strings.TrimSpace(username)}
	if err := j.checkUsername(acc); err != nil {
		return "", 0, err
	}
	if password != "" {
		name := acc.Username + j.Username // at most one of them is set
		if name == "" {
			return "", 0, attendance.BadField("username", "chosen too: you need one to sign in with a password")
		}
		if err := checkPassword("password", password, name); err != nil {
			return "", 0, err
		}
		if j.PasswordHash, err = a.hashing.hash(ctx, password); err != nil {
			return "", 0, err
		}
	}
	now := a.now()
	newToken, j.SignIn = newSignIn(acc.Person, agent, now)
	ok, err := a.store.UseJoinLink(ctx, hash, j, now)
	if err != nil {
		return "", 0, err
	}
	if !ok { // somebody was quicker
		return "", 0, errLinkUsed
	}
	if j.PasswordHash != "" {
		a.ended(acc.Person)
	}
	return newToken, acc.Person, nil
}

func (j *Joining) checkUsername(acc Account) error {
	switch {
	case j.Username == "":
		return nil
	case strings.EqualFold(j.Username, acc.Username):
		j.Username = ""
		return nil
	case acc.Username != "":
		return attendance.BadField("username", "left out: you have one already")
	}
	return CheckUsername(j.Username)
}

var (
	errNoLink   = attendance.Refuse(attendance.CodeNotFound, "This link does not work. Check that you have all of it, or ask for a new one.")
	errLinkUsed = attendance.Refuse(attendance.CodeConflict, "This link has been used already. Sign in, or ask for a new one.")
	errLinkOld  = attendance.Refuse(attendance.CodeConflict, "This link has run out. Ask for a new one.")
)

func (a *Accounts) usableLink(ctx context.Context, token string) (TokenHash, Account, error) {
	hash, ok := parseToken(token)
	if !ok {
		return hash, Account{}, errNoLink
	}
	link, acc, ok, err := a.store.JoinLink(ctx, hash)
	switch {
	case err != nil:
		return hash, Account{}, err
	case !ok || !acc.Active:
		return hash, Account{}, errNoLink
	case !link.Used.IsZero():
		return hash, Account{}, errLinkUsed
	case !a.now().Before(link.Expires):
		return hash, Account{}, errLinkOld
	}
	return hash, acc, nil
}
