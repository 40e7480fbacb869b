// Package sqlite keeps everything in one SQLite file: the embedded default.
//
// The file is in WAL mode with synchronous=FULL: a transaction that has been
// committed survives a crash of the program and of the machine. There is one
// connection that writes and a pool that reads.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite" // registers itself as "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/jobs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open database. It implements what the domain packages ask of a
// store. Its methods may be called from many goroutines.
type Store struct {
	write *sql.DB // one connection
	read  *sql.DB

	signIn *sql.Stmt // prepared on read

	// Prepared on write.
	inserts  inserters
	frequent map[string]*sql.Stmt // by their text
}

// FileName is the name of the database inside a data directory.
const FileName = "muster.db"

// Open opens the database in directory dir, which it makes if need be, and brings
// its schema up to date. Call Close when done.
func Open(ctx context.Context, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	path := filepath.Join(dir, FileName)
	write, err := open(path, 1, "immediate")
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
	}
	read, err := open(path, max(4, runtime.NumCPU()), "deferred")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	s := &Store{write: write, read: read}
	if s.inserts, err = newInserters(ctx, write); err == nil {
		s.frequent, err = prepare(ctx, write, frequent)
	}
	if err == nil {
		s.signIn, err = read.PrepareContext(ctx, signInViewer)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open returns a pool of at most conns connections, set up as the package promises.
func open(path string, conns int, txlock string) (*sql.DB, error) {
	pragmas := url.Values{"_txlock": {txlock}, "_pragma": {
		"busy_timeout(10000)", // another process, such as `muster import`, may be writing
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(ON)",
		"cache_size(-16000)", // kB
		"temp_store(MEMORY)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("its schema is version %d, this program knows up to %d: use a newer muster", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Close closes the database. Transactions under way are given up.
func (s *Store) Close() error { return errors.Join(s.write.Close(), s.read.Close()) }

// inTx runs fn in a writing transaction and commits it if fn returns nil, and if the
// job that the context is of, if it is any's, is still this node's.
func (s *Store) inTx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err = fn(tx); err == nil {
		err = fence(ctx, tx)
	}
	if err != nil {
		return diskProblem(errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return diskProblem(fmt.Errorf("commit: %w", err))
	}
	jobs.Committed(ctx)
	return nil
}

// diskProblem tells a disk that is full or broken from mistakes of ours.
func diskProblem(err error) error {
	var failed *driver.Error
	if errors.As(err, &failed) && (failed.Code()&0xff == sqlite3.SQLITE_FULL || failed.Code()&0xff == sqlite3.SQLITE_IOERR) {
		return &attendance.Error{Code: attendance.CodeStorage, Retry: time.Second, Err: err,
			Message: "This could not be written to the disk, and nothing was changed. Try again; if it stays, tell your administrator."}
	}
	return err
}

// toMillis turns a time into what the database keeps: NULL for the zero time.
func toMillis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// fromMillis is the inverse of toMillis.
func fromMillis(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// View runs fn in a transaction that sees everything as it is at one moment and
// changes nothing, for those who copy all of it elsewhere.
func (s *Store) View(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it has read only
	return fn(tx)
}
