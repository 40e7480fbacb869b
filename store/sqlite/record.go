package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
)

// recentEvents is how many of the newest events a Record comes with, so that clients
// that come back after a restart get what they missed and not everything.
const recentEvents = 1000

// Record implements [live.Store].
func (s *Store) Record(ctx context.Context, id attendance.SessionID) (*live.Record, error) {
	// One transaction, so that all of it is as of the same seq.
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read session %d: %w", id, err)
	}
	defer func() { _ = tx.Rollback() }()
	rec, err := readRecord(ctx, tx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, attendance.Refuse(attendance.CodeUnknownSession, "There is no such session.")
	}
	if err != nil {
		return nil, fmt.Errorf("read session %d: %w", id, err)
	}
	return rec, nil
}

func readRecord(ctx context.Context, tx *sql.Tx, id attendance.SessionID) (*live.Record, error) {
	rec := &live.Record{Entries: make(map[attendance.PersonID]attendance.Entry)}
	var err error
	if rec.Session, rec.Rules, err = readSession(ctx, tx, id); err != nil {
		return nil, err
	}
	err = tx.QueryRowContext(ctx, `SELECT code, title, roster FROM courses WHERE id = ?`, rec.Session.Course).
		Scan(&rec.CourseCode, &rec.CourseTitle, &rec.Roster)
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, tx, `SELECT p.id, p.family, p.given, coalesce(p.ref, ''), m.mark, m.at, m.source, m.actor_id, m.note, m.status
		FROM enrolments e JOIN people p ON p.id = e.person_id
		LEFT JOIN marks m ON m.session_id = ?2 AND m.person_id = p.id
		WHERE e.course_id = ?1 AND e.role = 'student' AND e.ended_at IS NULL
		ORDER BY p.family COLLATE NOCASE, p.given COLLATE NOCASE, p.id`, []any{rec.Session.Course, id},
		func(scan scanFunc) error {
			var p live.Person
			var m markColumns
			if err := scan(append([]any{&p.ID, &p.Family, &p.Given, &p.Ref}, m.fields()...)...); err != nil {
				return err
			}
			rec.Students = append(rec.Students, p)
			if !m.mark.Valid {
				return nil
			}
			e, err := m.entry()
			rec.Entries[p.ID] = e
			return err
		})
	if err != nil {
		return nil, err
	}
	rec.Recent, err = readEvents(ctx, tx, id, max(0, rec.Session.Seq-recentEvents), recentEvents)
	return rec, err
}

// Events implements [live.Store].
func (s *Store) Events(ctx context.Context, id attendance.SessionID, after int64, limit int) ([]attendance.Event, error) {
	events, err := readEvents(ctx, s.read, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read events of session %d: %w", id, err)
	}
	return events, nil
}

func readEvents(ctx context.Context, q queryer, id attendance.SessionID, after int64, limit int) (events []attendance.Event, err error) {
	const query = `SELECT seq, at, kind, person_id, mark, source, actor_id, note, status, came_from FROM events
		WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?`
	err = eachRow(ctx, q, query, []any{id, after, limit}, func(scan scanFunc) error {
		e := attendance.Event{Session: id}
		var at int64
		var kind, mark, source string
		if err := scan(&e.Seq, &at, &kind, &e.Person, &mark, &source, &e.Actor, &e.Note, &e.Status, &e.From); err != nil {
			return err
		}
		e.At = time.UnixMilli(at).UTC()
		var ok1, ok2 bool
		e.Kind, ok1 = attendance.ParseEventKind(kind)
		e.Source, ok2 = attendance.ParseSource(source)
		if mark != "" {
			e.Mark, _ = attendance.ParseMark(mark)
		}
		if !ok1 || !ok2 {
			return fmt.Errorf("event %d is a %q by %q, which this program does not know", e.Seq, kind, source)
		}
		events = append(events, e)
		return nil
	})
	return events, err
}

// Heads implements [live.Store].
func (s *Store) Heads(ctx context.Context, ids []attendance.SessionID) (map[attendance.SessionID]live.Head, error) {
	var wanted rows
	for _, id := range ids {
		wanted.add(int64(id))
	}
	heads := make(map[attendance.SessionID]live.Head, len(ids))
	const query = `SELECT s.id, s.seq, c.roster FROM json_each(?) j
		CROSS JOIN sessions s ON s.id = j.value ->> 0 JOIN courses c ON c.id = s.course_id`
	err := eachRow(ctx, s.read, query, []any{wanted.json()}, func(scan scanFunc) error {
		var id attendance.SessionID
		var h live.Head
		err := scan(&id, &h.Seq, &h.Roster)
		heads[id] = h
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	return heads, nil
}

// CommandDone reports whether a command of a session has been carried out.
func (s *Store) CommandDone(ctx context.Context, session attendance.SessionID, key attendance.CommandKey) (done bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM commands WHERE session_id = ? AND actor_id = ? AND command_id = ?)`,
		session, key.Actor, key.ID).Scan(&done)
	if err != nil {
		return false, fmt.Errorf("look for a command of session %d: %w", session, err)
	}
	return done, nil
}
