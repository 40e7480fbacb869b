package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/sqlite"
)

// office is a store with nodes that do its jobs, in fake time.
type office struct {
	t     *testing.T
	store *sqlite.Store
	start time.Time
}

// inOffice runs a test in fake time.
func inOffice(t *testing.T, test func(*testing.T, *office)) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := sqlite.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		test(t, &office{t: t, store: s, start: time.Now()})
	})
}

// flaky is a store that a node does not reach while it is cut off.
type flaky struct {
	jobs.Queue
	mu  sync.Mutex
	cut bool
}

var errAway = errors.New("the database is away")

func (f *flaky) set(cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = cut
}

func (f *flaky) away() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut {
		return errAway
	}
	return nil
}

func (f *flaky) JobDue(ctx context.Context, kinds []jobs.Kind, now time.Time) (bool, error) {
	if err := f.away(); err != nil {
		return false, err
	}
	return f.Queue.JobDue(ctx, kinds, now)
}

func (f *flaky) RenewJob(ctx context.Context, id jobs.ID, attempt int, until time.Time, p progress.State) (bool, error) {
	if err := f.away(); err != nil {
		return false, err
	}
	return f.Queue.RenewJob(ctx, id, attempt, until, p)
}

func (f *flaky) EndJob(ctx context.Context, id jobs.ID, attempt int, e jobs.Ending) error {
	if err := f.away(); err != nil {
		return err
	}
	return f.Queue.EndJob(ctx, id, attempt, e)
}

// node starts a node with one lane. It ends with the test, or when stop is called.
func (o *office) node(queue jobs.Queue, lane jobs.Lane) (r *jobs.Runner, stop func()) {
	r = jobs.New(queue, jobs.Config{Node: "node", Lanes: []jobs.Lane{lane}, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	return r, o.run(r)
}

func (o *office) run(r *jobs.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(ended)
	}()
	return func() {
		cancel()
		<-ended
	}
}

func (o *office) add(kind jobs.Kind) jobs.ID {
	o.t.Helper()
	id, err := o.store.AddJob(o.t.Context(), jobs.Job{Kind: kind, Title: "x", State: jobs.Waiting, RunAt: time.Now(), Created: time.Now()})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o *office) job(id jobs.ID) jobs.Job {
	o.t.Helper()
	j, ok, err := o.store.Job(o.t.Context(), id)
	if err != nil || !ok {
		o.t.Fatal(ok, err)
	}
	return j
}

// since is how long the test has run, in fake time, to the second.
func (o *office) since() time.Duration { return time.Since(o.start).Round(time.Second) }

// work is what a handler does that takes a while, and stops when it is told to.
func work(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestALongJobKeepsItsLeaseAndTellsHowFarItIs(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		runs := 0
		lane := jobs.Lane{"import": func(ctx context.Context, r *jobs.Run) (any, error) {
			runs++
			progress.Of(ctx).Step("writing rows", progress.Rows, 600)
			for range 60 {
				if err := work(ctx, time.Second); err != nil {
					return nil, err
				}
				progress.Of(ctx).Add(10)
			}
			return map[string]int{"rows": 600}, nil
		}}
		_, stop := o.node(o.store, lane)
		_, stopOther := o.node(o.store, lane)
		id := o.add("import")
		time.Sleep(31500 * time.Millisecond)
		j := o.job(id)
		if j.State != jobs.Running || j.Attempts != 1 || j.Progress.Done < 270 || j.Progress.Done > 310 || j.Progress.Rate < 6 || j.Progress.Rate > 14 {
			t.Errorf("in the middle the job is %+v", j)
		}
		time.Sleep(31 * time.Second)
		stop()
		stopOther()
		if j := o.job(id); j.State != jobs.Done || string(j.Result) != `{"rows":600}` || runs != 1 {
			t.Errorf("after %d runs the job is %+v", runs, j)
		}
	})
}

// A node that dies is one that renews nothing and ends nothing any more.
func TestTheJobOfADeadNodeGoesOnWithinTenSeconds(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var stopped error
		dead := &flaky{Queue: o.store}
		_, stop := o.node(dead, jobs.Lane{"import": func(ctx context.Context, r *jobs.Run) (any, error) {
			err := work(ctx, time.Hour)
			stopped = context.Cause(ctx)
			return nil, err
		}})
		id := o.add("import")
		time.Sleep(2500 * time.Millisecond)
		dead.set(true)
		began := time.Duration(0)
		_, stopOther := o.node(o.store, jobs.Lane{"import": func(context.Context, *jobs.Run) (any, error) {
			began = o.since()
			return "done", nil
		}})
		time.Sleep(20 * time.Second)
		if j := o.job(id); j.State != jobs.Done || j.Takeovers != 1 || j.Attempts != 2 {
			t.Errorf("the job is %+v", j)
		}
		stop()
		stopOther()
		if took := began - 2500*time.Millisecond; began == 0 || took > 10*time.Second {
			t.Errorf("it went on %v after its node was cut off", took)
		}
		if !errors.Is(stopped, jobs.ErrLost) {
			t.Errorf("the handler of the node that was cut off was stopped by %v", stopped)
		}
		if j := o.job(id); j.State != jobs.Done {
			t.Errorf("after the first node had its last word the job is %+v", j)
		}
	})
}

