package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

var _ identity.Store = (*Store)(nil)

// signInViewer looks up whom a sign-in stands for. It is prepared when the store is
// opened: every request asks it.
const signInViewer = `SELECT s.expires_at, p.id, p.admin FROM sign_ins s JOIN people p ON p.id = s.person_id
	WHERE s.token_hash = ? AND s.expires_at > ? AND p.active`

// SignInViewers implements [identity.Store].
func (s *Store) SignInViewers(ctx context.Context, tokens []identity.TokenHash, now time.Time) (map[identity.TokenHash]identity.Viewer, error) {
	viewers := make(map[identity.TokenHash]identity.Viewer, len(tokens))
	for _, t := range tokens {
		v := identity.Viewer{SignIn: t}
		var expires sql.NullInt64
		ok, err := found(s.signIn.QueryRowContext(ctx, t[:], now.UnixMilli()).Scan(&expires, &v.Person, &v.Admin))
		if err != nil {
			return nil, err
		}
		if ok {
			v.Until = fromMillis(expires)
			viewers[t] = v
		}
	}
	return viewers, nil
}

// found tells "no such row" from failures.
func found(err error) (bool, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// PasswordOf implements [identity.Store].
func (s *Store) PasswordOf(ctx context.Context, username string) (attendance.PersonID, string, bool, error) {
	var person attendance.PersonID
	var hash string
	err := s.read.QueryRowContext(ctx, `SELECT p.id, w.hash FROM people p JOIN passwords w ON w.person_id = p.id
		WHERE p.username = ? AND p.active`, username).Scan(&person, &hash)
	ok, err := found(err)
	return person, hash, ok, err
}

const accountColumns = `p.id, p.given, p.family, coalesce(p.ref, ''), p.email, coalesce(p.username, ''), p.admin, p.active,
	EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id)`

func accountFields(a *identity.Account) []any {
	return []any{&a.Person, &a.Given, &a.Family, &a.Ref, &a.Email, &a.Username, &a.Admin, &a.Active, &a.HasPassword}
}

// Account implements [identity.Store].
func (s *Store) Account(ctx context.Context, person attendance.PersonID) (identity.Account, bool, error) {
	var a identity.Account
	err := s.read.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM people p WHERE p.id = ?`, person).Scan(accountFields(&a)...)
	ok, err := found(err)
	return a, ok, err
}

// AddSignIns implements [identity.Store]. It also forgets those of the same people
// that have run out.
func (s *Store) AddSignIns(ctx context.Context, made ...identity.SignIn) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, in := range made {
			if err := addSignIn(ctx, tx, in); err != nil {
				return err
			}
		}
		return nil
	})
}

func addSignIn(ctx context.Context, tx *sql.Tx, in identity.SignIn) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM sign_ins WHERE person_id = ? AND expires_at <= ?`, in.Person, in.Created.UnixMilli())
	if err != nil {
		return fmt.Errorf("forget old sign-ins: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO sign_ins (token_hash, person_id, created_at, expires_at, agent) VALUES (?, ?, ?, ?, ?)`,
		in.Token[:], in.Person, in.Created.UnixMilli(), in.Expires.UnixMilli(), in.Agent)
	if err != nil {
		return fmt.Errorf("insert sign-in: %w", err)
	}
	return nil
}

// RemoveSignIn implements [identity.Store].
func (s *Store) RemoveSignIn(ctx context.Context, token identity.TokenHash) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM sign_ins WHERE token_hash = ?`, token[:]); err != nil {
		return fmt.Errorf("remove a sign-in: %w", err)
	}
	return nil
}

// ChangePassword implements [identity.Store].
func (s *Store) ChangePassword(ctx context.Context, person attendance.PersonID, hash string, keep identity.TokenHash, now time.Time) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		if err := setPassword(ctx, tx, person, hash, keep, now); err != nil {
			return err
		}
		return useUpLinks(ctx, tx, person, now)
	})
}

// setPassword also ends the person's sign-ins but keep.
func setPassword(ctx context.Context, tx *sql.Tx, person attendance.PersonID, hash string, keep identity.TokenHash, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO passwords (person_id, hash, changed_at) VALUES (?, ?, ?)`, person, hash, now.UnixMilli())
	if err != nil {
		return fmt.Errorf("set a password: %w", err)
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM sign_ins WHERE person_id = ? AND token_hash <> ?`, person, keep[:])
	if err != nil {
		return fmt.Errorf("end sign-ins: %w", err)
	}
	return nil
}

func useUpLinks(ctx context.Context, tx *sql.Tx, person attendance.PersonID, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE join_links SET used_at = ? WHERE person_id = ? AND used_at IS NULL`, now.UnixMilli(), person)
	if err != nil {
		return fmt.Errorf("use up join links: %w", err)
	}
	return nil
}
