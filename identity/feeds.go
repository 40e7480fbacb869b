package identity

import (
	"context"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Feed is the address at which a calendar program fetches a person's sessions. Whoever
// has it may read them, and do nothing else. A person has one, or none.
type Feed struct {
	Hash     TokenHash
	Person   attendance.PersonID
	OwnMarks bool // tell the student's own marks as well
	Created  time.Time
	Fetched  time.Time // roughly when last; zero: never
}

// FeedStore is where feeds are kept.
type FeedStore interface {
	// Feed returns a person's feed; false if there is none.
	Feed(ctx context.Context, person attendance.PersonID) (Feed, bool, error)
	// FeedOf returns the feed of a hash, if its person is active. It notes that it was
	// fetched, once an hour at most.
	FeedOf(ctx context.Context, hash TokenHash, now time.Time) (Feed, bool, error)
	// SetFeed makes a person's feed, in place of the one before.
	SetFeed(ctx context.Context, f Feed) error
	// RemoveFeed ends a person's feed, if there is one.
	RemoveFeed(ctx context.Context, person attendance.PersonID) error
}

// Feed returns a person's feed; false if there is none.
func (a *Accounts) Feed(ctx context.Context, person attendance.PersonID) (Feed, bool, error) {
	return a.store.Feed(ctx, person)
}

// MakeFeed makes a person's feed and returns its secret: the only time that it is
// known. The one before ends.
func (a *Accounts) MakeFeed(ctx context.Context, person attendance.PersonID, ownMarks bool) (secret string, f Feed, err error) {
	secret, hash := newToken()
	f = Feed{Hash: hash, Person: person, OwnMarks: ownMarks, Created: a.now()}
	return secret, f, a.store.SetFeed(ctx, f)
}

// RemoveFeed ends a person's feed at once.
func (a *Accounts) RemoveFeed(ctx context.Context, person attendance.PersonID) error {
	return a.store.RemoveFeed(ctx, person)
}

// FeedOf returns the feed that a secret stands for; false if there is none.
func (a *Accounts) FeedOf(ctx context.Context, secret string) (Feed, bool, error) {
	hash, ok := parseToken(secret)
	if !ok {
		return Feed{}, false, nil
	}
	return a.store.FeedOf(ctx, hash, a.now())
}
