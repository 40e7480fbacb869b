package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
)

// addAudit notes what somebody did outside of sessions. Detail becomes a JSON object.
func addAudit(ctx context.Context, tx *sql.Tx, at time.Time, by attendance.Author, action, subject string, detail map[string]any) error {
	text, err := audit.Detail(detail)
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	row := audit.Row{Author: by, At: at, Action: action, Subject: subject, Detail: text}
	var before []byte
	err = tx.QueryRowContext(ctx, `SELECT hash FROM audit ORDER BY id DESC LIMIT 1`).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (at, actor, action, subject, detail, came_from, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		at.UnixMilli(), by.Person, action, subject, row.Detail, by.From, row.Chain(before))
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}
