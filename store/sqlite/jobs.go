package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
)

var (
	_ jobs.Queue = (*Store)(nil)
	_ jobs.Desk  = (*Store)(nil)
)

// fence ends the attempt at a job that the context of a transaction is of, or checks
// that it is the one that counts. It does nothing if the context is no job's.
func fence(ctx context.Context, tx *sql.Tx) error {
	f, ok := jobs.FenceOf(ctx)
	if !ok {
		return nil
	}
	if f.End != nil {
		return endJob(ctx, tx, f.Job, f.Attempt, *f.End)
	}
	var counts bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ? AND state = 'running' AND attempts = ?)`, f.Job, f.Attempt).Scan(&counts)
	if err != nil {
		return fmt.Errorf("see whether job %d is still ours: %w", f.Job, err)
	}
	if !counts {
		return jobs.ErrLost
	}
	return nil
}

func endJob(ctx context.Context, tx *sql.Tx, id jobs.ID, attempt int, e jobs.Ending) error {
	at := e.At
	if !e.State.Ended() {
		at = time.Time{}
	}
	result, err := tx.ExecContext(ctx, `UPDATE jobs SET state = ?, run_at = coalesce(?, run_at), ended_at = ?, result = ?, summary = ?, problem = ?, lease_until = NULL,
		progress = CASE WHEN ? THEN '' ELSE progress END WHERE id = ? AND state = 'running' AND attempts = ?`,
		e.State, toMillis(e.RunAt), toMillis(at), string(e.Result), e.Summary, e.Problem, e.State == jobs.Waiting, id, attempt)
	return oneJob(result, err, "end", id)
}

// oneJob makes ErrLost of a statement that found no job.
func oneJob(result sql.Result, err error, what string, id jobs.ID) error {
	var n int64
	if err == nil {
		n, err = result.RowsAffected()
	}
	if err != nil {
		return fmt.Errorf("%s job %d: %w", what, id, err)
	}
	if n == 0 {
		return jobs.ErrLost
	}
	return nil
}

// AddJob implements [jobs.Adder].
func (s *Store) AddJob(ctx context.Context, j jobs.Job) (id jobs.ID, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO jobs (kind, title, key, actor_id, origin, args, state, run_at, created_at)
			VALUES (?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id`,
			j.Kind, j.Title, j.Key, j.Actor, j.From, string(j.Args), j.State, j.RunAt.UnixMilli(), j.Created.UnixMilli()).Scan(&id)
		_, err = found(err)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("add a job: %w", err)
	}
	return id, nil
}

// toDo is which jobs of kinds (JSON) can be claimed at a time.
const toDo = `kind IN (SELECT value FROM json_each(?1)) AND
	(state = 'waiting' AND run_at <= ?2 OR state = 'running' AND lease_until < ?2)`

// JobDue implements [jobs.Queue].
func (s *Store) JobDue(ctx context.Context, kinds []jobs.Kind, now time.Time) (due bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE state IN ('waiting', 'running') AND `+toDo+`)`,
		kindList(kinds), now.UnixMilli()).Scan(&due)
	return due, err
}

func kindList(kinds []jobs.Kind) string {
	b, _ := json.Marshal(kinds) // cannot fail for texts
	return string(b)
}

// ClaimJob implements [jobs.Queue].
func (s *Store) ClaimJob(ctx context.Context, kinds []jobs.Kind, node string, now, until time.Time) (j *jobs.Job, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		found, err := scanJob(tx.QueryRowContext(ctx, `UPDATE jobs SET takeovers = takeovers + (state = 'running'), state = 'running', attempts = attempts + 1,
			node = ?3, lease_until = ?4, started_at = coalesce(started_at, ?2), progress = ''
			WHERE id = (SELECT id FROM jobs WHERE state IN ('waiting', 'running') AND `+toDo+` ORDER BY run_at, id LIMIT 1)
			RETURNING `+jobColumns, kindList(kinds), now.UnixMilli(), node, until.UnixMilli()).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		j = &found
		return err
	})
	return j, err
}

// RenewJob implements [jobs.Queue].
func (s *Store) RenewJob(ctx context.Context, id jobs.ID, attempt int, until time.Time, p progress.State) (stop bool, err error) {
	how, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `UPDATE jobs SET lease_until = ?, progress = ? WHERE id = ? AND state = 'running' AND attempts = ? RETURNING stop`,
			until.UnixMilli(), string(how), id, attempt).Scan(&stop)
		if errors.Is(err, sql.ErrNoRows) {
			return jobs.ErrLost
		}
		return err
	})
	return stop, err
}

// EndJob implements [jobs.Queue].
func (s *Store) EndJob(ctx context.Context, id jobs.ID, attempt int, e jobs.Ending) error {
	return s.inTx(ctx, func(tx *sql.Tx) error { return endJob(ctx, tx, id, attempt, e) })
}

const jobColumns = `jobs.id, kind, title, coalesce(key, ''), actor_id, origin, args, state, run_at, attempts, takeovers, stop, node, lease_until,
	progress, result, summary, problem, created_at, started_at, ended_at,
	coalesce((SELECT given || ' ' || family FROM people WHERE people.id = actor_id), ''),
	coalesce((SELECT change_sets.id FROM change_sets WHERE job_id = jobs.id), 0)`

func scanJob(scan scanFunc) (jobs.Job, error) {
	var j jobs.Job
	var args, how, result string
	var runAt, lease, created, started, ended sql.NullInt64
	err := scan(&j.ID, &j.Kind, &j.Title, &j.Key, &j.Actor, &j.From, &args, &j.State, &runAt, &j.Attempts, &j.Takeovers, &j.Stop, &j.Node, &lease,
		&how, &result, &j.Summary, &j.Problem, &created, &started, &ended, &j.ActorName, &j.Set)
	if err != nil {
		return j, err
	}
	j.Args, j.Result = []byte(args), []byte(result)
	j.RunAt, j.Lease, j.Created, j.Started, j.Ended = fromMillis(runAt), fromMillis(lease), fromMillis(created), fromMillis(started), fromMillis(ended)
	if how != "" {
		err = json.Unmarshal([]byte(how), &j.Progress)
	}
	return j, err
}
