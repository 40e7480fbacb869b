// Package postgres keeps everything in a PostgreSQL database, for installations of
// several processes.
//
// The tables are those of package sqlite. Any number of processes may use one
// database at the same time: whoever writes to a session holds the lock of its row,
// and the first of several that start at once brings the schema up to date.
//
// What fails because a connection broke, the server restarts or two transactions were
// in each other's way is tried again for some seconds where that is safe.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/muster-live/muster/jobs"
)

// Store is an open database. It implements what the domain packages ask of a store.
// Its methods may be called from many goroutines.
type Store struct {
	pool *pgxpool.Pool // for everything but Append
	log  *pgxpool.Pool // for Append, which must not wait behind somebody's long report

	rooms Rooms // may be nil
}

// Connections of one process, unless the URL has pool_max_conns.
const (
	maxConns    = 10
	maxLogConns = 2
)

// Open connects to the database that a URL names, such as
// postgres://muster:secret@db.example.org:5432/muster, and brings its schema up to
// date. Its errors say what to do, and never have the password in them. Call Close
// when done.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	s := &Store{}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, explain(err, config.ConnConfig)
	}
	if err := s.setUp(ctx); err != nil {
		s.pool.Close()
		return nil, explain(err, config.ConnConfig)
	}
	if s.log, err = pgxpool.NewWithConfig(ctx, logConfig(config)); err != nil {
		s.pool.Close()
		return nil, explain(err, config.ConnConfig)
	}
	return s, nil
}

// Close closes the connections, when those who use them are done.
func (s *Store) Close() error {
	s.log.Close()
	s.pool.Close()
	return nil
}

// inTx runs fn in a transaction (READ COMMITTED) and commits it if fn returns nil, and
// if the job that the context is of, if it is any's, is still this node's. It runs fn again in a new one after failures that pass, unless it is unknown
// whether the commit took place; so fn must leave nothing behind but its last run.
func (s *Store) inTx(ctx context.Context, fn func(pgx.Tx) error) error {
	return patiently(ctx, func() error {
		tx, err := s.pool.Begin(ctx)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		if err = fn(tx); err == nil {
			err = fence(ctx, tx)
		}
		if err != nil {
			return errors.Join(err, rollback(ctx, tx))
		}
		if err := tx.Commit(ctx); err != nil {
			if saysServer(err) {
				return fmt.Errorf("commit: %w", err)
			}
			return &unsureError{err}
		}
		jobs.Committed(ctx)
		return nil
	})
}

// inSnapshot runs fn in a transaction that sees the database as it is at one moment
// and changes nothing. It runs fn again after failures that pass.
func (s *Store) inSnapshot(ctx context.Context, fn func(pgx.Tx) error) error {
	return patiently(ctx, func() error {
		tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		return errors.Join(fn(tx), rollback(ctx, tx))
	})
}

// reading runs fn, which only reads, by single statements. It runs fn again after
// failures that pass.
func (s *Store) reading(ctx context.Context, fn func(queryer) error) error {
	return patiently(ctx, func() error { return fn(s.pool) })
}

// briefly is reading for what takes no time: an attempt that takes longer than
// briefLimit is given up, so that once a line that was dead is back, so are we.
func (s *Store) briefly(ctx context.Context, fn func(context.Context, queryer) error) error {
	return patiently(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, briefLimit)
		defer cancel()
		return fn(ctx, s.pool)
	})
}

// rollback ends a transaction. If the connection is lost, the server has ended it.
func rollback(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !tx.Conn().IsClosed() {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// queryer is a transaction or a pool.
type queryer interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

type scanFunc func(dest ...any) error

// eachRow calls fn for each row of a query.
func eachRow(ctx context.Context, q queryer, query string, args []any, fn func(scanFunc) error) error {
	found, err := q.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	return readRows(found, fn)
}

// readRows calls fn for each of the rows and closes them.
func readRows(found pgx.Rows, fn func(scanFunc) error) error {
	defer found.Close()
	for found.Next() {
		if err := fn(found.Scan); err != nil {
			return err
		}
	}
	return found.Err()
}

// toMillis turns a time into what the database keeps: NULL for the zero time.
func toMillis(t time.Time) pgtype.Int8 {
	return pgtype.Int8{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// fromMillis is the inverse of toMillis.
func fromMillis(ms pgtype.Int8) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// Update runs fn once in a transaction and commits it if fn returns nil, for those
// who fill a database with what they have from elsewhere.
func (s *Store) Update(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, fn)
}
