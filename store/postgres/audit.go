package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
)

// auditLock is the advisory lock of those who add to the audit, so that each sees the
// row of the one before.
const auditLock = 0x6d757374_61756469

// queueAudit notes what somebody did outside of sessions. Detail becomes a JSON object.
// It belongs at the end of a transaction: others wait until that is over. The lock is a
// statement of its own, since each statement sees what was committed before it began.
func queueAudit(batch *pgx.Batch, at time.Time, by attendance.Author, action, subject string, detail map[string]any) error {
	text, err := audit.Detail(detail)
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	row := audit.Row{Author: by, At: at, Action: action, Subject: subject, Detail: text}
	batch.Queue(`SELECT pg_advisory_xact_lock($1)`, int64(auditLock))
	batch.Queue(`INSERT INTO audit (at, actor, action, subject, detail, came_from, hash)
		SELECT $1, $2, $3, $4, $5, $6, sha256(coalesce((SELECT hash FROM audit ORDER BY id DESC LIMIT 1), ''::bytea) || $7::bytea)`,
		at.UnixMilli(), by.Person, action, subject, text, by.From, []byte(row.Text()))
	return nil
}

func addAudit(ctx context.Context, tx pgx.Tx, at time.Time, by attendance.Author, action, subject string, detail map[string]any) error {
	batch := &pgx.Batch{}
	if err := queueAudit(batch, at, by, action, subject, detail); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}
