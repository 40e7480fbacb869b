package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/progress"
)

// Handler does a job. It returns what is to be known of it, which becomes JSON and,
// if it has a method Summary, a line for people.
// Everything that it writes to the store it writes with its context, so that a run which
// has lost its job writes nothing.
//
// A handler may be called again for a job that it has begun before. What has an effect
// that must not come twice ends the job in the same transaction: see [Run.EndWith].
type Handler func(ctx context.Context, r *Run) (result any, err error)

// Run is one attempt at a job.
type Run struct {
	Job
	Meter *progress.Meter // also in the context

	mu   sync.Mutex
	end  *Ending
	over bool // the end is committed
	now  func() time.Time
}

// EndWith has the next transaction that is committed with the run's context end the job
// too, with a result. It is called within that transaction. So the effect and the job's
// end come together, or neither. What is written after that is no part of the job.
func (r *Run) EndWith(result any) error {
	end, err := done(result)
	if err != nil {
		return fmt.Errorf("write down the result of job %d: %w", r.ID, err)
	}
	end.At = r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end = &end
	return nil
}

// ends reports whether EndWith was called.
func (r *Run) ends() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end != nil
}

// done is the ending of what came to a result.
func done(result any) (Ending, error) {
	e := Ending{State: Done}
	if s, ok := result.(interface{ Summary() string }); ok {
		e.Summary = s.Summary()
	}
	var err error
	e.Result, err = json.Marshal(result)
	return e, err
}

// Fence is what a store does at the end of each transaction whose context is a run's,
// before it commits: end the attempt if there is an ending, or else check that it is
// still the one that counts. It fails with ErrLost.
type Fence struct {
	Job     ID
	Attempt int
	End     *Ending
}

// FenceOf returns the fence of a context; false if it is no run's, or one's that is over.
func FenceOf(ctx context.Context) (Fence, bool) {
	r, ok := ctx.Value(runKey{}).(*Run)
	if !ok {
		return Fence{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return Fence{r.ID, r.Attempts, r.end}, !r.over
}

// Committed is what a store calls after it has committed a transaction with a context.
func Committed(ctx context.Context) {
	if r := RunOf(ctx); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.over = r.end != nil
	}
}

type runKey struct{}

// NewRun returns a run of a job that was claimed.
func NewRun(j Job, now func() time.Time) *Run {
	return &Run{Job: j, Meter: progress.New(now), now: now}
}

// Context returns the context of the run's handler.
func (r *Run) Context(ctx context.Context) context.Context {
	return progress.With(context.WithValue(ctx, runKey{}, r), r.Meter)
}

// RunOf returns the run that a context is of; nil if it is none's.
func RunOf(ctx context.Context) *Run {
	r, _ := ctx.Value(runKey{}).(*Run)
	return r
}

// Again makes err one that another try may not meet, such as that of a server elsewhere
// that did not answer.
func Again(err error) error { return &againError{err} }

type againError struct{ error }

func (e *againError) Unwrap() error { return e.error }

// passes reports whether another try may not meet err.
func passes(err error) bool {
	var again *againError
	if errors.As(err, &again) {
		return true
	}
	var e *attendance.Error
	return errors.As(err, &e) && e.Retry > 0
}
