package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/store/schema"
	"github.com/muster-live/muster/timetable"
)

var _ timetable.Store = (*Store)(nil)

// ofCourses is the condition that a course c is among ?1, a JSON array; if that is
// empty, every active one is.
const ofCourses = `CASE WHEN json_array_length(?1) = 0 THEN c.active ELSE c.id IN (SELECT j.value FROM json_each(?1) j) END`

func courseList(ids []attendance.CourseID) string {
	b := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Append(b, id)
	}
	return string(append(b, ']'))
}

// TimetableCourses implements [timetable.Store].
func (s *Store) TimetableCourses(ctx context.Context, ids ...attendance.CourseID) (all []timetable.Course, err error) {
	err = eachRow(ctx, s.read, `SELECT c.id, c.code, coalesce(c.ref, ''), c.title, coalesce(t.starts, ''), coalesce(t.ends, '')`+courseTables+`
		WHERE `+ofCourses+` ORDER BY c.id`, []any{courseList(ids)}, func(scan scanFunc) error {
		var c timetable.Course
		var first, last string
		if err := scan(&c.ID, &c.Code, &c.Ref, &c.Title, &first, &last); err != nil {
			return err
		}
		c.Term.First, _ = time.Parse(time.DateOnly, first) // what is no day is not known
		c.Term.Last, _ = time.Parse(time.DateOnly, last)
		all = append(all, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the courses of a timetable: %w", err)
	}
	return all, nil
}

// Timetable implements [timetable.Store].
func (s *Store) Timetable(ctx context.Context, ids ...attendance.CourseID) (cur *timetable.Current, err error) {
	err = s.View(ctx, func(tx *sql.Tx) error {
		cur, err = readTimetable(ctx, tx, ids)
		return err
	})
	return cur, err
}

func readTimetable(ctx context.Context, q queryer, ids []attendance.CourseID) (*timetable.Current, error) {
	in, err := readInstitution(ctx, q)
	if err != nil {
		return nil, err
	}
	cur := &timetable.Current{Institution: in}
	err = eachRow(ctx, q, `SELECT s.id, s.course_id, c.code, s.source, s.ref, s.said, s.title, s.location, s.starts_at, s.ends_at,
			s.auto_open, s.auto_close, s.late_after, s.on_close, s.cancelled_at, s.closes_at, s.planned_at, s.status, s.seq
		FROM sessions s JOIN courses c ON c.id = s.course_id WHERE `+ofCourses+` ORDER BY s.course_id, s.starts_at, s.id`,
		[]any{courseList(ids)}, func(scan scanFunc) error {
			var p timetable.Session
			var starts, ends, cancelled, closes, planned, late sql.NullInt64
			var opens, shuts sql.NullBool
			var status string
			var onClose sql.NullString
			err := scan(&p.ID, &p.Course, &p.CourseCode, &p.Source, &p.Ref, &p.Said, &p.Title, &p.Location, &starts, &ends,
				&opens, &shuts, &late, &onClose, &cancelled, &closes, &planned, &status, &p.Seq)
			if err != nil {
				return err
			}
			p.Starts, p.Ends, p.CancelledAt, p.ClosesAt, p.PlannedAt = fromMillis(starts), fromMillis(ends), fromMillis(cancelled), fromMillis(closes), fromMillis(planned)
			p.AutoOpen, p.AutoClose = fromBool(opens), fromBool(shuts)
			if late.Valid {
				after := time.Duration(late.Int64) * time.Minute
				p.LateAfter = &after
			}
			if rule, ok := attendance.ParseOnClose(onClose.String); ok {
				p.OnClose = &rule
			}
			p.Status, _ = attendance.ParseStatus(status)
			cur.Sessions = append(cur.Sessions, p)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the timetable: %w", err)
	}
	return cur, nil
}

func fromBool(b sql.NullBool) *bool {
	if !b.Valid {
		return nil
	}
	return &b.Bool
}

// ApplyTimetable implements [timetable.Store].
func (s *Store) ApplyTimetable(ctx context.Context, h changes.Header, ids []attendance.CourseID, decide func(*timetable.Current) (*timetable.Plan, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		cur, err := readTimetable(ctx, c.tx, ids)
		if err != nil {
			return err
		}
		plan, err := decide(cur)
		if err != nil {
			return err
		}
		var last int64
		if err := c.tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM sessions`).Scan(&last); err != nil {
			return fmt.Errorf("read the last session's id: %w", err)
		}
		for i := range plan.Adds {
			last++
			plan.Adds[i].ID = attendance.SessionID(last)
		}
		if err := c.writeSessions(plan.Adds, insertSession); err != nil {
			return err
		}
		if err := c.writeSessions(plan.Changes, changeSession); err != nil {
			return err
		}
		return c.touch(plan.Courses())
	})
}

const (
	insertSession = `INSERT INTO sessions (title, location, starts_at, ends_at, source, ref, said, auto_open, auto_close, late_after, on_close,
		cancelled_at, closes_at, planned_at, id, course_id, secret) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	changeSession = `UPDATE sessions SET title = ?, location = ?, starts_at = ?, ends_at = ?, source = ?, ref = ?, said = ?, auto_open = ?, auto_close = ?,
		late_after = ?, on_close = ?, cancelled_at = ?, closes_at = ?, planned_at = ? WHERE id = ?`
)

// writeSessions writes sessions by a statement, and records what becomes of them.
func (c *change) writeSessions(all []timetable.Session, statement string) error {
	if len(all) == 0 {
		return nil
	}
	stmt, err := c.tx.PrepareContext(c.ctx, statement)
	if err != nil {
		return fmt.Errorf("write sessions: %w", err)
	}
	defer stmt.Close()
	var keys rows
	for i := range all {
		keys.add(int64(all[i].ID))
	}
	return c.track(schema.Session, keys, func() error {
		for i := range all {
			p := &all[i]
			var late, onClose any
			if p.LateAfter != nil {
				late = int64(*p.LateAfter / time.Minute)
			}
			if p.OnClose != nil {
				onClose = p.OnClose.String()
			}
			args := []any{p.Title, p.Location, toMillis(p.Starts), toMillis(p.Ends), p.Source, p.Ref, p.Said, p.AutoOpen, p.AutoClose,
				late, onClose, toMillis(p.CancelledAt), toMillis(p.ClosesAt), toMillis(p.PlannedAt), p.ID}
			if statement == insertSession {
				args = append(args, p.Course, timetable.NewSecret())
			}
			if _, err := stmt.ExecContext(c.ctx, args...); err != nil {
				return fmt.Errorf("write session %d: %w", p.ID, err)
			}
		}
		return nil
	})
}

// Institution implements [timetable.Store].
func (s *Store) Institution(ctx context.Context) (timetable.Institution, error) {
	return readInstitution(ctx, s.read)
}

func readInstitution(ctx context.Context, q queryer) (timetable.Institution, error) {
	var in timetable.Institution
	var zone string
	err := q.QueryRowContext(ctx, `SELECT coalesce((SELECT zone FROM institution), '')`).Scan(&zone)
	if err != nil {
		return in, fmt.Errorf("read the time zone: %w", err)
	}
	in.SetZone(zone)
	err = eachRow(ctx, q, `SELECT id, first, last, name FROM holidays ORDER BY first, last, id`, nil, func(scan scanFunc) error {
		var h timetable.Holiday
		var first, last string
		if err := scan(&h.ID, &first, &last, &h.Name); err != nil {
			return err
		}
		var err1, err2 error
		h.First, err1 = time.Parse(time.DateOnly, first)
		h.Last, err2 = time.Parse(time.DateOnly, last)
		in.Holidays = append(in.Holidays, h)
		return errors.Join(err1, err2)
	})
	if err != nil {
		return in, fmt.Errorf("read the holidays: %w", err)
	}
	return in, nil
}

// ChangeInstitution implements [timetable.Store].
func (s *Store) ChangeInstitution(ctx context.Context, h changes.Header, decide func(*timetable.Institution) error) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		in, err := readInstitution(ctx, c.tx)
		if err != nil {
			return err
		}
		zone := in.ZoneName()
		var keys rows
		for _, one := range in.Holidays {
			keys.add(one.ID)
		}
		var last int64 // id that was given out, also to one that has been removed
		if err := c.tx.QueryRowContext(ctx, `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'holidays'), 0)`).Scan(&last); err != nil {
			return fmt.Errorf("read the last holiday's id: %w", err)
		}
		if err := decide(&in); err != nil {
			return err
		}
		if name := in.ZoneName(); name != zone {
			var key rows
			key.add(int64(1))
			err := c.track(schema.Institution, key, func() error {
				_, err := c.tx.ExecContext(ctx, `INSERT INTO institution (id, zone) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET zone = excluded.zone`, name)
				return err
			})
			if err != nil {
				return fmt.Errorf("set the time zone: %w", err)
			}
		}
		var becomes rows
		for _, one := range in.Holidays {
			if one.ID == 0 {
				last++
				one.ID = last
				keys.add(last)
			}
			becomes.add(one.ID, one.First.Format(time.DateOnly), one.Last.Format(time.DateOnly), one.Name)
		}
		return c.track(schema.Holiday, keys, func() error {
			for _, statement := range []string{
				`DELETE FROM holidays WHERE id NOT IN (SELECT j.value ->> 0 FROM json_each(?1) j)`,
				`INSERT INTO holidays (id, first, last, name) SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3 FROM json_each(?1) j WHERE 1
					ON CONFLICT (id) DO UPDATE SET first = excluded.first, last = excluded.last, name = excluded.name`,
			} {
				if _, err := c.tx.ExecContext(ctx, statement, becomes.json()); err != nil {
					return fmt.Errorf("write the holidays: %w", err)
				}
			}
			return nil
		})
	})
}

// Timing implements [timetable.Store].
func (s *Store) Timing(ctx context.Context, id attendance.CourseID) (t timetable.Timing, err error) {
	var before, after int64
	err = s.read.QueryRowContext(ctx, `SELECT auto_open, open_before, auto_close, close_after FROM courses WHERE id = ?`, id).
		Scan(&t.AutoOpen, &before, &t.AutoClose, &after)
	if errors.Is(err, sql.ErrNoRows) {
		return t, attendance.Refuse(attendance.CodeNotFound, "There is no such course.")
	}
	if err != nil {
		return t, fmt.Errorf("read the timing of course %d: %w", id, err)
	}
	t.OpenBefore, t.CloseAfter = time.Duration(before)*time.Minute, time.Duration(after)*time.Minute
	return t, nil
}

// ChangeTiming implements [timetable.Store].
func (s *Store) ChangeTiming(ctx context.Context, h changes.Header, t timetable.Timing) (changes.Result, error) {
	if err := t.Validate(); err != nil {
		return changes.Result{}, err
	}
	return s.change(ctx, h, func(c *change) error {
		var key rows
		key.add(int64(h.Course))
		return c.track(schema.Timing, key, func() error {
			_, err := c.tx.ExecContext(ctx, `UPDATE courses SET auto_open = ?, open_before = ?, auto_close = ?, close_after = ? WHERE id = ?`,
				t.AutoOpen, int64(t.OpenBefore/time.Minute), t.AutoClose, int64(t.CloseAfter/time.Minute), h.Course)
			if err != nil {
				return fmt.Errorf("change the timing of course %d: %w", h.Course, err)
			}
			return nil
		})
	})
}

// dueSessions are what opens (until ?2, unless it has ended by ?1) or closes by itself.
const dueSessions = `
	SELECT s.id, 'open', s.starts_at - c.open_before * 60000 AS at FROM sessions s JOIN courses c ON c.id = s.course_id
	WHERE s.status = 'scheduled' AND s.cancelled_at IS NULL AND coalesce(s.auto_open, c.auto_open)
		AND s.starts_at > ?1 - 86400000 AND s.starts_at <= ?2 + 7200000 AND s.ends_at > ?1 AND s.starts_at - c.open_before * 60000 <= ?2
	UNION ALL
	SELECT s.id, 'close', coalesce(s.closes_at, s.ends_at + c.close_after * 60000) AS at FROM sessions s JOIN courses c ON c.id = s.course_id
	WHERE s.status = 'open' AND (s.closes_at IS NOT NULL OR coalesce(s.auto_close, c.auto_close))
		AND s.ends_at IS NOT NULL AND coalesce(s.closes_at, s.ends_at + c.close_after * 60000) <= ?2
		AND NOT EXISTS (SELECT 1 FROM events e WHERE e.session_id = s.id AND e.kind IN ('open', 'reopen') AND e.at >= coalesce(s.closes_at, s.ends_at))
	ORDER BY at`

// Due implements [timetable.Clock].
func (s *Store) Due(ctx context.Context, now, until time.Time) (all []timetable.Due, err error) {
	err = eachRow(ctx, s.read, dueSessions, []any{now.UnixMilli(), until.UnixMilli()}, func(scan scanFunc) error {
		var kind string
		var at int64
		d := timetable.Due{Kind: attendance.OpenSession}
		err := scan(&d.Session, &kind, &at)
		if kind == "close" {
			d.Kind = attendance.CloseSession
		}
		d.At = time.UnixMilli(at).UTC()
		all = append(all, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for what is due: %w", err)
	}
	return all, nil
}

// KeepOpen implements [timetable.Store].
func (s *Store) KeepOpen(ctx context.Context, by attendance.Author, id attendance.SessionID, until, now time.Time) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		session, _, err := readSession(ctx, tx, id)
		if errors.Is(err, sql.ErrNoRows) {
			return attendance.Refuse(attendance.CodeUnknownSession, "There is no such session.")
		}
		if err == nil && session.Status != attendance.Open {
			return attendance.Refuse(attendance.CodeNotOpen, "This session is not open.")
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE sessions SET closes_at = ?1, auto_close = CASE WHEN ?1 IS NULL THEN 0 ELSE auto_close END WHERE id = ?2`, toMillis(until), id)
		}
		if err != nil {
			return fmt.Errorf("keep session %d open: %w", id, err)
		}
		return addAudit(ctx, tx, now, by, "keep open", fmt.Sprint("session ", id), map[string]any{"until": until})
	})
}