// A node that was only cut off, and does not heed its context, cannot write.
func TestWhoWasCutOffTooLongCommitsNothing(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		cut := &flaky{Queue: o.store}
		var late error
		_, stop := o.node(cut, jobs.Lane{"import": func(ctx context.Context, r *jobs.Run) (any, error) {
			time.Sleep(30 * time.Second)
			_, late = o.store.AddPerson(context.WithoutCancel(ctx), attendance.Author{}, roster.Person{Family: "Late"}, time.Now())
			return nil, late
		}})
		o.add("import")
		time.Sleep(2500 * time.Millisecond)
		cut.set(true)
		_, stopOther := o.node(o.store, jobs.Lane{"import": func(ctx context.Context, r *jobs.Run) (any, error) {
			return nil, work(ctx, time.Minute)
		}})
		time.Sleep(40 * time.Second)
		stop()
		stopOther()
		if !errors.Is(late, jobs.ErrLost) {
			t.Errorf("it wrote, with error %v", late)
		}
	})
}

func TestAJobThatKillsItsServersIsGivenUp(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		id := o.add("import")
		for range jobs.MaxTakeovers {
			// A node that claims it, and is never heard of again.
			now := time.Now()
			if j, err := o.store.ClaimJob(t.Context(), []jobs.Kind{"import"}, "dead", now, now.Add(jobs.Lease)); j == nil || err != nil {
				t.Fatal(j, err)
			}
			time.Sleep(10 * time.Second)
		}
		ran := false
		_, stop := o.node(o.store, jobs.Lane{"import": func(context.Context, *jobs.Run) (any, error) {
			ran = true
			return nil, nil
		}})
		time.Sleep(2 * time.Second)
		stop()
		if j := o.job(id); ran || j.State != jobs.Failed || j.Problem == "" {
			t.Errorf("ran %v; the job is %+v", ran, j)
		}
	})
}

func TestWhatMayPassIsTriedAgainAndWhatMayNotFails(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var tries []time.Duration
		_, stop := o.node(o.store, jobs.Lane{
			"fetch": func(context.Context, *jobs.Run) (any, error) {
				if tries = append(tries, o.since()); len(tries) < 4 {
					return nil, jobs.Again(errors.New("no answer"))
				}
				return "fetched", nil
			},
			"import": func(context.Context, *jobs.Run) (any, error) {
				return nil, attendance.BadField("file", "a table")
			},
			"panics": func(context.Context, *jobs.Run) (any, error) { panic("oh") },
		})
		fetch, bad, worse := o.add("fetch"), o.add("import"), o.add("panics")
		time.Sleep(time.Minute)
		stop()
		if diff := cmp.Diff([]time.Duration{0, 4 * time.Second, 12 * time.Second, 28 * time.Second}, tries, cmp.Comparer(about)); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
		if j := o.job(fetch); j.State != jobs.Done || j.Problem != "" {
			t.Errorf("what passed is %+v", j)
		}
		if j := o.job(bad); j.State != jobs.Failed || j.Attempts != 1 || j.Problem != "file must be a table." {
			t.Errorf("what cannot pass is %+v", j)
		}
		if j := o.job(worse); j.State != jobs.Failed || j.Attempts != 1 {
			t.Errorf("what panics is %+v", j)
		}
	})
}

// about allows for the second between two looks, three times.
func about(a, b time.Duration) bool { return (a - b).Abs() <= 3*time.Second }

func TestWhatNeverPassesIsGivenUp(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		runs := 0
		_, stop := o.node(o.store, jobs.Lane{"fetch": func(context.Context, *jobs.Run) (any, error) {
			runs++
			return nil, &attendance.Error{Code: attendance.CodeStorage, Retry: time.Second, Message: "The disk is full."}
		}})
		id := o.add("fetch")
		time.Sleep(35 * time.Minute)
		stop()
		if j := o.job(id); runs != jobs.MaxAttempts || j.State != jobs.Failed || j.Problem != "The disk is full." {
			t.Errorf("after %d runs the job is %+v", runs, j)
		}
	})
}

func TestAJobIsCancelledHereAtOnceAndElsewhereSoon(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		lane := jobs.Lane{"import": func(ctx context.Context, r *jobs.Run) (any, error) { return nil, work(ctx, time.Hour) }}
		r, stop := o.node(o.store, lane)
		cancel := func(here bool) time.Duration {
			id := o.add("import")
			r.Wake()
			time.Sleep(time.Second)
			begun := time.Now()
			if here {
				r.Cancel(id)
			}
			if _, err := o.store.CancelJob(t.Context(), id, time.Now()); err != nil {
				t.Error(err)
			}
			for o.job(id).State != jobs.Cancelled {
				if time.Since(begun) > time.Minute {
					t.Fatal("it goes on")
				}
				time.Sleep(100 * time.Millisecond)
			}
			return time.Since(begun)
		}
		if took := cancel(true); took > 200*time.Millisecond {
			t.Errorf("here it took %v", took)
		}
		if took := cancel(false); took > jobs.Renewal+200*time.Millisecond {
			t.Errorf("elsewhere it took %v", took)
		}
		stop()
	})
}

