package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// JoinLink implements [identity.Store].
func (s *Store) JoinLink(ctx context.Context, token identity.TokenHash) (link identity.JoinLink, account identity.Account, ok bool, err error) {
	link.Token = token
	var expires, used pgtype.Int8
	fields := append(accountFields(&account), &link.Person, &link.By, &expires, &used)
	ok, err = found(s.reading(ctx, func(q queryer) error {
		return q.QueryRow(ctx, `SELECT `+accountColumns+`, l.person_id, coalesce(l.created_by, 0), l.expires_at, l.used_at
			FROM join_links l JOIN people p ON p.id = l.person_id WHERE l.token_hash = $1`, token[:]).Scan(fields...)
	}))
	link.Expires, link.Used = fromMillis(expires), fromMillis(used)
	return link, account, ok, err
}

// AddJoinLinks implements [identity.Store].
func (s *Store) AddJoinLinks(ctx context.Context, links []identity.JoinLink, now time.Time) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, l := range links {
			batch.Queue(`INSERT INTO join_links (token_hash, person_id, created_by, created_at, expires_at) VALUES ($1, $2, nullif($3::bigint, 0), $4, $5)`,
				l.Token[:], l.Person, l.By, now.UnixMilli(), l.Expires.UnixMilli())
			if err := queueAudit(batch, now, attendance.Author{Person: l.By}, "make join link", "person "+strconv.FormatInt(int64(l.Person), 10), nil); err != nil {
				return err
			}
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("insert join links: %w", err)
		}
		return nil
	})
}

// UseJoinLink implements [identity.Store]. Of several who use a link at the same
// time, the first has it: the others wait for the lock of its row and find it used.
func (s *Store) UseJoinLink(ctx context.Context, token identity.TokenHash, j identity.Joining, now time.Time) (used bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		used = false
		result, err := tx.Exec(ctx, `UPDATE join_links SET used_at = $1 WHERE token_hash = $2 AND person_id = $3 AND used_at IS NULL AND expires_at > $1`,
			now.UnixMilli(), token[:], j.Person)
		if err != nil {
			return fmt.Errorf("use a join link: %w", err)
		}
		if result.RowsAffected() == 0 {
			return nil
		}
		if j.Username != "" {
			if err := setUsername(ctx, tx, j.Person, j.Username, now); err != nil {
				return err
			}
		}
		batch := &pgx.Batch{}
		queueUseUpLinks(batch, j.Person, now)
		if j.PasswordHash != "" {
			queuePassword(batch, j.Person, j.PasswordHash, identity.TokenHash{}, now)
		}
		queueSignIn(batch, j.SignIn)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("join: %w", err)
		}
		used = true
		return nil
	})
	return used && err == nil, err
}

func setUsername(ctx context.Context, tx pgx.Tx, person attendance.PersonID, username string, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE people SET username = $1, updated_at = $2 WHERE id = $3`, username, now.UnixMilli(), person)
	if violates(err, "people_by_username") {
		return &attendance.Error{Code: attendance.CodeConflict, Field: "username", Message: "Somebody else has that username. Choose another one."}
	}
	if err != nil {
		return fmt.Errorf("set a username: %w", err)
	}
	return nil
}

// WithoutPassword implements [identity.Store].
func (s *Store) WithoutPassword(ctx context.Context, course attendance.CourseID, staff bool) (people []identity.Account, err error) {
	const query = `SELECT ` + accountColumns + ` FROM enrolments e JOIN people p ON p.id = e.person_id
		WHERE e.course_id = $1 AND e.ended_at IS NULL AND p.active
		AND NOT EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id)
		AND ($2 OR NOT p.admin AND NOT EXISTS (SELECT 1 FROM enrolments t WHERE t.person_id = p.id AND t.role <> 'student' AND t.ended_at IS NULL))
		ORDER BY lower(p.family), lower(p.given), p.id`
	err = s.reading(ctx, func(q queryer) error {
		people = nil
		return eachRow(ctx, q, query, []any{course, staff}, func(scan scanFunc) error {
			var a identity.Account
			err := scan(accountFields(&a)...)
			people = append(people, a)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read who has no password in course %d: %w", course, err)
	}
	return people, nil
}

// AdminToInvite implements [identity.Store]. Of several processes that start at the
// same time, one makes the administrator.
func (s *Store) AdminToInvite(ctx context.Context, now time.Time) (person attendance.PersonID, needed bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		person, needed = 0, false
		if _, err := tx.Exec(ctx, `LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		var canSignIn bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM people p WHERE p.admin AND p.active AND (
			EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id) OR
			EXISTS (SELECT 1 FROM sign_ins s WHERE s.person_id = p.id AND s.expires_at > $1)))`, now.UnixMilli()).Scan(&canSignIn)
		if err != nil || canSignIn {
			return err
		}
		needed = true
		ok, err := found(tx.QueryRow(ctx, `SELECT id FROM people WHERE admin AND active ORDER BY id LIMIT 1`).Scan(&person))
		if err != nil || ok {
			return err
		}
		err = tx.QueryRow(ctx, `INSERT INTO people (given, family, username, admin, created_at, updated_at)
			VALUES ('', 'Administrator', (SELECT 'admin' WHERE NOT EXISTS (SELECT 1 FROM people WHERE lower(username) = 'admin')), true, $1, $1)
			RETURNING id`, now.UnixMilli()).Scan(&person)
		if err != nil {
			return err
		}
		return addAudit(ctx, tx, now, attendance.Author{}, "make first administrator", "person "+strconv.FormatInt(int64(person), 10), nil)
	})
	if err != nil {
		return 0, false, fmt.Errorf("find or make an administrator: %w", err)
	}
	return person, needed, nil
}
