package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/progress"
)

// Lane is the kinds of jobs that a node does one after the other; lanes go side by side,
// so that a slow fetch keeps no import waiting.
type Lane map[Kind]Handler

// Config says how a Runner is to behave.
type Config struct {
	Node  string // what this node is called, for people
	Lanes []Lane
	// Plan, if it is not nil, is asked every few seconds which jobs the clock asks for.
	// Those whose key there is already are not added again. It only reads.
	Plan func(ctx context.Context, now time.Time) ([]Job, error)
	// Ended, if it is not nil, is told of each attempt that ended.
	Ended func(Kind, State)
	Clock func() time.Time
	Log   *slog.Logger
}

// Runner does jobs. Make one with New, and call Run.
type Runner struct {
	Config
	queue Queue
	wakes []chan struct{} // one a lane, with room for one

	mu   sync.Mutex
	runs map[ID]*running
}

type running struct {
	*Run
	stop context.CancelCauseFunc
}

// New returns a runner.
func New(queue Queue, c Config) *Runner {
	r := &Runner{Config: c, queue: queue, runs: make(map[ID]*running)}
	for range c.Lanes {
		r.wakes = append(r.wakes, make(chan struct{}, 1))
	}
	return r
}

// Times between two looks.
const (
	lookEvery = time.Second
	planEvery = 5 * time.Second
)

// Why a handler is stopped.
var (
	errCancelled = errors.New("it was cancelled")
	errStopping  = errors.New("the server is told to stop")
)

// Run does jobs until ctx ends. Then it stops the handlers, lets go of their jobs, and
// returns.
func (r *Runner) Run(ctx context.Context) {
	var all sync.WaitGroup
	for i, lane := range r.Lanes {
		all.Go(func() { r.work(ctx, lane, r.wakes[i]) })
	}
	if r.Plan != nil {
		all.Go(func() { r.plan(ctx) })
	}
	all.Wait()
}

// Wake has the runner look for jobs at once.
func (r *Runner) Wake() {
	for _, wake := range r.wakes {
		select {
		case wake <- struct{}{}:
		default: // it is about to look
		}
	}
}

// Progress returns how far a job is that runs here; false if it does not.
func (r *Runner) Progress(id ID) (progress.State, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	run, ok := r.runs[id]
	if !ok {
		return progress.State{}, false
	}
	return run.Meter.State(), true
}

// Cancel stops a job that runs here at once, rather than when its lease is renewed.
func (r *Runner) Cancel(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run, ok := r.runs[id]; ok {
		run.stop(errCancelled)
	}
}

// work does the jobs of a lane, one after the other.
func (r *Runner) work(ctx context.Context, lane Lane, wake <-chan struct{}) {
	kinds := make([]Kind, 0, len(lane))
	for k := range lane {
		kinds = append(kinds, k)
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for ctx.Err() == nil {
		if j := r.claim(ctx, kinds); j != nil {
			r.do(ctx, lane[j.Kind], j)
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-look.C:
		}
	}
}

func (r *Runner) claim(ctx context.Context, kinds []Kind) *Job {
	now := r.Clock()
	due, err := r.queue.JobDue(ctx, kinds, now)
	if err != nil || !due {
		r.complain(ctx, "look for jobs", err)
		return nil
	}
	j, err := r.queue.ClaimJob(ctx, kinds, r.Node, now, now.Add(Lease))
	r.complain(ctx, "claim a job", err)
	return j
}

func (r *Runner) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		r.Log.ErrorContext(ctx, "cannot "+what, "err", err)
	}
}

// do runs one attempt and writes down how it ended.
func (r *Runner) do(ctx context.Context, handler Handler, j *Job) {
	log := r.Log.With("job", j.ID, "kind", j.Kind, "attempt", j.Attempts)
	if j.Takeovers >= MaxTakeovers {
		r.end(ctx, j, log, Ending{State: Failed, Problem: fmt.Sprintf("The server stopped %d times in the middle of this, so it is not tried again by itself. "+
			"Nothing was changed by it. Look at the servers' logs, then retry.", j.Takeovers)}, false)
		return
	}
	run := NewRun(*j, r.Clock)
	inner, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	defer context.AfterFunc(ctx, func() { stop(errStopping) })()
	if j.Stop {
		stop(errCancelled)
	}
	r.mu.Lock()
	r.runs[j.ID] = &running{run, stop}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.runs, j.ID)
	}()
	log.Info("job begins", "title", j.Title, "takeovers", j.Takeovers)
	var lease sync.WaitGroup
	renewing, done := context.WithCancel(context.WithoutCancel(ctx))
	lease.Go(func() { r.keep(renewing, run, stop, log) })
	result, err := safely(run.Context(inner), handler, run)
	done()
	lease.Wait()
	e := r.ending(j, result, err, context.Cause(inner), log)
	together := run.end != nil && (err == nil || run.over)
	if together {
		if err != nil {
			log.Warn("job has ended, and something after it failed", "err", err)
		}
		e = *run.end // which is written down already, unless there was nothing to commit
	}
	r.end(ctx, j, log, e, together)
}

