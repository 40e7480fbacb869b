package postgres

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster/local"
)

func checkIn(id string, session attendance.SessionID, who attendance.PersonID) attendance.Command {
	return attendance.Command{ID: id, Session: session, Actor: who, Kind: attendance.CheckIn, Ticket: "ticket " + id, At: time.Now()}
}

func TestWhatARoomKnowsIsRecordedInOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := open(t, newDatabase(t))
	session := seed(t, s, 3)
	var network local.Network
	hub := openRoom(t, s, &network, session)
	for i, group := range [][]attendance.Command{
		{checkIn("a", session, 1), checkIn("b", session, 2)},
		{checkIn("c", session, 3), {ID: "d", Session: session, Actor: 9, Kind: attendance.SetMarks, At: time.Now(), From: "192.0.2.7", Note: "zu spät",
			Marks: []attendance.MarkChange{{Person: 1, Mark: attendance.Late}, {Person: 2}}}},
		{checkIn("e", session, 3)}, // is there already
	} {
		guesses, ok := hub.Guess(group)
		if !ok {
			t.Fatal("the room knows nothing")
		}
		results, err := s.appendGuessed(t.Context(), guesses, group)
		if err != nil || len(results) != len(group) {
			t.Fatalf("group %d: %v, %v", i, results, err)
		}
		for _, r := range results {
			hub.Apply(r.Events)
		}
	}
	rec, err := s.Record(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	if e := rec.Entries; rec.Session.Seq != 6 || e[1].Mark != attendance.Late || e[1].Note != "zu spät" || e[2].Mark != attendance.Unset || e[3].Mark != attendance.Present {
		t.Errorf("the record is at seq %d with %+v", rec.Session.Seq, e)
	}
	var chain []byte
	for _, e := range rec.Recent {
		chain = e.Chain(chain)
	}
	if !slices.Equal(chain, rec.Session.Chain) {
		t.Error("the events are chained to something else than the session says")
	}
}

func TestAWrongGuessRecordsNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(*testing.T, *Store, attendance.SessionID)
		group     func(attendance.SessionID) []attendance.Command
		refused   attendance.Code // by what is so
	}{
		"another node has recorded": {func(t *testing.T, s *Store, id attendance.SessionID) { record(t, s, checkIn("x", id, 2)) },
			func(id attendance.SessionID) []attendance.Command { return []attendance.Command{checkIn("a", id, 1)} }, ""},
		"another node has closed the session": {func(t *testing.T, s *Store, id attendance.SessionID) {
			record(t, s, attendance.Command{ID: "x", Session: id, Actor: 9, Kind: attendance.CloseSession, At: time.Now()})
		}, func(id attendance.SessionID) []attendance.Command { return []attendance.Command{checkIn("a", id, 1)} }, attendance.CodeNotOpen},
		"the course has changed": {func(t *testing.T, s *Store, id attendance.SessionID) {
			for _, q := range []string{`UPDATE enrolments SET ended_at = 1 WHERE person_id = 1`, `UPDATE courses SET roster = roster + 1`} {
				if _, err := s.pool.Exec(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
		}, func(id attendance.SessionID) []attendance.Command { return []attendance.Command{checkIn("a", id, 1)} }, attendance.CodeNotEnrolled},
		"nothing has changed, but a command was carried out before": {func(*testing.T, *Store, attendance.SessionID) {},
			func(id attendance.SessionID) []attendance.Command {
				return []attendance.Command{checkIn("before", id, 3)}
			}, ""},
		"nothing has changed, but a ticket is used up": {func(*testing.T, *Store, attendance.SessionID) {},
			func(id attendance.SessionID) []attendance.Command {
				c := checkIn("a", id, 1)
				c.Ticket = "ticket before"
				return []attendance.Command{c}
			}, attendance.CodeTicketUsed},
		"nothing has changed, but somebody is no student": {func(*testing.T, *Store, attendance.SessionID) {},
			func(id attendance.SessionID) []attendance.Command {
				return []attendance.Command{checkIn("a", id, 1), checkIn("b", id, 77)}
			}, attendance.CodeNotEnrolled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := newDatabase(t)
			s, other := open(t, url), open(t, url)
			session := seed(t, s, 5)
			record(t, s, checkIn("before", session, 3))
			var network local.Network
			hub := openRoom(t, s, &network, session)
			group := test.group(session)
			guesses, ok := hub.Guess(group)
			if !ok {
				t.Fatal("the room knows nothing")
			}
			test.meanwhile(t, other, session)
			before, err := s.Record(t.Context(), session)
			if err != nil {
				t.Fatal(err)
			}
			results, err := s.appendGuessed(t.Context(), guesses, group)
			if results != nil || err != nil {
				t.Errorf("it was recorded: %+v, %v", results, err)
			}
			after, err := s.Record(t.Context(), session)
			if err != nil || after.Session.Seq != before.Session.Seq {
				t.Errorf("the log has come from %d to %d (%v)", before.Session.Seq, after.Session.Seq, err)
			}
			results, err = s.Append(t.Context(), group)
			if err != nil {
				t.Fatal(err)
			}
			var code attendance.Code
			var refusal *attendance.Error
			if errors.As(results[len(results)-1].Err, &refusal) {
				code = refusal.Code
			}
			if code != test.refused {
				t.Errorf("by what is so it is refused as %q, want %q", code, test.refused)
			}
		})
	}
}

// record carries a command out as another node does.
func record(t *testing.T, s *Store, c attendance.Command) {
	t.Helper()
	results, err := s.Append(t.Context(), []attendance.Command{c})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
}
