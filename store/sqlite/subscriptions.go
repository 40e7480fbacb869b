package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/timetable"
)

const subscriptionColumns = `id, coalesce(course_id, 0), address, mentions, next_at, fetched_at, etag, last_modified, failures, outcome`

func scanSubscription(scan scanFunc) (sub timetable.Subscription, err error) {
	var next int64
	var fetched sql.NullInt64
	err = scan(&sub.ID, &sub.Course, &sub.Address, &sub.Only, &next, &fetched, &sub.ETag, &sub.LastModified, &sub.Failures, &sub.Outcome)
	sub.Next, sub.At = time.UnixMilli(next).UTC(), fromMillis(fetched)
	return sub, err
}

func (s *Store) subscriptions(ctx context.Context, where string, args ...any) (all []timetable.Subscription, err error) {
	err = eachRow(ctx, s.read, `SELECT `+subscriptionColumns+` FROM subscriptions WHERE ended_at IS NULL AND `+where, args, func(scan scanFunc) error {
		one, err := scanSubscription(scan)
		all = append(all, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	return all, nil
}

// Subscription implements [timetable.Subscriptions].
func (s *Store) Subscription(ctx context.Context, id int64) (timetable.Subscription, error) {
	found, err := s.subscriptions(ctx, `id = ?`, id)
	if err == nil && len(found) == 0 {
		err = attendance.Refuse(attendance.CodeNotFound, "There is no such subscription.")
	}
	if err != nil {
		return timetable.Subscription{}, err
	}
	return found[0], nil
}

// SubscriptionsOf implements [timetable.Subscriptions].
func (s *Store) SubscriptionsOf(ctx context.Context, course attendance.CourseID) ([]timetable.Subscription, error) {
	return s.subscriptions(ctx, `coalesce(course_id, 0) = ? ORDER BY id`, course)
}

// DueSubscriptions implements [timetable.Subscriptions].
func (s *Store) DueSubscriptions(ctx context.Context, now time.Time) ([]timetable.Subscription, error) {
	return s.subscriptions(ctx, `next_at <= ? ORDER BY next_at, id`, now.UnixMilli())
}

// AddSubscription implements [timetable.Subscriptions].
func (s *Store) AddSubscription(ctx context.Context, by attendance.Author, sub timetable.Subscription, now time.Time) (id int64, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		var there bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM subscriptions WHERE ended_at IS NULL AND coalesce(course_id, 0) = ? AND address = ?)`, sub.Course, sub.Address).Scan(&there)
		if err == nil && there {
			return &attendance.Error{Code: attendance.CodeConflict, Field: "address", Message: "This calendar is subscribed to already."}
		}
		if err == nil {
			err = tx.QueryRowContext(ctx, `INSERT INTO subscriptions (course_id, address, mentions, created_by, created_at, next_at) VALUES (nullif(?, 0), ?, ?, ?, ?, ?) RETURNING id`,
				sub.Course, sub.Address, sub.Only, by.Person, now.UnixMilli(), sub.Next.UnixMilli()).Scan(&id)
		}
		if err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
		return addAudit(ctx, tx, now, by, "subscribe to calendar", fmt.Sprint("subscription ", id), map[string]any{"course": sub.Course, "address": sub.Address})
	})
	return id, err
}

// EndSubscription implements [timetable.Subscriptions].
func (s *Store) EndSubscription(ctx context.Context, by attendance.Author, id int64, now time.Time) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		sub, err := scanSubscription(tx.QueryRowContext(ctx, `UPDATE subscriptions SET ended_at = ? WHERE id = ? AND ended_at IS NULL RETURNING `+subscriptionColumns, now.UnixMilli(), id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return attendance.Refuse(attendance.CodeNotFound, "There is no such subscription.")
		}
		if err != nil {
			return fmt.Errorf("end subscription %d: %w", id, err)
		}
		return addAudit(ctx, tx, now, by, "end subscription", fmt.Sprint("subscription ", id), map[string]any{"course": sub.Course, "address": sub.Address})
	})
}

// Fetched implements [timetable.Subscriptions].
func (s *Store) Fetched(ctx context.Context, id int64, f timetable.Fetched) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE subscriptions SET fetched_at = ?, next_at = ?, etag = ?, last_modified = ?, failures = ?, outcome = ? WHERE id = ?`,
			toMillis(f.At), f.Next.UnixMilli(), f.ETag, f.LastModified, f.Failures, f.Outcome, id)
		if err != nil {
			return fmt.Errorf("note how subscription %d was fetched: %w", id, err)
		}
		return nil
	})
}
