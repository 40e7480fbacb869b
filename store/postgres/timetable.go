package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/store/schema"
	"github.com/muster-live/muster/timetable"
)

var _ timetable.Store = (*Store)(nil)

// ofCourses is the condition that a course c is among $1; if that is empty, every active
// one is.
const ofCourses = `CASE WHEN cardinality($1::bigint[]) = 0 THEN c.active ELSE c.id = ANY($1) END`

// TimetableCourses implements [timetable.Store].
func (s *Store) TimetableCourses(ctx context.Context, ids ...attendance.CourseID) ([]timetable.Course, error) {
	const query = `SELECT c.id, c.code, coalesce(c.ref, ''), c.title, coalesce(t.starts, ''), coalesce(t.ends, '')` + courseTables + `
		WHERE ` + ofCourses + ` ORDER BY c.id`
	all, err := listed(ctx, s, query, []any{listOf(ids)}, func(scan scanFunc, c *timetable.Course) error {
		var first, last string
		if err := scan(&c.ID, &c.Code, &c.Ref, &c.Title, &first, &last); err != nil {
			return err
		}
		c.Term.First, _ = time.Parse(time.DateOnly, first) // what is no day is not known
		c.Term.Last, _ = time.Parse(time.DateOnly, last)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the courses of a timetable: %w", err)
	}
	return all, nil
}

// listOf is a list that is empty rather than NULL.
func listOf(ids []attendance.CourseID) []int64 {
	return column(ids, func(id *attendance.CourseID) int64 { return int64(*id) })
}

// Timetable implements [timetable.Store].
func (s *Store) Timetable(ctx context.Context, ids ...attendance.CourseID) (cur *timetable.Current, err error) {
	err = s.inSnapshot(ctx, func(tx pgx.Tx) error {
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
		[]any{listOf(ids)}, func(scan scanFunc) error {
			var p timetable.Session
			var starts, ends, cancelled, closes, planned, late pgtype.Int8
			var opens, shuts pgtype.Bool
			var status string
			var onClose pgtype.Text
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

func fromBool(b pgtype.Bool) *bool {
	if !b.Valid {
		return nil
	}
	return &b.Bool
}

// ApplyTimetable implements [timetable.Store]. While it runs, nobody else can plan.
func (s *Store) ApplyTimetable(ctx context.Context, h changes.Header, ids []attendance.CourseID, decide func(*timetable.Current) (*timetable.Plan, error)) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		if _, err := c.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, planningLock); err != nil {
			return fmt.Errorf("wait for others to plan: %w", err)
		}
		// A session that is to be changed must not be opened meanwhile.
		if _, err := c.tx.Exec(ctx, `SELECT s.id FROM sessions s JOIN courses c ON c.id = s.course_id WHERE `+ofCourses+` AND s.status = 'scheduled' ORDER BY s.id FOR NO KEY UPDATE OF s`, listOf(ids)); err != nil {
			return fmt.Errorf("lock the sessions of a timetable: %w", err)
		}
		cur, err := readTimetable(ctx, c.tx, ids)
		if err != nil {
			return err
		}
		plan, err := decide(cur)
		if err != nil {
			return err
		}
		if err := c.addSessions(plan.Adds); err != nil {
			return err
		}
		if err := c.changeSessions(plan.Changes); err != nil {
			return err
		}
		return c.touch(plan.Courses())
	})
}

// planningLock is the advisory lock of who changes timetables.
const planningLock = 0x74696d65

// sessionArrays are the columns of sessions as arrays, from $1 on.
func sessionArrays(all []timetable.Session) []any {
	text := func(value func(*timetable.Session) string) []string { return column(all, value) }
	at := func(value func(*timetable.Session) time.Time) []pgtype.Int8 {
		return column(all, func(p *timetable.Session) pgtype.Int8 { return toMillis(value(p)) })
	}
	return []any{
		column(all, func(p *timetable.Session) int64 { return int64(p.ID) }),
		text(func(p *timetable.Session) string { return p.Title }), text(func(p *timetable.Session) string { return p.Location }),
		at(func(p *timetable.Session) time.Time { return p.Starts }), at(func(p *timetable.Session) time.Time { return p.Ends }),
		text(func(p *timetable.Session) string { return p.Source }), text(func(p *timetable.Session) string { return p.Ref }), text(func(p *timetable.Session) string { return p.Said }),
		column(all, func(p *timetable.Session) *bool { return p.AutoOpen }), column(all, func(p *timetable.Session) *bool { return p.AutoClose }),
		column(all, func(p *timetable.Session) (late pgtype.Int8) {
			if p.LateAfter != nil {
				late = pgtype.Int8{Int64: int64(*p.LateAfter / time.Minute), Valid: true}
			}
			return late
		}),
		column(all, func(p *timetable.Session) (rule pgtype.Text) {
			if p.OnClose != nil {
				rule = pgtype.Text{String: p.OnClose.String(), Valid: true}
			}
			return rule
		}),
		at(func(p *timetable.Session) time.Time { return p.CancelledAt }), at(func(p *timetable.Session) time.Time { return p.ClosesAt }), at(func(p *timetable.Session) time.Time { return p.PlannedAt }),
	}
}

const sessionRows = ` FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::boolean[], $10::boolean[],
	$11::bigint[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[]`

func (c *change) addSessions(all []timetable.Session) error {
	if len(all) == 0 {
		return nil
	}
	rows, err := c.tx.Query(c.ctx, `SELECT nextval(pg_get_serial_sequence('sessions', 'id')) FROM generate_series(1, $1)`, len(all))
	if err != nil {
		return fmt.Errorf("take ids for sessions: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("take ids for sessions: %w", err)
	}
	for i := range all {
		all[i].ID = attendance.SessionID(ids[i])
	}
	return c.track(schema.Session, keys{ids}, func() error {
		args := append(sessionArrays(all), column(all, func(p *timetable.Session) int64 { return int64(p.Course) }),
			column(all, func(*timetable.Session) []byte { return timetable.NewSecret() }))
		_, err := c.tx.Exec(c.ctx, `INSERT INTO sessions (id, title, location, starts_at, ends_at, source, ref, said, auto_open, auto_close, late_after, on_close,
			cancelled_at, closes_at, planned_at, course_id, secret) SELECT *`+sessionRows+`, $16::bigint[], $17::bytea[])`, args...)
		if err != nil {
			return fmt.Errorf("add sessions: %w", err)
		}
		return nil
	})
}

func (c *change) changeSessions(all []timetable.Session) error {
	if len(all) == 0 {
		return nil
	}
	args := sessionArrays(all)
	return c.track(schema.Session, keys{args[0].([]int64)}, func() error {
		_, err := c.tx.Exec(c.ctx, `UPDATE sessions s SET title = p.title, location = p.location, starts_at = p.starts_at, ends_at = p.ends_at, source = p.source, ref = p.ref,
			said = p.said, auto_open = p.auto_open, auto_close = p.auto_close, late_after = p.late_after, on_close = p.on_close,
			cancelled_at = p.cancelled_at, closes_at = p.closes_at, planned_at = p.planned_at`+sessionRows+`)
			p (id, title, location, starts_at, ends_at, source, ref, said, auto_open, auto_close, late_after, on_close, cancelled_at, closes_at, planned_at) WHERE s.id = p.id`, args...)
		if err != nil {
			return fmt.Errorf("change sessions: %w", err)
		}
		return nil
	})
}

// Institution implements [timetable.Store].
func (s *Store) Institution(ctx context.Context) (in timetable.Institution, err error) {
	err = s.reading(ctx, func(q queryer) error {
		in, err = readInstitution(ctx, q)
		return err
	})
	return in, err
}

func readInstitution(ctx context.Context, q queryer) (timetable.Institution, error) {
	var in timetable.Institution
	var zone string
	err := q.QueryRow(ctx, `SELECT coalesce((SELECT zone FROM institution), '')`).Scan(&zone)
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
		if _, err := c.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, planningLock); err != nil {
			return fmt.Errorf("wait for others to plan: %w", err)
		}
		in, err := readInstitution(ctx, c.tx)
		if err != nil {
			return err
		}
		zone := in.ZoneName()
		ids := column(in.Holidays, func(h *timetable.Holiday) int64 { return h.ID })
		if err := decide(&in); err != nil {
			return err
		}
		if name := in.ZoneName(); name != zone {
			err := c.track(schema.Institution, keys{{1}}, func() error {
				_, err := c.tx.Exec(ctx, `INSERT INTO institution (id, zone) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET zone = excluded.zone`, name)
				return err
			})
			if err != nil {
				return fmt.Errorf("set the time zone: %w", err)
			}
		}
		for i := range in.Holidays {
			if one := &in.Holidays[i]; one.ID == 0 {
				if err := c.tx.QueryRow(ctx, `SELECT nextval(pg_get_serial_sequence('holidays', 'id'))`).Scan(&one.ID); err != nil {
					return fmt.Errorf("number a holiday: %w", err)
				}
				ids = append(ids, one.ID)
			}
		}
		return c.track(schema.Holiday, keys{ids}, func() error {
			stay := column(in.Holidays, func(h *timetable.Holiday) int64 { return h.ID })
			_, err := c.tx.Exec(ctx, `DELETE FROM holidays WHERE NOT id = ANY($1)`, stay)
			if err == nil {
				_, err = c.tx.Exec(ctx, `INSERT INTO holidays (id, first, last, name) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
					ON CONFLICT (id) DO UPDATE SET first = excluded.first, last = excluded.last, name = excluded.name`, stay,
					column(in.Holidays, func(h *timetable.Holiday) string { return h.First.Format(time.DateOnly) }),
					column(in.Holidays, func(h *timetable.Holiday) string { return h.Last.Format(time.DateOnly) }),
					column(in.Holidays, func(h *timetable.Holiday) string { return h.Name }))
			}
			if err != nil {
				return fmt.Errorf("write the holidays: %w", err)
			}
			return nil
		})
	})
}

