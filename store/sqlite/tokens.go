package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// TokenViewer implements [identity.TokenStore].
func (s *Store) TokenViewer(ctx context.Context, hash identity.TokenHash, now time.Time) (identity.Viewer, bool, error) {
	var v identity.Viewer
	var scopes string
	var used, expires sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT t.id, t.scopes, t.used_at, t.expires_at, p.id, p.admin FROM api_tokens t JOIN people p ON p.id = t.person_id
		WHERE t.token_hash = ? AND t.expires_at > ? AND t.revoked_at IS NULL AND p.active`, hash[:], now.UnixMilli()).
		Scan(&v.Token, &scopes, &used, &expires, &v.Person, &v.Admin)
	if ok, err := found(err); err != nil || !ok {
		return identity.Viewer{}, false, err
	}
	v.Until = fromMillis(expires)
	if v.Scopes, err = identity.ParseScopes(scopes); err != nil {
		return identity.Viewer{}, false, fmt.Errorf("read the scopes of token %d: %w", v.Token, err)
	}
	if now.Sub(fromMillis(used)) >= time.Minute {
		_, err = s.write.ExecContext(ctx, `UPDATE api_tokens SET used_at = ? WHERE id = ?`, now.UnixMilli(), v.Token)
		if err != nil {
			return identity.Viewer{}, false, fmt.Errorf("note the use of token %d: %w", v.Token, err)
		}
	}
	return v, true, nil
}

// AddToken implements [identity.TokenStore].
func (s *Store) AddToken(ctx context.Context, t identity.APIToken, by attendance.Author) (id int64, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO api_tokens (token_hash, person_id, name, scopes, created_by, created_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			t.Hash[:], t.Person, t.Name, t.Scopes.String(), t.By, t.Created.UnixMilli(), t.Expires.UnixMilli()).Scan(&id)
		if err != nil {
			return fmt.Errorf("add an API token: %w", err)
		}
		return addAudit(ctx, tx, t.Created, by, "make API token", fmt.Sprint("person ", t.Person),
			map[string]any{"token": id, "name": t.Name, "scopes": t.Scopes.String(), "expires": t.Expires.UTC().Format(time.RFC3339)})
	})
	return id, err
}

// Tokens implements [identity.TokenStore].
func (s *Store) Tokens(ctx context.Context, person attendance.PersonID, before int64, limit int) (all []identity.APIToken, err error) {
	err = eachRow(ctx, s.read, `SELECT t.id, t.person_id, t.name, t.scopes, t.created_by, t.created_at, t.expires_at, t.used_at, t.revoked_at, p.given, p.family
		FROM api_tokens t JOIN people p ON p.id = t.person_id
		WHERE (?1 = 0 OR t.person_id = ?1) AND (?2 = 0 OR t.id < ?2) ORDER BY t.id DESC LIMIT ?3`, []any{person, before, limit},
		func(scan scanFunc) error {
			var t identity.APIToken
			var scopes string
			var created, expires, used, revoked sql.NullInt64
			if err := scan(&t.ID, &t.Person, &t.Name, &scopes, &t.By, &created, &expires, &used, &revoked, &t.Given, &t.Family); err != nil {
				return err
			}
			t.Created, t.Expires, t.Used, t.Revoked = fromMillis(created), fromMillis(expires), fromMillis(used), fromMillis(revoked)
			var err error
			t.Scopes, err = identity.ParseScopes(scopes)
			all = append(all, t)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list API tokens: %w", err)
	}
	return all, nil
}

// RevokeToken implements [identity.TokenStore].
func (s *Store) RevokeToken(ctx context.Context, person attendance.PersonID, id int64, by attendance.Author, now time.Time) (of attendance.PersonID, done bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		var name string
		err := tx.QueryRowContext(ctx, `UPDATE api_tokens SET revoked_at = ?1 WHERE id = ?2 AND (?3 = 0 OR person_id = ?3) AND revoked_at IS NULL AND expires_at > ?1
			RETURNING person_id, name`, now.UnixMilli(), id, person).Scan(&of, &name)
		if done, err = found(err); err != nil || !done {
			return err
		}
		return addAudit(ctx, tx, now, by, "revoke API token", fmt.Sprint("person ", of), map[string]any{"token": id, "name": name})
	})
	if err != nil {
		return 0, false, fmt.Errorf("revoke API token %d: %w", id, err)
	}
	return of, done, nil
}

// Feed implements [identity.FeedStore].
func (s *Store) Feed(ctx context.Context, person attendance.PersonID) (identity.Feed, bool, error) {
	return scanFeed(s.read.QueryRowContext(ctx, `SELECT f.token_hash, f.person_id, f.own_marks, f.created_at, f.fetched_at FROM feeds f WHERE f.person_id = ?`, person).Scan)
}

func scanFeed(scan scanFunc) (f identity.Feed, ok bool, err error) {
	var hash []byte
	var created, fetched sql.NullInt64
	ok, err = found(scan(&hash, &f.Person, &f.OwnMarks, &created, &fetched))
	copy(f.Hash[:], hash)
	f.Created, f.Fetched = fromMillis(created), fromMillis(fetched)
	return f, ok, err
}

// FeedOf implements [identity.FeedStore].
func (s *Store) FeedOf(ctx context.Context, hash identity.TokenHash, now time.Time) (identity.Feed, bool, error) {
	f, ok, err := scanFeed(s.read.QueryRowContext(ctx, `SELECT f.token_hash, f.person_id, f.own_marks, f.created_at, f.fetched_at
		FROM feeds f JOIN people p ON p.id = f.person_id WHERE f.token_hash = ? AND p.active`, hash[:]).Scan)
	if err != nil || !ok {
		return identity.Feed{}, false, err
	}
	if now.Sub(f.Fetched) >= time.Hour {
		if _, err := s.write.ExecContext(ctx, `UPDATE feeds SET fetched_at = ? WHERE token_hash = ?`, now.UnixMilli(), hash[:]); err != nil {
			return identity.Feed{}, false, fmt.Errorf("note that a feed was fetched: %w", err)
		}
	}
	return f, true, nil
}

// SetFeed implements [identity.FeedStore].
func (s *Store) SetFeed(ctx context.Context, f identity.Feed) error {
	_, err := s.write.ExecContext(ctx, `INSERT OR REPLACE INTO feeds (person_id, token_hash, own_marks, created_at) VALUES (?, ?, ?, ?)`,
		f.Person, f.Hash[:], f.OwnMarks, f.Created.UnixMilli())
	if err != nil {
		return diskProblem(fmt.Errorf("make the feed of person %d: %w", f.Person, err))
	}
	return nil
}

// RemoveFeed implements [identity.FeedStore].
func (s *Store) RemoveFeed(ctx context.Context, person attendance.PersonID) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM feeds WHERE person_id = ?`, person); err != nil {
		return diskProblem(fmt.Errorf("end the feed of person %d: %w", person, err))
	}
	return nil
}

// DisplayIssue implements [identity.DisplayStore]. Of a course that is not there none
// stands.
func (s *Store) DisplayIssue(ctx context.Context, course attendance.CourseID) (issue int64, err error) {
	issue = -1
	_, err = found(s.read.QueryRowContext(ctx, `SELECT display_issue FROM courses WHERE id = ?`, course).Scan(&issue))
	return issue, err
}

// RenewDisplayIssue implements [identity.DisplayStore].
func (s *Store) RenewDisplayIssue(ctx context.Context, course attendance.CourseID, by attendance.Author, now time.Time) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE courses SET display_issue = display_issue + 1 WHERE id = ?`, course); err != nil {
			return fmt.Errorf("end the display links of course %d: %w", course, err)
		}
		return addAudit(ctx, tx, now, by, "end display links", fmt.Sprint("course ", course), nil)
	})
}
