package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

var _ identity.Store = (*Store)(nil)

// SignInViewers implements [identity.Store].
func (s *Store) SignInViewers(ctx context.Context, tokens []identity.TokenHash, now time.Time) (viewers map[identity.TokenHash]identity.Viewer, err error) {
	// That the array is in a SELECT of its own hides its length from the planner, which
	// would else make a new plan each time, for three times what the query itself takes.
	hashes := column(tokens, func(t *identity.TokenHash) []byte { return t[:] })
	err = s.reading(ctx, func(q queryer) error {
		viewers = make(map[identity.TokenHash]identity.Viewer, len(tokens))
		rows, err := q.Query(ctx, `SELECT s.token_hash, s.expires_at, p.id, p.admin FROM sign_ins s JOIN people p ON p.id = s.person_id
			WHERE s.token_hash = ANY((SELECT $1::bytea[])::bytea[]) AND s.expires_at > $2 AND p.active`, hashes, now.UnixMilli())
		if err != nil {
			return err
		}
		return readRows(rows, func(scan scanFunc) error {
			var hash []byte
			var expires pgtype.Int8
			var v identity.Viewer
			if err := scan(&hash, &expires, &v.Person, &v.Admin); err != nil {
				return err
			}
			v.Until = fromMillis(expires)
			copy(v.SignIn[:], hash)
			viewers[v.SignIn] = v
			return nil
		})
	})
	return viewers, err
}

// found tells "no such row" from failures.
func found(err error) (bool, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// PasswordOf implements [identity.Store].
func (s *Store) PasswordOf(ctx context.Context, username string) (person attendance.PersonID, hash string, ok bool, err error) {
	ok, err = found(s.reading(ctx, func(q queryer) error {
		return q.QueryRow(ctx, `SELECT p.id, w.hash FROM people p JOIN passwords w ON w.person_id = p.id
			WHERE lower(p.username) = lower($1) AND p.active`, username).Scan(&person, &hash)
	}))
	return person, hash, ok, err
}

const accountColumns = `p.id, p.given, p.family, coalesce(p.ref, ''), p.email, coalesce(p.username, ''), p.admin, p.active,
	EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id)`

func accountFields(a *identity.Account) []any {
	return []any{&a.Person, &a.Given, &a.Family, &a.Ref, &a.Email, &a.Username, &a.Admin, &a.Active, &a.HasPassword}
}

// Account implements [identity.Store].
func (s *Store) Account(ctx context.Context, person attendance.PersonID) (a identity.Account, ok bool, err error) {
	ok, err = found(s.reading(ctx, func(q queryer) error {
		return q.QueryRow(ctx, `SELECT `+accountColumns+` FROM people p WHERE p.id = $1`, person).Scan(accountFields(&a)...)
	}))
	return a, ok, err
}

// AddSignIns implements [identity.Store]. It also forgets those of the same people
// that have run out.
func (s *Store) AddSignIns(ctx context.Context, made ...identity.SignIn) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, in := range made {
			queueSignIn(batch, in)
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("add sign-ins: %w", err)
		}
		return nil
	})
}

func queueSignIn(batch *pgx.Batch, in identity.SignIn) {
	batch.Queue(`DELETE FROM sign_ins WHERE person_id = $1 AND expires_at <= $2`, in.Person, in.Created.UnixMilli())
	batch.Queue(`INSERT INTO sign_ins (token_hash, person_id, created_at, expires_at, agent) VALUES ($1, $2, $3, $4, $5)`,
		in.Token[:], in.Person, in.Created.UnixMilli(), in.Expires.UnixMilli(), in.Agent)
}

// RemoveSignIn implements [identity.Store].
func (s *Store) RemoveSignIn(ctx context.Context, token identity.TokenHash) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sign_ins WHERE token_hash = $1`, token[:]); err != nil {
			return fmt.Errorf("remove a sign-in: %w", err)
		}
		return nil
	})
}

// ChangePassword implements [identity.Store].
func (s *Store) ChangePassword(ctx context.Context, person attendance.PersonID, hash string, keep identity.TokenHash, now time.Time) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		queuePassword(batch, person, hash, keep, now)
		queueUseUpLinks(batch, person, now)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("change a password: %w", err)
		}
		return nil
	})
}

// queuePassword also ends the person's sign-ins but keep.
func queuePassword(batch *pgx.Batch, person attendance.PersonID, hash string, keep identity.TokenHash, now time.Time) {
	batch.Queue(`INSERT INTO passwords (person_id, hash, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at`, person, hash, now.UnixMilli())
	batch.Queue(`DELETE FROM sign_ins WHERE person_id = $1 AND token_hash <> $2`, person, keep[:])
}

func queueUseUpLinks(batch *pgx.Batch, person attendance.PersonID, now time.Time) {
	batch.Queue(`UPDATE join_links SET used_at = $1 WHERE person_id = $2 AND used_at IS NULL`, now.UnixMilli(), person)
}
