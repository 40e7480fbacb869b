package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
)

var _ audit.Store = (*Store)(nil)

// auditSources are the three sources of entries. Their parameters are the actor, the
// person and the course that are asked for, 0 for any. A session's log counts as far as
// it was written by hand, and by no change set, whose rows tell the same.
var auditSources = []string{
	`SELECT a.at, 1 AS source, a.id AS a, 0 AS b, a.actor, ` + nameOf("a.actor") + ` AS name, a.came_from, a.action, a.subject,
		CASE WHEN a.subject LIKE 'person %' THEN ` + nameOf("CAST(substr(a.subject, 8) AS INTEGER)") + ` ELSE '' END AS of, '' AS old, a.detail AS new, '' AS note
		FROM audit a WHERE (?1 = 0 OR a.actor = ?1) AND (?2 = 0 OR a.subject = 'person ' || ?2) AND (?3 = 0 OR a.subject = 'course ' || ?3)`,

	`SELECT s.at, 2, s.id, r.n, s.actor, ` + nameOf("s.actor") + `, s.came_from, s.kind, r.what || ' ' || r.key,
		` + rowName + `, coalesce(r.was, ''), coalesce(r.became, ''), s.title
		FROM change_sets s JOIN change_rows r ON r.set_id = s.id WHERE (?1 = 0 OR s.actor = ?1)
		AND (?2 = 0 OR r.what = 'person' AND r.key ->> 0 = ?2 OR r.what IN ('enrolment', 'mark') AND r.key ->> 1 = ?2)
		AND (?3 = 0 OR s.course_id = ?3 OR r.what IN ('enrolment', 'course') AND r.key ->> 0 = ?3)`,

	`SELECT e.at, 3, e.session_id, e.seq, e.actor_id, ` + nameOf("e.actor_id") + `, e.came_from, e.kind, 'session ' || e.session_id,
		CASE WHEN e.person_id = 0 THEN '' ELSE ` + nameOf("e.person_id") + ` || ', ' END || c.code || ' ' || s.title,
		coalesce((SELECT o.mark FROM events o WHERE o.session_id = e.session_id AND o.person_id = e.person_id AND o.seq < e.seq AND e.person_id > 0 ORDER BY o.seq DESC LIMIT 1), ''),
		e.mark || CASE WHEN e.status <> '' THEN ' (' || e.status || ')' ELSE '' END, e.note FROM events e JOIN sessions s ON s.id = e.session_id JOIN courses c ON c.id = s.course_id
		WHERE e.source = 'hand' AND e.came_from NOT LIKE 'change set %'
		AND (?1 = 0 OR e.actor_id = ?1) AND (?2 = 0 OR e.person_id = ?2) AND (?3 = 0 OR s.course_id = ?3)`,
}

// Audit implements [audit.Store].
func (s *Store) Audit(ctx context.Context, q audit.Query) (found []audit.Entry, err error) {
	args := []any{q.Actor, q.Person, q.Course, q.Since.UnixMilli(), q.Before().UnixMilli(),
		q.After.At.UnixMilli(), q.After.Source, q.After.A, q.After.B, q.After != (audit.Place{}), q.Limit}
	where := `at >= ?4 AND at < ?5 AND (NOT ?10 OR at <= ?6 AND (-at, source, -a, -b) > (-?6, ?7, -?8, -?9))`
	for _, word := range strings.Fields(q.Words) {
		args = append(args, word)
		where += fmt.Sprintf(` AND instr(lower(name || ' ' || of || ' ' || action || ' ' || note), lower(?%d)) > 0`, len(args))
	}
	parts := make([]string, len(auditSources))
	for i, source := range auditSources {
		columns := `at, source, a, b, actor, name, came_from, action, subject, of, old, new, note`
		parts[i] = `SELECT * FROM (WITH e (` + columns + `) AS (` + source + `) SELECT * FROM e WHERE ` + where + ` ORDER BY at DESC, a DESC, b DESC LIMIT ?11)`
	}
	err = eachRow(ctx, s.read, strings.Join(parts, ` UNION ALL `)+` ORDER BY at DESC, source, a DESC, b DESC LIMIT ?11`, args, func(scan scanFunc) error {
		var e audit.Entry
		var at sql.NullInt64
		err := scan(&at, &e.Source, &e.A, &e.B, &e.Author.Person, &e.Name, &e.From, &e.Action, &e.Subject, &e.Of, &e.Old, &e.New, &e.Note)
		e.At = fromMillis(at)
		found = append(found, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search the audit: %w", err)
	}
	return found, nil
}

// AuditRows implements [audit.Store].
func (s *Store) AuditRows(ctx context.Context, after int64, limit int) (found []audit.Row, err error) {
	err = eachRow(ctx, s.read, `SELECT id, at, actor, action, subject, detail, came_from, hash FROM audit WHERE id > ? ORDER BY id LIMIT ?`,
		[]any{after, limit}, func(scan scanFunc) error {
			var r audit.Row
			var at sql.NullInt64
			err := scan(&r.ID, &at, &r.Person, &r.Action, &r.Subject, &r.Detail, &r.From, &r.Hash)
			r.At = fromMillis(at)
			found = append(found, r)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return found, nil
}

// Logs implements [audit.Store].
func (s *Store) Logs(ctx context.Context, after attendance.SessionID, limit int) (found []audit.Log, err error) {
	err = eachRow(ctx, s.read, `SELECT id, seq, chain_after, chain FROM sessions WHERE id > ? ORDER BY id LIMIT ?`, []any{after, limit}, func(scan scanFunc) error {
		var l audit.Log
		err := scan(&l.Session, &l.Seq, &l.After, &l.Chain)
		found = append(found, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sessions' logs: %w", err)
	}
	return found, nil
}
