package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
)

var _ recorder.Log = (*Store)(nil)

// Append implements [recorder.Log]. It takes two round trips: one locks the rows of
// the sessions and reads what the commands need, the other writes and commits. The
// locks, taken in order of the sessions' ids, make groups of all processes take turns.
// Where this node's rooms know enough, one round trip does (see appendGuessed).
//
// A group that fails for a reason that passes is recorded again, even if it is
// unknown whether it was committed: a command that was carried out is not carried out
// again.
func (s *Store) Append(ctx context.Context, group []attendance.Command) ([]recorder.Result, error) {
	var results []recorder.Result
	var unsure *unsureError
	guesses, guessed := s.guess(group)
	err := retry(ctx, func() (err error) {
		if guessed {
			guessed = false
			results, err = s.appendGuessed(ctx, guesses, group)
		}
		if results == nil && err == nil {
			results, err = s.appendOnce(ctx, group)
		}
		if errors.As(err, &unsure) {
			return unsure.err
		}
		return err
	})
	switch {
	case err == nil && unsure != nil:
		s.addEvents(ctx, group, results)
		return results, nil
	case err == nil:
		return results, nil
	case unsure != nil:
		return nil, &attendance.Error{Code: attendance.CodeStorage, Retry: time.Second, Err: fmt.Errorf("record: %w, after %w", err, unsure),
			Message: "The database has stopped answering, and perhaps this was recorded. Try again: it counts once."}
	}
	return nil, fmt.Errorf("record: %w", err)
}

func (s *Store) appendOnce(ctx context.Context, group []attendance.Command) ([]recorder.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	conn, err := s.log.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release() // closes the connection if it is in a transaction still
	begin := &pgx.Batch{}
	begin.Queue("BEGIN")
	states, err := read(ctx, conn, begin, group)
	if err != nil {
		return nil, err
	}
	results, w := decide(states, group)
	if err := w.commit(ctx, conn, states); err != nil {
		return nil, err
	}
	return results, nil
}

// decide has each command of a group decided, and gathers what they change.
func decide(states states, group []attendance.Command) ([]recorder.Result, *writes) {
	results := make([]recorder.Result, len(group))
	w := &writes{}
	for i := range group {
		c, r := &group[i], &results[i]
		state, known := states[c.Session]
		if !known {
			r.Err = attendance.Refuse(attendance.CodeUnknownSession, "There is no such session.")
			continue
		}
		_, again := state.Done[c.Key()]
		r.Events, r.Outcome, r.Err = attendance.Decide(state, c)
		if r.Err == nil && !again {
			w.add(c, r)
		}
	}
	return results, w
}

// warm records a group and takes it back, so that the server has made the plans and
// read the catalogs that recording takes: otherwise the first group of a connection
// waits for that, five times as long as the others.
func warm(ctx context.Context, conn *pgx.Conn) error {
	const session, person = 0, 0 // are nobody's
	group := []attendance.Command{{ID: "warm", Session: session, Actor: person, Kind: attendance.CheckIn, Ticket: "warm", At: time.UnixMilli(0)}}
	begin := &pgx.Batch{}
	for _, q := range []string{
		"BEGIN",
		"INSERT INTO people (id, given, family, created_at, updated_at) VALUES (0, '', '', 0, 0)",
		"INSERT INTO courses (id, code, title, on_close, code_step, code_grace, roster) VALUES (0, '', '', 'absent', 5000, 1, 0)",
		"INSERT INTO sessions (id, course_id, title, secret) VALUES (0, 0, '', decode(repeat('00', 32), 'hex'))",
	} {
		begin.Queue(q)
	}
	states, err := read(ctx, conn, begin, group)
	if err != nil {
		return fmt.Errorf("try what recording takes: %w", err)
	}
	made := func(person attendance.PersonID, seq int64) *recorder.Result {
		return &recorder.Result{
			Events:  []attendance.Event{{Session: session, Seq: seq, Kind: attendance.MarkSet, Person: person, Mark: attendance.Present, At: group[0].At}},
			Outcome: attendance.Outcome{From: seq, To: seq, Entry: attendance.Entry{Mark: attendance.Present, At: group[0].At}},
		}
	}
	state := states[session]
	state.Session.Seq, state.Session.Status, state.Session.OpenedAt = 1, attendance.Open, group[0].At
	w := &writes{}
	w.add(&group[0], made(person, 1))
	end := &pgx.Batch{}
	if err := w.queue(end, states); err != nil {
		return err
	}
	guessed := &checkIns{live.Guess{State: state}, []*attendance.Command{{ID: "warm", Actor: 1, Ticket: "warm too"}}, []*recorder.Result{made(1, 2)}}
	guessed.queue(end)
	end.Queue("ROLLBACK")
	if err := conn.SendBatch(ctx, end).Close(); err != nil {
		return fmt.Errorf("try what recording takes: %w", err)
	}
	return nil
}

// addEvents gives results of commands that an attempt committed whose end was not
// seen the events that they made, for this node to show. If they cannot be read, it
// finds them in the log, like those of other nodes.
func (s *Store) addEvents(ctx context.Context, group []attendance.Command, results []recorder.Result) {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	made := make([][]attendance.Event, len(results))
	batch := &pgx.Batch{}
	for i, r := range results {
		if n := r.Outcome.To - r.Outcome.From + 1; r.Err == nil && len(r.Events) == 0 && n > 0 {
			batch.Queue(eventsAfter, group[i].Session, r.Outcome.From-1, n).Query(func(rows pgx.Rows) (err error) {
				made[i], err = readEvents(rows, group[i].Session)
				return err
			})
		}
	}
	if err := s.log.SendBatch(ctx, batch).Close(); err != nil {
		return
	}
	for i, events := range made {
		if len(events) > 0 {
			results[i].Events = events
		}
	}
}
