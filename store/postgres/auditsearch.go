package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
)

var _ audit.Store = (*Store)(nil)

// auditSources are the three sources of entries. Their parameters are the actor, the
// person and the course that are asked for, 0 for any. A session's log counts as far as
// it was written by hand, and by no change set, whose rows tell the same.
var auditSources = []string{
	`SELECT a.at, 1 AS source, a.id AS a, 0 AS b, a.actor, ` + nameOf("a.actor") + ` AS name, a.came_from, a.action, a.subject,
		CASE WHEN a.subject LIKE 'person %' THEN ` + nameOf("CAST(substr(a.subject, 8) AS bigint)") + ` ELSE '' END AS "of", '' AS old, a.detail AS new, '' AS note
		FROM audit a WHERE ($1::bigint = 0 OR a.actor = $1::bigint) AND ($2::bigint = 0 OR a.subject = 'person ' || $2::bigint) AND ($3::bigint = 0 OR a.subject = 'course ' || $3::bigint)`,

	`SELECT s.at, 2, s.id, r.n, s.actor, ` + nameOf("s.actor") + `, s.came_from, s.kind, r.what || ' ' || r.key,
		` + rowName + `, coalesce(r.was, ''), coalesce(r.became, ''), s.title
		FROM change_sets s JOIN change_rows r ON r.set_id = s.id WHERE ($1::bigint = 0 OR s.actor = $1::bigint)
		AND ($2::bigint = 0 OR r.what = 'person' AND (r.key::jsonb ->> 0)::bigint = $2::bigint OR r.what IN ('enrolment', 'mark') AND (r.key::jsonb ->> 1)::bigint = $2::bigint)
		AND ($3::bigint = 0 OR s.course_id = $3::bigint OR r.what IN ('enrolment', 'course') AND (r.key::jsonb ->> 0)::bigint = $3::bigint)`,

	`SELECT e.at, 3, e.session_id, e.seq, e.actor_id, ` + nameOf("e.actor_id") + `, e.came_from, e.kind, 'session ' || e.session_id,
		CASE WHEN e.person_id = 0 THEN '' ELSE ` + nameOf("e.person_id") + ` || ', ' END || c.code || ' ' || s.title,
		coalesce((SELECT o.mark FROM events o WHERE o.session_id = e.session_id AND o.person_id = e.person_id AND o.seq < e.seq AND e.person_id > 0 ORDER BY o.seq DESC LIMIT 1), ''),
		e.mark || CASE WHEN e.status <> '' THEN ' (' || e.status || ')' ELSE '' END, e.note FROM events e JOIN sessions s ON s.id = e.session_id JOIN courses c ON c.id = s.course_id
		WHERE e.source = 'hand' AND e.came_from NOT LIKE 'change set %'
		AND ($1::bigint = 0 OR e.actor_id = $1::bigint) AND ($2::bigint = 0 OR e.person_id = $2::bigint) AND ($3::bigint = 0 OR s.course_id = $3::bigint)`,
}

// Audit implements [audit.Store].
func (s *Store) Audit(ctx context.Context, q audit.Query) (found []audit.Entry, err error) {
	args := []any{q.Actor, q.Person, q.Course, q.Since.UnixMilli(), q.Before().UnixMilli(),
		q.After.At.UnixMilli(), q.After.Source, q.After.A, q.After.B, q.After != (audit.Place{}), q.Limit}
	where := `at >= $4::bigint AND at < $5::bigint AND (NOT $10::boolean OR at <= $6::bigint AND (-at, source, -a, -b) > (-$6::bigint, $7::bigint, -$8::bigint, -$9::bigint))`
	for _, word := range strings.Fields(q.Words) {
		args = append(args, word)
		where += fmt.Sprintf(` AND strpos(lower(name || ' ' || "of" || ' ' || action || ' ' || note), lower($%d::text)) > 0`, len(args))
	}
	parts := make([]string, len(auditSources))
	for i, source := range auditSources {
		columns := `at, source, a, b, actor, name, came_from, action, subject, "of", old, new, note`
		parts[i] = `(SELECT * FROM (WITH e (` + columns + `) AS (` + source + `) SELECT * FROM e WHERE ` + where + ` ORDER BY at DESC, a DESC, b DESC LIMIT $11::bigint) p)`
	}
	err = s.reading(ctx, func(to queryer) error {
		found = nil
		return eachRow(ctx, to, strings.Join(parts, ` UNION ALL `)+` ORDER BY at DESC, source, a DESC, b DESC LIMIT $11::bigint`, args, func(scan scanFunc) error {
			var e audit.Entry
			var at pgtype.Int8
			err := scan(&at, &e.Source, &e.A, &e.B, &e.Author.Person, &e.Name, &e.From, &e.Action, &e.Subject, &e.Of, &e.Old, &e.New, &e.Note)
			e.At = fromMillis(at)
			found = append(found, e)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("search the audit: %w", err)
	}
	return found, nil
}

// AuditRows implements [audit.Store].
func (s *Store) AuditRows(ctx context.Context, after int64, limit int) (found []audit.Row, err error) {
	err = s.reading(ctx, func(to queryer) error {
		found = nil
		return eachRow(ctx, to, `SELECT id, at, actor, action, subject, detail, came_from, hash FROM audit WHERE id > $1 ORDER BY id LIMIT $2`,
			[]any{after, limit}, func(scan scanFunc) error {
				var r audit.Row
				var at pgtype.Int8
				err := scan(&r.ID, &at, &r.Person, &r.Action, &r.Subject, &r.Detail, &r.From, &r.Hash)
				r.At = fromMillis(at)
				found = append(found, r)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return found, nil
}

// Logs implements [audit.Store].
func (s *Store) Logs(ctx context.Context, after attendance.SessionID, limit int) (found []audit.Log, err error) {
	err = s.reading(ctx, func(to queryer) error {
		found = nil
		return eachRow(ctx, to, `SELECT id, seq, chain_after, chain FROM sessions WHERE id > $1 ORDER BY id LIMIT $2`, []any{after, limit}, func(scan scanFunc) error {
			var l audit.Log
			err := scan(&l.Session, &l.Seq, &l.After, &l.Chain)
			found = append(found, l)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the sessions' logs: %w", err)
	}
	return found, nil
}
