package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// JoinLink implements [identity.Store].
func (s *Store) JoinLink(ctx context.Context, token identity.TokenHash) (identity.JoinLink, identity.Account, bool, error) {
	link := identity.JoinLink{Token: token}
	var account identity.Account
	var expires, used sql.NullInt64
	fields := append(accountFields(&account), &link.Person, &link.By, &expires, &used)
	err := s.read.QueryRowContext(ctx, `SELECT `+accountColumns+`, l.person_id, coalesce(l.created_by, 0), l.expires_at, l.used_at
		FROM join_links l JOIN people p ON p.id = l.person_id WHERE l.token_hash = ?`, token[:]).Scan(fields...)
	link.Expires, link.Used = fromMillis(expires), fromMillis(used)
	ok, err := found(err)
	return link, account, ok, err
}

// AddJoinLinks implements [identity.Store].
func (s *Store) AddJoinLinks(ctx context.Context, links []identity.JoinLink, now time.Time) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, `INSERT INTO join_links (token_hash, person_id, created_by, created_at, expires_at) VALUES (?, ?, nullif(?, 0), ?, ?)`)
		if err != nil {
			return fmt.Errorf("insert join links: %w", err)
		}
		defer insert.Close()
		for _, l := range links {
			if _, err := insert.ExecContext(ctx, l.Token[:], l.Person, l.By, now.UnixMilli(), l.Expires.UnixMilli()); err != nil {
				return fmt.Errorf("insert join links: %w", err)
			}
			if err := addAudit(ctx, tx, now, attendance.Author{Person: l.By}, "make join link", "person "+strconv.FormatInt(int64(l.Person), 10), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// UseJoinLink implements [identity.Store].
func (s *Store) UseJoinLink(ctx context.Context, token identity.TokenHash, j identity.Joining, now time.Time) (used bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		used = false
		result, err := tx.ExecContext(ctx, `UPDATE join_links SET used_at = ?1 WHERE token_hash = ?2 AND person_id = ?3 AND used_at IS NULL AND expires_at > ?1`,
			now.UnixMilli(), token[:], j.Person)
		if err != nil {
			return fmt.Errorf("use a join link: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := useUpLinks(ctx, tx, j.Person, now); err != nil {
			return err
		}
		if j.Username != "" {
			if err := setUsername(ctx, tx, j.Person, j.Username, now); err != nil {
				return err
			}
		}
		if j.PasswordHash != "" {
			if err := setPassword(ctx, tx, j.Person, j.PasswordHash, identity.TokenHash{}, now); err != nil {
				return err
			}
		}
		used = true
		return addSignIn(ctx, tx, j.SignIn)
	})
	return used && err == nil, err
}

func setUsername(ctx context.Context, tx *sql.Tx, person attendance.PersonID, username string, now time.Time) error {
	var taken bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM people WHERE username = ? AND id <> ?)`, username, person).Scan(&taken)
	if err != nil {
		return fmt.Errorf("look for a username: %w", err)
	}
	if taken {
		return &attendance.Error{Code: attendance.CodeConflict, Field: "username", Message: "Somebody else has that username. Choose another one."}
	}
	_, err = tx.ExecContext(ctx, `UPDATE people SET username = ?, updated_at = ? WHERE id = ?`, username, now.UnixMilli(), person)
	if err != nil {
		return fmt.Errorf("set a username: %w", err)
	}
	return nil
}

// WithoutPassword implements [identity.Store].
func (s *Store) WithoutPassword(ctx context.Context, course attendance.CourseID, staff bool) ([]identity.Account, error) {
	var people []identity.Account
	err := eachRow(ctx, s.read, `SELECT `+accountColumns+` FROM enrolments e JOIN people p ON p.id = e.person_id
		WHERE e.course_id = ?1 AND e.ended_at IS NULL AND p.active
		AND NOT EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id)
		AND (?2 OR NOT p.admin AND NOT EXISTS (SELECT 1 FROM enrolments t WHERE t.person_id = p.id AND t.role <> 'student' AND t.ended_at IS NULL))
		ORDER BY p.family COLLATE NOCASE, p.given COLLATE NOCASE, p.id`, []any{course, staff}, func(scan scanFunc) error {
		var a identity.Account
		err := scan(accountFields(&a)...)
		people = append(people, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who has no password in course %d: %w", course, err)
	}
	return people, nil
}

// AdminToInvite implements [identity.Store].
func (s *Store) AdminToInvite(ctx context.Context, now time.Time) (person attendance.PersonID, needed bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		var canSignIn bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM people p WHERE p.admin AND p.active AND (
			EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id) OR
			EXISTS (SELECT 1 FROM sign_ins s WHERE s.person_id = p.id AND s.expires_at > ?)))`, now.UnixMilli()).Scan(&canSignIn)
		if err != nil || canSignIn {
			return err
		}
		needed = true
		ok, err := found(tx.QueryRowContext(ctx, `SELECT id FROM people WHERE admin AND active ORDER BY id LIMIT 1`).Scan(&person))
		if err != nil || ok {
			return err
		}
		err = tx.QueryRowContext(ctx, `INSERT INTO people (given, family, username, admin, created_at, updated_at)
			VALUES ('', 'Administrator', (SELECT 'admin' WHERE NOT EXISTS (SELECT 1 FROM people WHERE username = 'admin')), 1, ?1, ?1)
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
