package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/table"
)

var _ table.ColumnStore = (*Store)(nil)

// ImportColumns implements [table.ColumnStore].
func (s *Store) ImportColumns(ctx context.Context, fingerprint string) (m map[string]string, err error) {
	var text string
	err = s.read.QueryRowContext(ctx, `SELECT mapping FROM import_columns WHERE fingerprint = ?`, fingerprint).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &m)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the columns of a list: %w", err)
	}
	return m, nil
}

// KeepImportColumns implements [table.ColumnStore].
func (s *Store) KeepImportColumns(ctx context.Context, fingerprint string, m map[string]string, now time.Time) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO import_columns (fingerprint, mapping, used_at) VALUES (?, ?, ?)
			ON CONFLICT (fingerprint) DO UPDATE SET mapping = excluded.mapping, used_at = excluded.used_at`, fingerprint, string(text), now.UnixMilli())
		if err != nil {
			return fmt.Errorf("keep the columns of a list: %w", err)
		}
		return nil
	})
}
