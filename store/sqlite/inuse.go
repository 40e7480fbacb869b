package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// InUse reports whether anybody, such as a server, has the database in directory dir
// open, which must be there. Whoever has keeps a shared lock of the file, so that
// nobody else gets an exclusive one.
func InUse(ctx context.Context, dir string) (bool, error) {
	path := filepath.Join(dir, FileName)
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_pragma=locking_mode(EXCLUSIVE)")
	if err != nil {
		return false, fmt.Errorf("open %s: %w", path, err)
	}
	var tables int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&tables)
	var failed *driver.Error
	if errors.As(err, &failed) && failed.Code()&0xff == sqlite3.SQLITE_BUSY {
		return true, db.Close()
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return false, fmt.Errorf("see whether %s is in use: %w", path, err)
	}
	return false, nil
}
