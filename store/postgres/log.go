package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/recorder"
)

var _ recorder.Log = (*Store)(nil)

// Append implements [recorder.Log]. It takes two round trips: one locks the rows of
// the sessions and reads what the commands need, the other writes and commits. The
// locks, taken in order of the sessions' ids, make groups of all processes take turns.
//
// A group that fails for a reason that passes is recorded again, even if it is
// unknown whether it was committed: a command that was carried out is not carried out
// again.
func (s *Store) Append(ctx context.Context, group []attendance.Command) ([]recorder.Result, error) {
	var results []recorder.Result
	var unsure *unsureError
	err := retry(ctx, func() (err error) {
		results, err = s.appendOnce(ctx, group)
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
	states, err := lockAndRead(ctx, conn, group)
	if err != nil {
		return nil, err
	}
	results := make([]recorder.Result, len(group))
	var w writes
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
	if err := w.commit(ctx, conn, states); err != nil {
		return nil, err
	}
	return results, nil
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
