package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/muster-live/muster/jobs"
)

// Job implements [jobs.Desk].
func (s *Store) Job(ctx context.Context, id jobs.ID) (jobs.Job, bool, error) {
	j, err := scanJob(s.read.QueryRowContext(ctx, `SELECT `+jobColumns+` FROM jobs WHERE id = ? AND state <> 'coming'`, id).Scan)
	ok, err := found(err)
	return j, ok, err
}

// briefColumns are jobColumns without results, which may be long.
var briefColumns = strings.Replace(jobColumns, " result,", " '',", 1)

// Jobs implements [jobs.Desk].
func (s *Store) Jobs(ctx context.Context, q jobs.Query) (all []jobs.Job, err error) {
	err = eachRow(ctx, s.read, `SELECT `+briefColumns+` FROM jobs WHERE state <> 'coming' AND (?1 = 0 OR actor_id = ?1)
		AND (NOT ?2 OR state IN ('waiting', 'running')) AND (?3 = 0 OR id < ?3) AND (?5 OR actor_id <> 0 OR state <> 'done') ORDER BY id DESC LIMIT ?4`,
		[]any{q.Actor, q.Active, q.Before, q.Limit, q.Routine}, func(scan scanFunc) error {
			j, err := scanJob(scan)
			all = append(all, j)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return all, nil
}

// ReleaseJob implements [jobs.Desk].
func (s *Store) ReleaseJob(ctx context.Context, id jobs.ID) error {
	_, err := s.changeJob(ctx, `UPDATE jobs SET state = 'waiting' WHERE id = ? AND state = 'coming'`, id)
	return err
}

// CancelJob implements [jobs.Desk].
func (s *Store) CancelJob(ctx context.Context, id jobs.ID, now time.Time) (bool, error) {
	return s.changeJob(ctx, `UPDATE jobs SET stop = 1, ended_at = CASE state WHEN 'waiting' THEN ?2 END, state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END
		WHERE id = ?1 AND state IN ('waiting', 'running')`, id, now.UnixMilli())
}

// RetryJob implements [jobs.Desk].
func (s *Store) RetryJob(ctx context.Context, id jobs.ID, now time.Time) (bool, error) {
	return s.changeJob(ctx, `UPDATE jobs SET state = 'waiting', stop = 0, takeovers = 0, problem = '', progress = '', run_at = ?2, started_at = NULL, ended_at = NULL
		WHERE id = ?1 AND state IN ('failed', 'cancelled')`, id, now.UnixMilli())
}

// changeJob reports whether a statement changed a job.
func (s *Store) changeJob(ctx context.Context, statement string, args ...any) (changed bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return fmt.Errorf("change job %d: %w", args[0], err)
		}
		n, err := result.RowsAffected()
		changed = n > 0
		return err
	})
	return changed, err
}

// CountJobs implements [jobs.Desk].
func (s *Store) CountJobs(ctx context.Context, now time.Time) (c jobs.Counts, err error) {
	var oldest, longest int64
	err = s.read.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'running'),
		(SELECT count(*) FROM jobs WHERE state = 'failed'),
		coalesce(max(?1 - run_at) FILTER (WHERE state = 'waiting'), 0), coalesce(max(?1 - started_at) FILTER (WHERE state = 'running'), 0)
		FROM jobs WHERE state IN ('waiting', 'running')`, now.UnixMilli()).Scan(&c.Waiting, &c.Running, &c.Failed, &oldest, &longest)
	c.Oldest, c.Longest = time.Duration(max(oldest, 0))*time.Millisecond, time.Duration(max(longest, 0))*time.Millisecond
	return c, err
}

// TidyJobs implements [jobs.Desk]. The newest job stays, so that no id comes twice.
func (s *Store) TidyJobs(ctx context.Context, now time.Time) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM jobs WHERE id < (SELECT max(id) FROM jobs) AND
			(ended_at < ?1 OR state = 'done' AND actor_id = 0 AND ended_at < ?2 OR state = 'coming' AND created_at < ?3)`,
			now.Add(-jobs.KeepJobs).UnixMilli(), now.Add(-jobs.KeepRoutine).UnixMilli(), now.Add(-jobs.KeepFiles).UnixMilli())
		if err != nil {
			return fmt.Errorf("delete old jobs: %w", err)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM job_files WHERE NOT EXISTS
			(SELECT 1 FROM jobs j WHERE j.id = job_id AND (j.ended_at IS NULL OR j.ended_at >= ?))`, now.Add(-jobs.KeepFiles).UnixMilli())
		if err != nil {
			return fmt.Errorf("delete old files of jobs: %w", err)
		}
		return nil
	})
}

// WritePart implements [jobs.Shelf].
func (s *Store) WritePart(ctx context.Context, id jobs.ID, use jobs.Use, p jobs.Part) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO job_files (job_id, use, file, part, name, data) VALUES (?, ?, ?, ?, ?, ?)`,
			id, use, p.File, p.Part, p.Name, p.Data)
		if err != nil {
			return fmt.Errorf("keep a part of %s: %w", p.Name, err)
		}
		return nil
	})
}

// Files implements [jobs.Shelf].
func (s *Store) Files(ctx context.Context, id jobs.ID, use jobs.Use) (all []jobs.FileInfo, err error) {
	err = eachRow(ctx, s.read, `SELECT max(name), sum(length(data)) FROM job_files WHERE job_id = ? AND use = ? GROUP BY file ORDER BY file`,
		[]any{id, use}, func(scan scanFunc) error {
			var f jobs.FileInfo
			err := scan(&f.Name, &f.Size)
			all = append(all, f)
			return err
		})
	return all, err
}

// ReadPart implements [jobs.Shelf].
func (s *Store) ReadPart(ctx context.Context, id jobs.ID, use jobs.Use, file, part int) (data []byte, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT data FROM job_files WHERE job_id = ? AND use = ? AND file = ? AND part = ?`, id, use, file, part).Scan(&data)
	_, err = found(err)
	return data, err
}

// DropFiles implements [jobs.Shelf].
func (s *Store) DropFiles(ctx context.Context, id jobs.ID, use jobs.Use) error {
	_, err := s.changeJob(ctx, `DELETE FROM job_files WHERE job_id = ? AND use = ?`, id, use)
	return err
}

// MoveFiles implements [jobs.Shelf].
func (s *Store) MoveFiles(ctx context.Context, from, to jobs.ID) error {
	_, err := s.changeJob(ctx, `UPDATE job_files SET job_id = ?2 WHERE job_id = ?1 AND use = 'input'`, from, to)
	return err
}

// TidySignIns deletes sign-ins that have run out, and join links that were used or have
// run out long ago.
func (s *Store) TidySignIns(ctx context.Context, now time.Time) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sign_ins WHERE expires_at < ?`, now.UnixMilli()); err != nil {
			return fmt.Errorf("delete old sign-ins: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM join_links WHERE used_at < ?1 OR expires_at < ?1`, now.Add(-jobs.KeepJobs).UnixMilli()); err != nil {
			return fmt.Errorf("delete old join links: %w", err)
		}
		return nil
	})
}