// Timing implements [timetable.Store].
func (s *Store) Timing(ctx context.Context, id attendance.CourseID) (t timetable.Timing, err error) {
	var before, after int64
	err = s.reading(ctx, func(q queryer) error {
		return q.QueryRow(ctx, `SELECT auto_open, open_before, auto_close, close_after FROM courses WHERE id = $1`, id).Scan(&t.AutoOpen, &before, &t.AutoClose, &after)
	})
	if errors.Is(err, pgx.ErrNoRows) {
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
		return c.track(schema.Timing, keys{{int64(h.Course)}}, func() error {
			_, err := c.tx.Exec(ctx, `UPDATE courses SET auto_open = $1, open_before = $2, auto_close = $3, close_after = $4 WHERE id = $5`,
				t.AutoOpen, int64(t.OpenBefore/time.Minute), t.AutoClose, int64(t.CloseAfter/time.Minute), h.Course)
			if err != nil {
				return fmt.Errorf("change the timing of course %d: %w", h.Course, err)
			}
			return nil
		})
	})
}

// dueSessions are what opens (until $2, unless it has ended by $1) or closes by itself.
const dueSessions = `
	SELECT s.id, 'open' AS kind, s.starts_at - c.open_before * 60000 AS at FROM sessions s JOIN courses c ON c.id = s.course_id
	WHERE s.status = 'scheduled' AND s.cancelled_at IS NULL AND coalesce(s.auto_open, c.auto_open)
		AND s.starts_at > $1::bigint - 86400000 AND s.starts_at <= $2::bigint + 7200000 AND s.ends_at > $1 AND s.starts_at - c.open_before * 60000 <= $2
	UNION ALL
	SELECT s.id, 'close', coalesce(s.closes_at, s.ends_at + c.close_after * 60000) AS at FROM sessions s JOIN courses c ON c.id = s.course_id
	WHERE s.status = 'open' AND (s.closes_at IS NOT NULL OR coalesce(s.auto_close, c.auto_close))
		AND s.ends_at IS NOT NULL AND coalesce(s.closes_at, s.ends_at + c.close_after * 60000) <= $2
		AND NOT EXISTS (SELECT 1 FROM events e WHERE e.session_id = s.id AND e.kind IN ('open', 'reopen') AND e.at >= coalesce(s.closes_at, s.ends_at))
	ORDER BY at`

