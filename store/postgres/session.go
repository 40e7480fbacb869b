package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
)

// sessionColumns are what a sessionRow is read from: s is the session, c its course.
const sessionColumns = `s.course_id, s.title, s.starts_at, s.ends_at, s.status, s.opened_at, s.closed_at, s.secret, s.seq, s.chain,
	CASE WHEN s.late_after IS NULL THEN c.late_after WHEN s.late_after >= 0 THEN s.late_after END, coalesce(s.on_close, c.on_close), c.code_step, c.code_grace,
	s.cancelled_at`

// sessionRow is a row of sessionColumns.
type sessionRow struct {
	attendance.Session
	attendance.Rules
	starts, ends, opened, closed, cancelled, lateAfter pgtype.Int8
	status, onClose                                    string
	step                                               int64
}

func (r *sessionRow) dest() []any {
	return []any{&r.Course, &r.Title, &r.starts, &r.ends, &r.status, &r.opened, &r.closed, &r.Secret, &r.Seq, &r.Chain,
		&r.lateAfter, &r.onClose, &r.step, &r.CodeGrace, &r.cancelled}
}

func (r *sessionRow) session(id attendance.SessionID) (attendance.Session, attendance.Rules, error) {
	s, rules := r.Session, r.Rules
	s.ID = id
	s.Starts, s.Ends, s.OpenedAt, s.ClosedAt, s.CancelledAt = fromMillis(r.starts), fromMillis(r.ends), fromMillis(r.opened), fromMillis(r.closed), fromMillis(r.cancelled)
	rules.CodeStep = time.Duration(r.step) * time.Millisecond
	rules.LateAfter = attendance.NeverLate
	if r.lateAfter.Valid {
		rules.LateAfter = time.Duration(r.lateAfter.Int64) * time.Minute
	}
	var ok1, ok2 bool
	s.Status, ok1 = attendance.ParseStatus(r.status)
	rules.OnClose, ok2 = attendance.ParseOnClose(r.onClose)
	if !ok1 || !ok2 {
		return s, rules, fmt.Errorf("session %d has status %q and its course %q on closing: this was written by something else", id, r.status, r.onClose)
	}
	return s, rules, nil
}

// readSession returns pgx.ErrNoRows if there is no such session.
func readSession(ctx context.Context, q queryer, id attendance.SessionID) (attendance.Session, attendance.Rules, error) {
	var row sessionRow
	err := q.QueryRow(ctx, `SELECT `+sessionColumns+` FROM sessions s JOIN courses c ON c.id = s.course_id WHERE s.id = $1`, id).Scan(row.dest()...)
	if err != nil {
		return attendance.Session{}, attendance.Rules{}, err
	}
	return row.session(id)
}

// entryColumns are what an entryRow is read from: m is the mark, which may be missing.
const entryColumns = `coalesce(m.mark, ''), coalesce(m.at, 0), coalesce(m.source, ''), coalesce(m.actor_id, 0), coalesce(m.note, ''), coalesce(m.status, '')`

// entryRow is a row of entryColumns.
type entryRow struct {
	mark, source, note, status string
	at, actor                  int64
}

func (r *entryRow) dest() []any {
	return []any{&r.mark, &r.at, &r.source, &r.actor, &r.note, &r.status}
}

// entry returns the zero entry if there is no mark.
func (r *entryRow) entry() (attendance.Entry, error) {
	if r.mark == "" {
		return attendance.Entry{}, nil
	}
	m, ok1 := attendance.ParseMark(r.mark)
	src, ok2 := attendance.ParseSource(r.source)
	if !ok1 || !ok2 {
		return attendance.Entry{}, fmt.Errorf("mark %q by %q is not one this program knows", r.mark, r.source)
	}
	return attendance.Entry{Mark: m, At: time.UnixMilli(r.at).UTC(), Source: src, Actor: attendance.PersonID(r.actor), Note: r.note, Status: r.status}, nil
}

const eventsAfter = `SELECT seq, at, kind, person_id, mark, source, actor_id, note, status, came_from FROM events
	WHERE session_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`

// readEvents reads the rows of eventsAfter.
func readEvents(rows pgx.Rows, id attendance.SessionID) (events []attendance.Event, err error) {
	err = readRows(rows, func(scan scanFunc) error {
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
