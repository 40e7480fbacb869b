package identity

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
)

// SignIn signs a person in by username and password, and returns the sign-in's
// token. Address is where the request comes from; wrong tries are limited for each
// username and, more generously since a whole lecture hall may share one, for each
// address.
func (a *Accounts) SignIn(ctx context.Context, username, password, address, agent string) (token string, person attendance.PersonID, err error) {
	now := a.now()
	person, ok, err := a.try(ctx, strings.TrimSpace(username), password, address, now)
	if err != nil {
		return "", 0, err
	}
	if !ok {
		return "", 0, &attendance.Error{Code: attendance.CodeNotSignedIn, Field: "password",
			Message: "That username and password do not go together. Check both; capital letters count in the password."}
	}
	token, in := newSignIn(person, agent, now)
	return token, person, a.store.AddSignIns(ctx, in)
}

// try checks a password, within the limits of tries; a right one costs no try.
func (a *Accounts) try(ctx context.Context, username, password, address string, now time.Time) (attendance.PersonID, bool, error) {
	name := strings.ToLower(username)
	if err := a.take(name, address, now); err != nil {
		return 0, false, err
	}
	person, ok, err := a.check(ctx, username, password)
	if err != nil || ok {
		a.byName.GiveBack(name)
		a.byAddress.GiveBack(address)
	}
	return person, ok, err
}

// take uses up one try for both, or for neither and says how long to wait.
func (a *Accounts) take(name, address string, now time.Time) error {
	wait := a.byName.Take(name, now)
	if wait == 0 {
		if wait = a.byAddress.Take(address, now); wait > 0 {
			a.byName.GiveBack(name)
		}
	}
	if wait == 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	return &attendance.Error{Code: attendance.CodeTooManyTries, Retry: wait,
		Message: fmt.Sprintf("Too many wrong tries. Wait %d s, then try again.", seconds)}
}

// check takes as long for a username that nobody has as for a wrong password.
func (a *Accounts) check(ctx context.Context, username, password string) (attendance.PersonID, bool, error) {
	if utf8.RuneCountInString(password) > MaxPassword {
		password = "" // nobody has it, nor an empty one
	}
	person, hash, _, err := a.store.PasswordOf(ctx, username)
	if err != nil {
		return 0, false, err
	}
	ok, err := a.hashing.matches(ctx, hash, password)
	return person, ok, err
}

// maxAgent is how much of what a browser calls itself is kept, in bytes.
const maxAgent = 200

func newSignIn(person attendance.PersonID, agent string, now time.Time) (string, SignIn) {
	token, hash := newToken()
	agent = strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], "")
	return token, SignIn{Token: hash, Person: person, Created: now, Expires: now.Add(SignInLife), Agent: agent}
}

// NewSignIns signs people in without asking for anything, and returns their tokens.
// It is for programs that run beside the database, such as load tests.
func (a *Accounts) NewSignIns(ctx context.Context, people []attendance.PersonID, agent string) ([]string, error) {
	now := a.now()
	tokens := make([]string, len(people))
	made := make([]SignIn, len(people))
	for i, person := range people {
		tokens[i], made[i] = newSignIn(person, agent, now)
	}
	return tokens, a.store.AddSignIns(ctx, made...)
}

// SignOut ends the viewer's sign-in; the person's others stay.
func (a *Accounts) SignOut(ctx context.Context, v Viewer) error {
	if err := a.store.RemoveSignIn(ctx, v.SignIn); err != nil {
		return err
	}
	a.ended(v.Person)
	return nil
}

// ChangePassword sets the viewer's password if old is the present one. All their
// other sign-ins and all their join links end.
func (a *Accounts) ChangePassword(ctx context.Context, v Viewer, old, password, address string) error {
	acc, err := a.Account(ctx, v.Person)
	if err != nil {
		return err
	}
	if err := checkPassword("new", password, acc.Username); err != nil {
		return err
	}
	if acc.HasPassword {
		_, ok, err := a.try(ctx, acc.Username, old, address, a.now())
		if err != nil {
			return err
		}
		if !ok {
			return &attendance.Error{Code: attendance.CodeForbidden, Field: "old", Message: "That is not your present password."}
		}
	} else if acc.Username == "" {
		return attendance.Refuse(attendance.CodeConflict, "You have no username yet. Ask for a join link, which lets you choose one.")
	}
	hash, err := a.hashing.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := a.store.ChangePassword(ctx, v.Person, hash, v.SignIn, a.now()); err != nil {
		return err
	}
	a.ended(v.Person)
	return nil
}