// Due implements [timetable.Clock].
func (s *Store) Due(ctx context.Context, now, until time.Time) (all []timetable.Due, err error) {
	err = s.briefly(ctx, func(ctx context.Context, q queryer) error {
		all = nil
		return eachRow(ctx, q, dueSessions, []any{now.UnixMilli(), until.UnixMilli()}, func(scan scanFunc) error {
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
	})
	if err != nil {
		return nil, fmt.Errorf("look for what is due: %w", err)
	}
	return all, nil
}

// KeepOpen implements [timetable.Store].
func (s *Store) KeepOpen(ctx context.Context, by attendance.Author, id attendance.SessionID, until, now time.Time) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var status string
		err := tx.QueryRow(ctx, `SELECT status FROM sessions WHERE id = $1 FOR NO KEY UPDATE`, id).Scan(&status)
		if errors.Is(err, pgx.ErrNoRows) {
			return attendance.Refuse(attendance.CodeUnknownSession, "There is no such session.")
		}
		if err == nil && status != attendance.Open.String() {
			return attendance.Refuse(attendance.CodeNotOpen, "This session is not open.")
		}
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE sessions SET closes_at = $1, auto_close = CASE WHEN $1::bigint IS NULL THEN false ELSE auto_close END WHERE id = $2`, toMillis(until), id)
		}
		if err != nil {
			return fmt.Errorf("keep session %d open: %w", id, err)
		}
		return addAudit(ctx, tx, now, by, "keep open", fmt.Sprint("session ", id), map[string]any{"until": until})
	})
}
