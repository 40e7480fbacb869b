package postgres

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
)

// Rooms are what a node shows of sessions. A [live.Hub] has them.
type Rooms interface {
	Guess(group []attendance.Command) (map[attendance.SessionID]live.Guess, bool)
}

// GuessBy has Append go by what rooms have of a session, if that is what the record
// has. It is called before the first Append.
func (s *Store) GuessBy(r Rooms) { s.rooms = r }

// updateGuessed takes a session on from seq $4 to $2, and fails, by a division by zero,
// if there is more in its log, or if its course has changed. Else a room that had all
// up to there knows everything that its row, its course and its marks say.
const updateGuessed = `WITH taken AS (
		UPDATE sessions s SET seq = $2, chain = $3 FROM courses c
		WHERE s.id = $1 AND s.seq = $4 AND s.chain IS NOT DISTINCT FROM $5 AND c.id = s.course_id AND c.roster = $6 RETURNING 1)
	SELECT 1 / count(*) FROM taken`

// doubtFor is how long nothing is guessed of a session after a guess that was wrong:
// most likely, another node is recording for it.
const doubtFor = 100 * time.Millisecond

// doubts are the sessions of which nothing is guessed for now.
type doubts struct {
	mu    sync.Mutex
	until map[attendance.SessionID]time.Time
}

func (d *doubts) raise(group []attendance.Command, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.until == nil {
		d.until = make(map[attendance.SessionID]time.Time)
	}
	maps.DeleteFunc(d.until, func(_ attendance.SessionID, until time.Time) bool { return now.After(until) })
	for i := range group {
		d.until[group[i].Session] = now.Add(doubtFor)
	}
}

func (d *doubts) about(group []attendance.Command, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.until) > 0 && slices.ContainsFunc(group, func(c attendance.Command) bool { return now.Before(d.until[c.Session]) })
}

func (s *Store) guess(group []attendance.Command) (map[attendance.SessionID]live.Guess, bool) {
	if s.rooms == nil || s.doubts.about(group, time.Now()) {
		return nil, false
	}
	return s.rooms.Guess(group)
}

// appendGuessed decides by guesses, then writes and commits in one round trip, in which
// the server makes sure that they are right: of the sessions by updateGuessed, of
// commands that were done before and tickets that are used up by their keys. It returns
// nothing, and has done nothing, if one is wrong, or if a command would be refused, which
// is nothing to be decided by a guess.
func (s *Store) appendGuessed(ctx context.Context, guesses map[attendance.SessionID]live.Guess, group []attendance.Command) ([]recorder.Result, error) {
	before := make(map[attendance.SessionID]attendance.Session, len(guesses))
	all := make(states, len(guesses))
	for id, g := range guesses {
		before[id], all[id] = g.State.Session, g.State
	}
	results, w := decide(all, group)
	if slices.ContainsFunc(results, func(r recorder.Result) bool { return r.Err != nil }) {
		return nil, nil
	}
	batch := &pgx.Batch{}                                  // a transaction of its own
	for _, id := range slices.Sorted(maps.Keys(guesses)) { // in the order of all locks
		was, is := before[id], all[id].Session
		batch.Queue(updateGuessed, id, is.Seq, is.Chain, was.Seq, was.Chain, guesses[id].Roster)
	}
	w.queueCommands(batch, insertNewTickets)
	w.queueEvents(batch)
	w.queueMarks(batch)
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	conn, err := s.log.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	err = conn.SendBatch(ctx, batch).Close()
	switch {
	case err == nil:
		return results, nil
	case saysServer(err):
		s.doubts.raise(group, time.Now())
		return nil, nil
	}
	return nil, &unsureError{err}
}
