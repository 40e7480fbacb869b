package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
)

var (
	_ jobs.Queue = (*Store)(nil)
	_ jobs.Desk  = (*Store)(nil)
)

// fence ends the attempt at a job that the context of a transaction is of, or checks
// that it is the one that counts, which it stays until the commit. It does nothing if
// the context is no job's.
func fence(ctx context.Context, tx pgx.Tx) error {
	f, ok := jobs.FenceOf(ctx)
	if !ok {
		return nil
	}
	if f.End != nil {
		return endJob(ctx, tx, f.Job, f.Attempt, *f.End)
	}
	tag, err := tx.Exec(ctx, `SELECT 1 FROM jobs WHERE id = $1 AND state = 'running' AND attempts = $2 FOR SHARE`, f.Job, f.Attempt)
	return oneJob(tag, err, "see about", f.Job)
}

func endJob(ctx context.Context, q queryer, id jobs.ID, attempt int, e jobs.Ending) error {
	at := e.At
	if !e.State.Ended() {
		at = time.Time{}
	}
	tag, err := q.Exec(ctx, `UPDATE jobs SET state = $1, run_at = coalesce($2, run_at), ended_at = $3, result = $4, summary = $5, problem = $6, lease_until = NULL,
		progress = CASE WHEN $7 THEN '' ELSE progress END WHERE id = $8 AND state = 'running' AND attempts = $9`,
		e.State, toMillis(e.RunAt), toMillis(at), string(e.Result), e.Summary, e.Problem, e.State == jobs.Waiting, id, attempt)
	return oneJob(tag, err, "end", id)
}

// oneJob makes ErrLost of a statement that found no job.
func oneJob(tag pgconn.CommandTag, err error, what string, id jobs.ID) error {
	if err != nil {
		return fmt.Errorf("%s job %d: %w", what, id, err)
	}
	if tag.RowsAffected() == 0 {
		return jobs.ErrLost
	}
	return nil
}

// AddJob implements [jobs.Adder].
func (s *Store) AddJob(ctx context.Context, j jobs.Job) (id jobs.ID, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `INSERT INTO jobs (kind, title, key, actor_id, origin, args, state, run_at, created_at)
			VALUES ($1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9) ON CONFLICT (key) DO NOTHING RETURNING id`,
			j.Kind, j.Title, j.Key, j.Actor, j.From, string(j.Args), j.State, j.RunAt.UnixMilli(), j.Created.UnixMilli()).Scan(&id)
		_, err = found(err)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("add a job: %w", err)
	}
	return id, nil
}

// toDo is which jobs of kinds can be claimed at a time.
const toDo = `state IN ('waiting', 'running') AND kind = ANY($1) AND
	(state = 'waiting' AND run_at <= $2 OR state = 'running' AND lease_until < $2)`

// JobDue implements [jobs.Queue].
func (s *Store) JobDue(ctx context.Context, kinds []jobs.Kind, now time.Time) (due bool, err error) {
	err = s.once(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE `+toDo+`)`, kinds, now.UnixMilli()).Scan(&due)
	})
	return due, err
}

// once runs fn one time and not for long, for those who look again soon in any case.
func (s *Store) once(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, briefLimit)
	defer cancel()
	return fn(ctx)
}

// ClaimJob implements [jobs.Queue]. Of several nodes that claim at once, each gets
// another job.
func (s *Store) ClaimJob(ctx context.Context, kinds []jobs.Kind, node string, now, until time.Time) (j *jobs.Job, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		claimed, err := scanJob(tx.QueryRow(ctx, `WITH next AS MATERIALIZED (
				SELECT id FROM jobs WHERE `+toDo+` ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
			UPDATE jobs SET takeovers = takeovers + (state = 'running')::int, state = 'running', attempts = attempts + 1,
				node = $3, lease_until = $4, started_at = coalesce(started_at, $2), progress = ''
			WHERE id = (SELECT id FROM next) RETURNING `+jobColumns, kinds, now.UnixMilli(), node, until.UnixMilli()).Scan)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		j = &claimed
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
	err = s.once(ctx, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `UPDATE jobs SET lease_until = $1, progress = $2 WHERE id = $3 AND state = 'running' AND attempts = $4 RETURNING stop`,
			until.UnixMilli(), string(how), id, attempt).Scan(&stop)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, jobs.ErrLost
	}
	return stop, err
}

// EndJob implements [jobs.Queue].
func (s *Store) EndJob(ctx context.Context, id jobs.ID, attempt int, e jobs.Ending) error {
	return s.once(ctx, func(ctx context.Context) error { return endJob(ctx, s.pool, id, attempt, e) })
}

const jobColumns = `jobs.id, kind, title, coalesce(key, ''), actor_id, origin, args, state, run_at, attempts, takeovers, stop, node, lease_until,
	progress, result, summary, problem, created_at, started_at, ended_at,
	coalesce((SELECT given || ' ' || family FROM people WHERE people.id = actor_id), ''),
	coalesce((SELECT change_sets.id FROM change_sets WHERE job_id = jobs.id), 0)`

func scanJob(scan scanFunc) (jobs.Job, error) {
	var j jobs.Job
	var args, how, result string
	var runAt, lease, created, started, ended pgtype.Int8
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
