package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// BeginAnswer notes that a request is about to be carried out. If there is an answer
// with this key that is not older than since, it changes nothing and returns that one,
// and true. It forgets older answers.
func (s *Store) BeginAnswer(ctx context.Context, actor attendance.PersonID, key string, a identity.Answer, since time.Time) (first identity.Answer, there bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM answers WHERE at < ?`, since.UnixMilli()); err != nil {
			return fmt.Errorf("forget old answers: %w", err)
		}
		var hash, body []byte
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT request_hash, at, status, content_type, body, body IS NULL FROM answers WHERE actor_id = ? AND key = ?`, actor, key).
			Scan(&hash, &at, &first.Status, &first.ContentType, &body, &first.Secret)
		if there, err = found(err); err != nil {
			return fmt.Errorf("look for an answer: %w", err)
		}
		if there {
			copy(first.Request[:], hash)
			first.At, first.Body = time.UnixMilli(at).UTC(), body
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO answers (actor_id, key, request_hash, at, status, content_type) VALUES (?, ?, ?, ?, 0, '')`,
			actor, key, a.Request[:], a.At.UnixMilli())
		if err != nil {
			return fmt.Errorf("note a request: %w", err)
		}
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
	_, err := s.write.ExecContext(ctx, `UPDATE answers SET status = ?, content_type = ?, body = ? WHERE actor_id = ? AND key = ?`, a.Status, a.ContentType, body, actor, key)
	if err != nil {
		return diskProblem(fmt.Errorf("keep an answer: %w", err))
	}
	return nil
}

// ForgetAnswer lets a request be carried out that was not.
func (s *Store) ForgetAnswer(ctx context.Context, actor attendance.PersonID, key string) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM answers WHERE actor_id = ? AND key = ?`, actor, key); err != nil {
		return diskProblem(fmt.Errorf("forget an answer: %w", err))
	}
	return nil
}
