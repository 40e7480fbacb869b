package storetest

import (
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

// tokenTests are about API tokens and the addresses of calendar feeds.
var tokenTests = map[string]test{
	"an API token stands for its person and scopes until it ends": tokenStandsForPerson,
	"API tokens are listed newest first, one's own or all":        tokensAreListed,
	"a feed is one person's, and a new one ends the old":          feedIsOnePersons,
}

func addToken(t *testing.T, s Store, n byte, p attendance.PersonID, scopes identity.Scope) int64 {
	t.Helper()
	id, err := s.AddToken(t.Context(), identity.APIToken{Hash: token(n), Person: p, Name: "sync", Scopes: scopes, By: p, Created: tenFifteen, Expires: tenFifteen.Add(time.Hour)},
		attendance.Author{Person: p, From: "192.0.2.1"})
	must(t, err)
	return id
}

func tokenStandsForPerson(t *testing.T, open Open) {
	s := open(t)
	ada, other := addPerson(t, s, "Lovelace"), addPerson(t, s, "Turing")
	id := addToken(t, s, 1, ada, identity.RosterRead|identity.MarksWrite)
	stands := func(n byte, now time.Time) identity.Viewer {
		t.Helper()
		v, ok, err := s.TokenViewer(t.Context(), token(n), now)
		must(t, err)
		if !ok && v != (identity.Viewer{}) {
			t.Errorf("a token that does not count stands for %+v", v)
		}
		return v
	}
	same(t, "viewer", identity.Viewer{Person: ada, Token: id, Until: tenFifteen.Add(time.Hour), Scopes: identity.RosterRead | identity.MarksWrite}, stands(1, tenFifteen))
	for name, v := range map[string]identity.Viewer{"one that there is not": stands(2, tenFifteen), "one that has run out": stands(1, tenFifteen.Add(time.Hour))} {
		if v.Person != 0 {
			t.Errorf("%s stands for %+v", name, v)
		}
	}
	stands(1, tenFifteen.Add(30*time.Second))
	used := func() time.Time {
		t.Helper()
		all, err := s.Tokens(t.Context(), ada, 0, 10)
		must(t, err)
		return all[0].Used
	}
	if at := used(); !at.Equal(tenFifteen) {
		t.Errorf("used at %v, and again within the minute: %v", tenFifteen, at)
	}
	stands(1, tenFifteen.Add(2*time.Minute))
	if at := used(); !at.Equal(tenFifteen.Add(2 * time.Minute)) {
		t.Errorf("used two minutes later: %v", at)
	}

	// Who is switched off is nobody by a token either.
	yes, no := true, false
	_, _, err := s.ChangePerson(t.Context(), attendance.Author{}, ada, roster.PersonChange{Active: &no}, tenFifteen)
	must(t, err)
	if v := stands(1, tenFifteen); v.Person != 0 {
		t.Errorf("switched off: %+v", v)
	}
	_, _, err = s.ChangePerson(t.Context(), attendance.Author{}, ada, roster.PersonChange{Active: &yes, Admin: &yes}, tenFifteen)
	must(t, err)
	if v := stands(1, tenFifteen); !v.Admin {
		t.Errorf("made an administrator: %+v", v)
	}

	for _, try := range []struct {
		person attendance.PersonID
		want   bool
	}{{other, false}, {ada, true}, {ada, false}, {0, false}} {
		of, done, err := s.RevokeToken(t.Context(), try.person, id, attendance.Author{}, tenFifteen)
		if done != try.want || err != nil || done && of != ada {
			t.Errorf("revoked for %d: %v of %d, %v, want %v", try.person, done, of, err, try.want)
		}
	}
	if v := stands(1, tenFifteen); v.Person != 0 {
		t.Errorf("revoked: %+v", v)
	}
}

func tokensAreListed(t *testing.T, open Open) {
	s := open(t)
	ada, alan := addPerson(t, s, "Lovelace"), addPerson(t, s, "Turing")
	a, b, c := addToken(t, s, 1, ada, identity.RosterRead), addToken(t, s, 2, alan, identity.AdminScope), addToken(t, s, 3, ada, identity.ReportsRead)
	list := func(p attendance.PersonID, before int64, limit int) (ids []int64) {
		t.Helper()
		all, err := s.Tokens(t.Context(), p, before, limit)
		must(t, err)
		for _, one := range all {
			ids = append(ids, one.ID)
		}
		return ids
	}
	same(t, "all", []int64{c, b, a}, list(0, 0, 10))
	same(t, "the first page", []int64{c, b}, list(0, 0, 2))
	same(t, "the second", []int64{a}, list(0, b, 2))
	same(t, "one's own", []int64{c, a}, list(ada, 0, 10))
	all, err := s.Tokens(t.Context(), alan, 0, 1)
	must(t, err)
	same(t, "token", identity.APIToken{ID: b, Person: alan, Name: "sync", Scopes: identity.AdminScope, By: alan, Created: tenFifteen, Expires: tenFifteen.Add(time.Hour), Given: "Ada", Family: "Turing"}, all[0])
	if of, done, err := s.RevokeToken(t.Context(), 0, b, attendance.Author{}, tenFifteen); !done || of != alan || err != nil {
		t.Errorf("an administrator revokes: %v, %v", done, err)
	}
}

func feedIsOnePersons(t *testing.T, open Open) {
	s := open(t)
	ada := addPerson(t, s, "Lovelace")
	if _, ok, err := s.Feed(t.Context(), ada); ok || err != nil {
		t.Errorf("before there is one: %v, %v", ok, err)
	}
	must(t, s.SetFeed(t.Context(), identity.Feed{Hash: token(1), Person: ada, Created: tenFifteen}))
	if _, ok, err := s.FeedOf(t.Context(), token(1), tenFifteen); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	f, _, err := s.Feed(t.Context(), ada)
	must(t, err)
	same(t, "feed", identity.Feed{Hash: token(1), Person: ada, Created: tenFifteen, Fetched: tenFifteen}, f)
	must(t, s.SetFeed(t.Context(), identity.Feed{Hash: token(2), Person: ada, OwnMarks: true, Created: tenFifteen}))
	if _, ok, _ := s.FeedOf(t.Context(), token(1), tenFifteen); ok {
		t.Error("the old one still counts")
	}
	f, _, err = s.FeedOf(t.Context(), token(2), tenFifteen)
	must(t, err)
	same(t, "the new one", identity.Feed{Hash: token(2), Person: ada, OwnMarks: true, Created: tenFifteen}, f)
	no := false
	_, _, err = s.ChangePerson(t.Context(), attendance.Author{}, ada, roster.PersonChange{Active: &no}, tenFifteen)
	must(t, err)
	if _, ok, _ := s.FeedOf(t.Context(), token(2), tenFifteen); ok {
		t.Error("it counts for somebody who was switched off")
	}
	must(t, s.RemoveFeed(t.Context(), ada))
	if _, ok, _ := s.Feed(t.Context(), ada); ok {
		t.Error("it is still there")
	}
}
