package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
)

// Rooms are what a node shows of sessions. A [live.Hub] has them.
type Rooms interface {
	Guess(group []attendance.Command) (map[attendance.SessionID]live.Guess, bool)
}

// GuessBy has Append decide check-ins by what rooms have of a session, if the record has
// nothing that speaks against it. It is called before the first Append.
func (s *Store) GuessBy(r Rooms) { s.rooms = r }

// recordCheckIns calls the function of the database that says what is recorded by it.
const recordCheckIns = `SELECT record_check_ins($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

func (s *Store) guess(group []attendance.Command) (map[attendance.SessionID]live.Guess, bool) {
	if s.rooms == nil {
		return nil, false
	}
	return s.rooms.Guess(group)
}

// appendGuessed decides by guesses, then writes and commits in one round trip, in which
// the server makes sure that they are right, and numbers the events. It returns nothing,
// and has done nothing, if one is wrong, or if a check-in is not one that sets the mark of
// a student without any, which is nothing to be decided by a guess.
func (s *Store) appendGuessed(ctx context.Context, guesses map[attendance.SessionID]live.Guess, group []attendance.Command) ([]recorder.Result, error) {
	results := make([]recorder.Result, len(group))
	bySession := make(map[attendance.SessionID]*checkIns, len(guesses))
	for i := range group {
		c, r := &group[i], &results[i]
		guess := guesses[c.Session]
		if guess.State.Students[c.Actor].Mark != attendance.Unset {
			return nil, nil
		}
		if r.Events, r.Outcome, r.Err = attendance.Decide(guess.State, c); r.Err != nil || len(r.Events) != 1 {
			return nil, nil
		}
		its := bySession[c.Session]
		if its == nil {
			its = &checkIns{guess: guess}
			bySession[c.Session] = its
		}
		its.commands, its.results = append(its.commands, c), append(its.results, r)
	}
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	conn, err := s.log.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	batch := &pgx.Batch{}                                    // a transaction of its own
	for _, id := range slices.Sorted(maps.Keys(bySession)) { // in the order of all locks
		bySession[id].queue(batch)
	}
	err = conn.SendBatch(ctx, batch).Close()
	switch {
	case err == nil:
		return results, nil
	case saysServer(err):
		return nil, nil
	}
	return nil, &unsureError{err}
}

// checkIns are check-ins of one session, each with the one event that it makes.
type checkIns struct {
	guess    live.Guess
	commands []*attendance.Command
	results  []*recorder.Result
}

// queue has them recorded. The events get their seqs when the server has answered.
func (c *checkIns) queue(batch *pgx.Batch) {
	session := &c.guess.State.Session
	event := func(r **recorder.Result) *attendance.Event { return &(*r).Events[0] }
	batch.Queue(recordCheckIns, session.ID, session.OpenedAt.UnixMilli(), c.guess.Roster,
		column(c.commands, func(c **attendance.Command) int64 { return int64((*c).Actor) }),
		column(c.commands, func(c **attendance.Command) string { return (*c).ID }),
		column(c.commands, func(c **attendance.Command) string { return (*c).Ticket }),
		column(c.results, func(r **recorder.Result) string { return event(r).Mark.String() }),
		column(c.results, func(r **recorder.Result) string { return event(r).Status }),
		column(c.results, func(r **recorder.Result) string { return event(r).Source.String() }),
		column(c.results, func(r **recorder.Result) string { return event(r).From }),
		column(c.results, func(r **recorder.Result) int64 { return event(r).At.UnixMilli() }),
		column(c.results, func(r **recorder.Result) []byte { return event(r).Body() }),
	).QueryRow(func(row pgx.Row) error {
		var seq int64
		if err := row.Scan(&seq); err != nil {
			return err
		}
		for i, r := range c.results {
			n := seq + int64(i)
			r.Events[0].Seq, r.Outcome.From, r.Outcome.To = n, n, n
		}
		return nil
	})
}
