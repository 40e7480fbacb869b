package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
)

var _ live.Store = (*Store)(nil)

// recentEvents is how many of the newest events a Record comes with, so that clients
// that come back after a restart get what they missed and not everything.
const recentEvents = 1000

// Record implements [live.Store].
func (s *Store) Record(ctx context.Context, id attendance.SessionID) (rec *live.Record, err error) {
	err = s.inSnapshot(ctx, func(tx pgx.Tx) error {
		rec, err = readRecord(ctx, tx, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, attendance.Refuse(attendance.CodeUnknownSession, "There is no such session.")
	}
	if err != nil {
		return nil, fmt.Errorf("read session %d: %w", id, err)
	}
	return rec, nil
}

func readRecord(ctx context.Context, tx pgx.Tx, id attendance.SessionID) (*live.Record, error) {
	rec := &live.Record{Entries: make(map[attendance.PersonID]attendance.Entry)}
	var err error
	if rec.Session, rec.Rules, err = readSession(ctx, tx, id); err != nil {
		return nil, err
	}
	err = tx.QueryRow(ctx, `SELECT code, title, roster FROM courses WHERE id = $1`, rec.Session.Course).
		Scan(&rec.CourseCode, &rec.CourseTitle, &rec.Roster)
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, tx, `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), m.person_id IS NOT NULL, `+entryColumns+`
		FROM enrolments e JOIN people p ON p.id = e.person_id
		LEFT JOIN marks m ON m.session_id = $2 AND m.person_id = p.id
		WHERE e.course_id = $1 AND e.role = 'student' AND e.ended_at IS NULL
		ORDER BY lower(p.family), lower(p.given), p.id`, []any{rec.Session.Course, id},
		func(scan scanFunc) error {
			var p live.Person
			var marked bool
			var row entryRow
			if err := scan(append([]any{&p.ID, &p.Family, &p.Given, &p.Ref, &marked}, row.dest()...)...); err != nil {
				return err
			}
			rec.Students = append(rec.Students, p)
			if !marked {
				return nil
			}
			e, err := row.entry()
			rec.Entries[p.ID] = e
			return err
		})
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, eventsAfter, id, max(0, rec.Session.Seq-recentEvents), recentEvents)
	if err != nil {
		return nil, err
	}
	rec.Recent, err = readEvents(rows, id)
	return rec, err
}

// Events implements [live.Store].
func (s *Store) Events(ctx context.Context, id attendance.SessionID, after int64, limit int) (events []attendance.Event, err error) {
	err = s.briefly(ctx, func(ctx context.Context, q queryer) error {
		rows, err := q.Query(ctx, eventsAfter, id, after, limit)
		if err == nil {
			events, err = readEvents(rows, id)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read events of session %d: %w", id, err)
	}
	return events, nil
}

// Heads implements [live.Store].
func (s *Store) Heads(ctx context.Context, ids []attendance.SessionID) (heads map[attendance.SessionID]live.Head, err error) {
	const query = `SELECT s.id, s.seq, c.roster FROM sessions s JOIN courses c ON c.id = s.course_id WHERE s.id = ANY($1)`
	err = s.briefly(ctx, func(ctx context.Context, q queryer) error {
		heads = make(map[attendance.SessionID]live.Head, len(ids))
		return eachRow(ctx, q, query, []any{ids}, func(scan scanFunc) error {
			var id attendance.SessionID
			var h live.Head
			err := scan(&id, &h.Seq, &h.Roster)
			heads[id] = h
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	return heads, nil
}

// CommandDone reports whether a command of a session has been carried out.
func (s *Store) CommandDone(ctx context.Context, session attendance.SessionID, key attendance.CommandKey) (done bool, err error) {
	err = s.briefly(ctx, func(ctx context.Context, q queryer) error {
		return q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM commands WHERE session_id = $1 AND actor_id = $2 AND command_id = $3)`,
			session, key.Actor, key.ID).Scan(&done)
	})
	if err != nil {
		return false, fmt.Errorf("look for a command of session %d: %w", session, err)
	}
	return done, nil
}
