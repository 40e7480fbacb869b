package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
)

// TokenPrefix is what every API token begins with, so that people, and programs that
// look for secrets in the wrong places, know one when they see it.
const TokenPrefix = "muster_"

// APIToken lets a program act for a person, within its scopes.
type APIToken struct {
	ID      int64
	Hash    TokenHash
	Person  attendance.PersonID
	Name    string // what it is for, in the words of who made it
	Scopes  Scope
	By      attendance.PersonID // who made it; 0: the program itself
	Created time.Time
	Expires time.Time
	Used    time.Time // roughly when last; zero: never
	Revoked time.Time // zero: not
	// Of the person, for lists.
	Given, Family string
}

// TokenStore is where API tokens are kept.
type TokenStore interface {
	// TokenViewer returns whom a token stands for that has neither run out nor been
	// revoked, if that person is active. It notes the use, once a minute at most.
	TokenViewer(ctx context.Context, hash TokenHash, now time.Time) (Viewer, bool, error)
	// AddToken makes a token and says so in the audit. It returns its id.
	AddToken(ctx context.Context, t APIToken, by attendance.Author) (int64, error)
	// Tokens returns a person's tokens, or everybody's (0), newest first: those with ids
	// below before (0: from the newest), at most limit.
	Tokens(ctx context.Context, person attendance.PersonID, before int64, limit int) ([]APIToken, error)
	// RevokeToken revokes a token of a person, or of anybody (0), and says so in the
	// audit. It returns whose it was; false if there is no such token that counts.
	RevokeToken(ctx context.Context, person attendance.PersonID, id int64, by attendance.Author, now time.Time) (of attendance.PersonID, ok bool, err error)
}

// Limits of API tokens.
const (
	MaxTokenDays = 730
	maxTokenName = 100 // characters
	maxTokens    = 100 // of one person, that count
)

// NewToken is a token to be made.
type NewToken struct {
	Person attendance.PersonID // for whom
	Name   string
	Scopes Scope
	Days   int // how long it counts
}

// MakeToken makes an API token and returns it: the only time that it is known.
func (a *Accounts) MakeToken(ctx context.Context, n NewToken, by attendance.Author) (string, APIToken, error) {
	now := a.now()
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case n.Name == "" || utf8.RuneCountInString(n.Name) > maxTokenName || !attendance.IsText(n.Name):
		return "", APIToken{}, attendance.BadField("name", fmt.Sprintf("a text of 1 to %d characters that says what the token is for", maxTokenName))
	case n.Scopes == 0:
		return "", APIToken{}, attendance.BadField("scopes", "at least one")
	case n.Days < 1 || n.Days > MaxTokenDays:
		return "", APIToken{}, attendance.BadField("days", fmt.Sprintf("from 1 to %d", MaxTokenDays))
	}
	acc, err := a.Account(ctx, n.Person)
	if err != nil {
		return "", APIToken{}, err
	}
	if !acc.Active {
		return "", APIToken{}, attendance.Refuse(attendance.CodeConflict, "This account is switched off. Switch it on first.")
	}
	if n.Scopes&AdminScope != 0 && !acc.Admin {
		return "", APIToken{}, attendance.BadField("scopes", "without admin: this person is no administrator")
	}
	if err := a.roomForToken(ctx, n.Person, now); err != nil {
		return "", APIToken{}, err
	}
	secret, hash := newToken()
	t := APIToken{Hash: hash, Person: n.Person, Name: n.Name, Scopes: n.Scopes, By: by.Person, Created: now, Expires: now.AddDate(0, 0, n.Days), Given: acc.Given, Family: acc.Family}
	t.ID, err = a.store.AddToken(ctx, t, by)
	return TokenPrefix + secret, t, err
}

func (a *Accounts) roomForToken(ctx context.Context, person attendance.PersonID, now time.Time) error {
	all, err := a.store.Tokens(ctx, person, 0, 10*maxTokens)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(t APIToken) bool { return !t.Counts(now) })
	if len(all) >= maxTokens {
		return attendance.Refuse(attendance.CodeConflict, fmt.Sprintf("There are %d tokens already. Revoke those that are not used.", len(all)))
	}
	return nil
}

// Counts reports whether the token has neither run out nor been revoked.
func (t *APIToken) Counts(now time.Time) bool { return t.Revoked.IsZero() && now.Before(t.Expires) }

// Tokens returns a page of a person's API tokens, or of everybody's (0), newest first.
func (a *Accounts) Tokens(ctx context.Context, person attendance.PersonID, before int64, limit int) ([]APIToken, error) {
	return a.store.Tokens(ctx, person, before, limit)
}

// RevokeToken ends a token of a person, or of anybody (0), at once.
func (a *Accounts) RevokeToken(ctx context.Context, person attendance.PersonID, id int64, by attendance.Author) error {
	of, ok, err := a.store.RevokeToken(ctx, person, id, by, a.now())
	if err == nil && !ok {
		err = attendance.Refuse(attendance.CodeNotFound, "There is no such token, or it has ended already.")
	}
	if err == nil {
		a.ended(of)
	}
	return err
}

// bearer returns whom the secret part of an API token stands for.
func (a *Accounts) bearer(ctx context.Context, secret string) (Viewer, error) {
	hash, ok := parseToken(secret)
	if !ok {
		return Viewer{}, nil
	}
	v, ok, err := a.store.TokenViewer(ctx, hash, a.now())
	if err != nil || !ok {
		return Viewer{}, err
	}
	return v, nil
}
