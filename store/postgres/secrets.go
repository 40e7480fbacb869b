package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Secret returns a key of this installation: 32 random bytes, made when it is first
// asked for. Processes that ask at the same time get the same one.
func (s *Store) Secret(ctx context.Context, name string) (value []byte, err error) {
	const find = `SELECT value FROM secrets WHERE name = $1`
	err = s.reading(ctx, func(q queryer) error { return q.QueryRow(ctx, find, name).Scan(&value) })
	if errors.Is(err, pgx.ErrNoRows) {
		fresh := make([]byte, 32)
		rand.Read(fresh) // never fails (crypto/rand)
		err = s.inTx(ctx, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, fresh); err != nil {
				return err
			}
			return tx.QueryRow(ctx, find, name).Scan(&value)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read secret %q: %w", name, err)
	}
	return value, nil
}
