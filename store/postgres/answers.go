package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// BeginAnswer notes that a request is about to be carried out. If there is an answer
// with this key that is not older than since, it changes nothing and returns that one,
// and true. It forgets older answers.
func (s *Store) BeginAnswer(ctx context.Context, actor attendance.PersonID, key string, a identity.Answer, since time.Time) (first identity.Answer, there bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		first, there = identity.Answer{}, false
		if _, err := tx.Exec(ctx, `DELETE FROM answers WHERE at < $1`, since.UnixMilli()); err != nil {
			return fmt.Errorf("forget old answers: %w", err)
		}
		// Of several that come at once with one key, the others wait here for the first.
		added, err := tx.Exec(ctx, `INSERT INTO answers (actor_id, key, request_hash, at, status, content_type) VALUES ($1, $2, $3, $4, 0, '') ON CONFLICT DO NOTHING`,
			actor, key, a.Request[:], a.At.UnixMilli())
		if err != nil {
			return fmt.Errorf("note a request: %w", err)
		}
		if added.RowsAffected() > 0 {
			return nil
		}
		var hash []byte
		var at int64
		err = tx.QueryRow(ctx, `SELECT request_hash, at, status, content_type, body FROM answers WHERE actor_id = $1 AND key = $2`, actor, key).
			Scan(&hash, &at, &first.Status, &first.ContentType, &first.Body)
		if err != nil {
			return fmt.Errorf("look for an answer: %w", err)
		}
		copy(first.Request[:], hash)
		first.At, first.Secret, there = time.UnixMilli(at).UTC(), first.Body == nil, true
		return nil
	})
	return first, there, err
}

// EndAnswer keeps the answer of a request.
func (s *Store) EndAnswer(ctx context.Context, actor attendance.PersonID, key string, a identity.Answer) error {
	body := append([]byte{}, a.Body...)
	if a.Secret {
		body = nil
	}
	err := s.exec(ctx, `UPDATE answers SET status = $1, content_type = $2, body = $3 WHERE actor_id = $4 AND key = $5`, a.Status, a.ContentType, body, actor, key)
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	return nil
}

// ForgetAnswer lets a request be carried out that was not.
func (s *Store) ForgetAnswer(ctx context.Context, actor attendance.PersonID, key string) error {
	if err := s.exec(ctx, `DELETE FROM answers WHERE actor_id = $1 AND key = $2`, actor, key); err != nil {
		return fmt.Errorf("forget an answer: %w", err)
	}
	return nil
}