// A server that is told to stop lets go, and the next one begins at once.
func TestAServerThatStopsLetsItsJobsGo(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		_, stop := o.node(o.store, jobs.Lane{"import": func(ctx context.Context, r *jobs.Run) (any, error) { return nil, work(ctx, time.Hour) }})
		id := o.add("import")
		time.Sleep(3 * time.Second)
		stop()
		if j := o.job(id); j.State != jobs.Waiting || j.Problem != "" {
			t.Errorf("the job is %+v", j)
		}
		_, stop = o.node(o.store, jobs.Lane{"import": func(context.Context, *jobs.Run) (any, error) { return nil, nil }})
		time.Sleep(1100 * time.Millisecond)
		if j := o.job(id); j.State != jobs.Done || j.Takeovers != 0 {
			t.Errorf("after the next one started the job is %+v", j)
		}
		stop()
	})
}

// An import that changes nothing commits nothing, so that its end comes by itself.
func TestAJobWithoutAnythingToCommitEndsAsItSaid(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		_, stop := o.node(o.store, jobs.Lane{"import": func(_ context.Context, r *jobs.Run) (any, error) { return "returned", r.EndWith("nothing") }})
		id := o.add("import")
		time.Sleep(2 * time.Second)
		stop()
		if j := o.job(id); j.State != jobs.Done || string(j.Result) != `"nothing"` {
			t.Errorf("the job is %+v", j)
		}
	})
}

// What a handler still has to do when its job has ended with its effect, it can do.
func TestAHandlerMayGoOnAfterTheEnd(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var after error
		_, stop := o.node(o.store, jobs.Lane{"import": func(ctx context.Context, r *jobs.Run) (any, error) {
			err := r.EndWith("done")
			if err == nil {
				_, err = o.store.AddPerson(ctx, attendance.Author{}, roster.Person{Family: "Effect"}, time.Now())
			}
			if err == nil {
				err = work(ctx, 3*jobs.Renewal)
			}
			if err == nil {
				_, err = o.store.AddPerson(ctx, attendance.Author{}, roster.Person{Family: "After"}, time.Now())
			}
			after = err
			return "returned", err
		}})
		id := o.add("import")
		time.Sleep(10 * time.Second)
		stop()
		if j := o.job(id); after != nil || j.State != jobs.Done || string(j.Result) != `"done"` {
			t.Errorf("after %v the job is %+v", after, j)
		}
	})
}

func TestLanesDoNotWaitForEachOther(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var order []string
		var mu sync.Mutex
		took := func(name string, d time.Duration) jobs.Handler {
			return func(ctx context.Context, r *jobs.Run) (any, error) {
				err := work(ctx, d)
				mu.Lock()
				defer mu.Unlock()
				order = append(order, fmt.Sprint(name, " ", o.since()))
				return nil, err
			}
		}
		r := jobs.New(o.store, jobs.Config{Clock: time.Now, Log: slog.New(slog.DiscardHandler), Lanes: []jobs.Lane{
			{"import": took("import", 10*time.Second)}, {"fetch": took("fetch", 3*time.Second)}}})
		for range 2 {
			o.add("import")
			o.add("fetch")
		}
		stop := o.run(r)
		time.Sleep(time.Minute)
		stop()
		if want := []string{"fetch 3s", "fetch 6s", "import 10s", "import 20s"}; !slices.Equal(order, want) {
			t.Errorf("got %q, want %q", order, want)
		}
	})
}

// In a cluster, what the clock asks for is done once.
func TestTheClocksJobsAreDoneOncePerPeriod(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var mu sync.Mutex
		var done []string
		plan := func(_ context.Context, now time.Time) ([]jobs.Job, error) {
			return []jobs.Job{jobs.Every(5*time.Minute, jobs.Job{Kind: "fetch", Title: "timetable", Key: "fetch 3"}, now)}, nil
		}
		lane := jobs.Lane{"fetch": func(_ context.Context, r *jobs.Run) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, r.Key)
			return nil, nil
		}}
		var stops []func()
		for range 2 {
			stops = append(stops, o.run(jobs.New(o.store, jobs.Config{Plan: plan, Lanes: []jobs.Lane{lane}, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})))
		}
		time.Sleep(19 * time.Minute)
		for _, stop := range stops {
			stop()
		}
		if len(done) != 4 || len(slices.Compact(slices.Sorted(slices.Values(done)))) != 4 {
			t.Errorf("in 19 minutes it was done for %q, want 4 periods", done)
		}
	})
}
