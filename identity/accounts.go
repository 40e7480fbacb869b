package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Store is what Accounts needs of a store. A method that looks for one thing
// reports false if there is none.
type Store interface {
	// Secret returns a key of this installation: random bytes made when it is first
	// asked for, by whichever process, and the same ever after.
	Secret(ctx context.Context, name string) ([]byte, error)

	// SignInViewers returns whom sign-ins stand for: those of them that have not run
	// out, of people who are active.
	SignInViewers(ctx context.Context, tokens []TokenHash, now time.Time) (map[TokenHash]Viewer, error)
	// PasswordOf returns the active person with this username, in any case, and the
	// hash of the password; it reports false if there is no such person or no
	// password.
	PasswordOf(ctx context.Context, username string) (attendance.PersonID, string, bool, error)
	// Account returns a person, active or not.
	Account(ctx context.Context, person attendance.PersonID) (Account, bool, error)
	// AddSignIns makes all of these sign-ins or none.
	AddSignIns(ctx context.Context, made ...SignIn) error
	RemoveSignIn(ctx context.Context, token TokenHash) error
	// ChangePassword sets the password's hash, and ends all of the person's sign-ins
	// but keep, and all join links, in one transaction.
	ChangePassword(ctx context.Context, person attendance.PersonID, hash string, keep TokenHash, now time.Time) error

	TokenStore
	FeedStore
	DisplayStore

	// JoinLink returns a link, used or not, and the person it is for.
	JoinLink(ctx context.Context, token TokenHash) (JoinLink, Account, bool, error)
	// AddJoinLinks makes links and says so in the audit.
	AddJoinLinks(ctx context.Context, links []JoinLink, now time.Time) error
	// UseJoinLink does all that a Joining says in one transaction, and uses up every
	// join link of the person. It reports false, and changes nothing, if the link
	// has been used or has run out. It returns an [attendance.Error] with
	// CodeConflict if somebody else has the username.
	UseJoinLink(ctx context.Context, token TokenHash, j Joining, now time.Time) (bool, error)
	// WithoutPassword returns the active people of a course who have no password, by
	// name; those who administer anything or teach anywhere only if staff is set.
	WithoutPassword(ctx context.Context, course attendance.CourseID, staff bool) ([]Account, error)
	// AdminToInvite returns an administrator, made if there is none, provided that no
	// administrator can sign in.
	AdminToInvite(ctx context.Context, now time.Time) (attendance.PersonID, bool, error)
}

// Account is what identity knows of a person.
type Account struct {
	Person      attendance.PersonID
	Given       string
	Family      string
	Ref         string // the institution's own id, if there is one
	Email       string
	Username    string // what the person signs in with; empty: none yet
	Admin       bool
	Active      bool
	HasPassword bool
}

// SignIn is one browser or program that may act for a person.
type SignIn struct {
	Token   TokenHash
	Person  attendance.PersonID
	Created time.Time
	Expires time.Time
	Agent   string // what the browser calls itself
}

// SignInLife is how long a sign-in lasts.
const SignInLife = 30 * 24 * time.Hour

// Accounts signs people in and out. Make one with New. Its methods may be called
// from many goroutines.
type Accounts struct {
	store      Store
	now        func() time.Time
	lookups    *lookups
	ended      func(attendance.PersonID)
	hashing    *hashing
	byName     *Tries
	byAddress  *Tries
	displayKey []byte
}

// New returns accounts over the store. The function now tells the time; ended, if it
// is not nil, is called after sign-ins of a person have ended, so that what runs on
// them (live connections) can be ended too. It must not block.
func New(ctx context.Context, store Store, now func() time.Time, ended func(attendance.PersonID)) (*Accounts, error) {
	key, err := store.Secret(ctx, "display")
	if err != nil {
		return nil, fmt.Errorf("read the key of display links: %w", err)
	}
	if ended == nil {
		ended = func(attendance.PersonID) {}
	}
	return &Accounts{
		store: store, now: now, ended: ended, displayKey: key,
		lookups:   newLookups(store, now),
		hashing:   newHashing(),
		byName:    NewTries(10, 30*time.Second),
		byAddress: NewTries(500, time.Second),
	}, nil
}

// Authenticate returns whom a token stands for: the token of a sign-in, of a
// display or of a kiosk, or an API token. A token that is neither, or no more, gives the zero Viewer.
func (a *Accounts) Authenticate(ctx context.Context, token string) (Viewer, error) {
	if session, ok := a.DisplayOf(token); ok {
		return Viewer{Display: session}, nil
	}
	if v, ok, err := a.CourseDisplayOf(ctx, token); ok || err != nil {
		return v, err
	}
	if session, ok := a.KioskOf(token); ok {
		return Viewer{Kiosk: session}, nil
	}
	if secret, ok := strings.CutPrefix(token, TokenPrefix); ok {
		return a.bearer(ctx, secret)
	}
	hash, ok := parseToken(token)
	if !ok {
		return Viewer{}, nil
	}
	return a.lookups.viewer(ctx, hash)
}

// Account returns the account of a person, or an [attendance.Error] with
// CodeNotFound.
func (a *Accounts) Account(ctx context.Context, person attendance.PersonID) (Account, error) {
	acc, ok, err := a.store.Account(ctx, person)
	if err == nil && !ok {
		err = attendance.Refuse(attendance.CodeNotFound, "There is no such person.")
	}
	return acc, err
}
