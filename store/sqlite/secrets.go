package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
)

// Secret returns a key of this installation: 32 random bytes, made when it is first
// asked for. Processes that ask at the same time get the same one.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	const find = `SELECT value FROM secrets WHERE name = ?`
	var value []byte
	err := s.read.QueryRowContext(ctx, find, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		fresh := make([]byte, 32)
		rand.Read(fresh) // never fails (crypto/rand)
		err = s.inTx(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)`, name, fresh); err != nil {
				return err
			}
			return tx.QueryRowContext(ctx, find, name).Scan(&value)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %q: %w", name, err)
	}
	return value, nil
}