// safely calls a handler, of which a panic is a failure like another.
func safely(ctx context.Context, handler Handler, run *Run) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return handler(ctx, run)
}

// keep renews the lease until ctx ends, and stops the handler if it is lost.
//
// While a transaction of the handler holds a store's only writer, a renewal waits. That
// does no harm: whoever would take the job over waits too, and then finds it ended.
func (r *Runner) keep(ctx context.Context, run *Run, stop context.CancelCauseFunc, log *slog.Logger) {
	tick := time.NewTicker(Renewal)
	defer tick.Stop()
	for renewed := r.Clock(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := r.Clock()
		wanted, err := r.queue.RenewJob(ctx, run.ID, run.Attempts, now.Add(Lease), run.Meter.State())
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			renewed = now
			if wanted {
				stop(errCancelled)
			}
		case errors.Is(err, ErrLost) && run.ends():
			return // it has just ended; or else its next transaction is refused
		case errors.Is(err, ErrLost), r.Clock().Sub(renewed) > Lease:
			stop(ErrLost)
			return
		default:
			log.Warn("cannot renew the lease of a job", "err", err)
		}
	}
}

// ending says how an attempt ends, of which this is what its handler returned and why
// it was stopped, if it was.
func (r *Runner) ending(j *Job, result any, err, cause error, log *slog.Logger) Ending {
	now := r.Clock()
	if err == nil {
		e, err := done(result)
		if err == nil {
			return e
		}
		log.Error("cannot write down the result of a job", "err", err)
		return Ending{State: Failed, Problem: attendance.AsError(err).Message}
	}
	message := attendance.AsError(err).Message
	failure, _ := json.Marshal(Failure{string(attendance.AsError(err).Code)}) // cannot fail
	switch {
	case errors.Is(cause, errCancelled):
		return Ending{State: Cancelled}
	case errors.Is(cause, errStopping):
		return Ending{State: Waiting, RunAt: now}
	case errors.Is(cause, ErrLost), errors.Is(err, ErrLost):
		return Ending{} // it is not ours to end
	case passes(err) && j.Attempts < MaxAttempts:
		log.Warn("job is tried again", "err", err)
		return Ending{State: Waiting, RunAt: now.Add(Backoff(j.Attempts)), Problem: message}
	}
	level := slog.LevelInfo // what people asked for cannot be done, which they are told
	if attendance.AsError(err).Code == attendance.CodeInternal {
		level = slog.LevelError
	}
	log.Log(context.Background(), level, "job failed", "err", err)
	return Ending{State: Failed, Problem: message, Result: failure}
}

// end writes an ending down. If the store is away, it tries again until the lease has
// run out, when it is for others to go on. Together says that the handler's effect may
// have brought the end with it.
func (r *Runner) end(ctx context.Context, j *Job, log *slog.Logger, e Ending, together bool) {
	if e.State == "" {
		log.Warn("job was lost to another attempt")
		return
	}
	e.At = r.Clock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Lease)
	defer cancel()
	for {
		err := r.queue.EndJob(ctx, j.ID, j.Attempts, e)
		lost := errors.Is(err, ErrLost)
		if lost && !together {
			return // it is somebody else's
		}
		if lost || err == nil {
			r.ended(j, log, e.State)
			return
		}
		select {
		case <-ctx.Done():
			log.Error("cannot write down how a job ended; it is done again", "err", err)
			return
		case <-time.After(lookEvery):
		}
	}
}

func (r *Runner) ended(j *Job, log *slog.Logger, s State) {
	log.Info("job ended", "state", s)
	if r.Ended != nil {
		r.Ended(j.Kind, s)
	}
}

// plan adds what the clock asks for.
func (r *Runner) plan(ctx context.Context) {
	tick := time.NewTicker(planEvery)
	defer tick.Stop()
	for {
		wanted, err := r.Plan(ctx, r.Clock())
		r.complain(ctx, "see what the clock asks for", err)
		for _, j := range wanted {
			j.State = Waiting
			id, err := r.queue.AddJob(ctx, j)
			r.complain(ctx, "add a job", err)
			if id != 0 {
				r.Wake()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
