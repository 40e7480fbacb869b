package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster/local"
)

func checkIn(id string, session attendance.SessionID, who attendance.PersonID) attendance.Command {
	return attendance.Command{ID: id, Session: session, Actor: who, Kind: attendance.CheckIn, Ticket: "ticket " + id, At: time.Now()}
}

func TestCheckInsAreRecordedInOneRoundTripWhateverElseIsRecorded(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	s, other := open(t, url), open(t, url)
	session := seed(t, s, 6)
	// Nobody tells this room anything, as if the bus were slow.
	hub := openRoom(t, s, new(local.Network), session)
	byCard := checkIn("d", session, 4)
	byCard.Card, byCard.From, byCard.Ticket, byCard.Stands = true, "card reader", "", attendance.Marking{Mark: attendance.Present, Status: "hall"}
	for i, group := range [][]attendance.Command{
		{checkIn("a", session, 1), checkIn("b", session, 2)},
		{checkIn("c", session, 3), byCard},
	} {
		meanwhile := []attendance.Mark{attendance.Late, attendance.Absent}[i]
		record(t, other, attendance.Command{ID: fmt.Sprint("x", i), Session: session, Actor: 9, Kind: attendance.SetMarks, At: time.Now(), From: "192.0.2.7", Note: "zu spät",
			Marks: []attendance.MarkChange{{Person: 5, Mark: meanwhile}, {Person: 6, Mark: meanwhile}}})
		guesses, ok := hub.Guess(group)
		if !ok {
			t.Fatal("the room knows nothing")
		}
		results, err := s.appendGuessed(t.Context(), guesses, group)
		if err != nil || len(results) != len(group) {
			t.Fatalf("group %d: %v, %v", i, results, err)
		}
		for k, r := range results {
			want := int64(4 + 4*i + k) // 1 opened the session, and the marks of before take two each
			if r.Events[0].Seq != want || r.Outcome.From != want || r.Outcome.To != want {
				t.Errorf("command %s of group %d has event %d and outcome %+v, want %d", group[k].ID, i, r.Events[0].Seq, r.Outcome, want)
			}
		}
	}
	rec, err := s.Record(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	want := byCard.Stands
	if e := rec.Entries; rec.Session.Seq != 9 || e[1].Mark != attendance.Present || e[3].Source != attendance.ByCode || e[4].Source != attendance.ByCard || e[4].Marking() != want {
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
		"another node has recorded this": {func(t *testing.T, s *Store, id attendance.SessionID) { record(t, s, checkIn("a", id, 1)) },
			func(id attendance.SessionID) []attendance.Command {
				return []attendance.Command{checkIn("b", id, 2), checkIn("a", id, 1)}
			}, ""},
		"the student has got a mark": {func(t *testing.T, s *Store, id attendance.SessionID) {
			record(t, s, attendance.Command{ID: "x", Session: id, Actor: 9, Kind: attendance.SetMarks, At: time.Now(), Marks: []attendance.MarkChange{{Person: 1, Mark: attendance.Excused}}})
		}, func(id attendance.SessionID) []attendance.Command { return []attendance.Command{checkIn("a", id, 1)} }, ""},
		"the session was opened at another time": {func(t *testing.T, s *Store, id attendance.SessionID) {
			if _, err := s.pool.Exec(t.Context(), `UPDATE sessions SET opened_at = opened_at - 3600000`); err != nil {
				t.Fatal(err)
			}
		}, func(id attendance.SessionID) []attendance.Command { return []attendance.Command{checkIn("a", id, 1)} }, ""},
		"another node has closed the session": {func(t *testing.T, s *Store, id attendance.SessionID) {
			leave := attendance.LeaveUnset
			record(t, s, attendance.Command{ID: "x", Session: id, Actor: 9, Kind: attendance.CloseSession, Unset: &leave, At: time.Now()})
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

func TestWhatChangesWhileACheckInWaitsForTheLockCounts(t *testing.T) {
	t.Parallel()
	for name, byRoom := range map[string]bool{"decided by the room": true, "decided by the record": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := newDatabase(t)
			s, other := open(t, url), open(t, url)
			session := seed(t, s, 2)
			if byRoom {
				openRoom(t, s, new(local.Network), session)
			}
			tx, err := other.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context())
			for _, q := range []string{`UPDATE sessions SET title = 'Week 2'`, `UPDATE courses SET late_after = 0, roster = roster + 1`} {
				if _, err := tx.Exec(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			recorded := make(chan error, 1)
			go func() {
				results, err := s.Append(context.Background(), []attendance.Command{checkIn("a", session, 1)})
				if err == nil && results[0].Outcome.Entry.Mark != attendance.Late {
					err = fmt.Errorf("by the rules of before: %+v", results[0])
				}
				recorded <- err
			}()
			waitForLock(t, tx, recorded)
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-recorded; err != nil {
				t.Error(err)
			}
		})
	}
}

// waitForLock returns when somebody waits for a lock, or what does so has ended.
func waitForLock(t *testing.T, tx pgx.Tx, ended chan error) {
	for waits := false; !waits && len(ended) == 0; {
		if err := tx.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()
			AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database()))`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhoHasTheLockOfASessionAndWaitsForACheckInGoesOn(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	other := open(t, url)
	session := seed(t, other, 2)
	// So that nobody is saved by the server's own search for who waits for each other.
	if _, err := other.pool.Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''1h''', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	s := open(t, url)
	hub := openRoom(t, s, new(local.Network), session)
	group := []attendance.Command{checkIn("a", session, 1)}
	guesses, _ := hub.Guess(group)
	tx, err := other.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), `SELECT FROM sessions WHERE id = $1 FOR NO KEY UPDATE`, session); err != nil {
		t.Fatal(err)
	}
	recorded := make(chan error, 1)
	go func() {
		results, err := s.appendGuessed(context.Background(), guesses, group)
		if results != nil {
			err = errors.New("it was recorded without the lock")
		}
		recorded <- err
	}()
	waitForLock(t, tx, recorded)
	if _, err := tx.Exec(t.Context(), `INSERT INTO marks (session_id, person_id, mark, at, source, actor_id, note, status)
		VALUES ($1, 1, 'late', 0, 'hand', 9, '', '')`, session); err != nil {
		t.Error("who has the lock was held up by who has not:", err)
	}
	if err := <-recorded; err != nil {
		t.Error(err)
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
