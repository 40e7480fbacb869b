package timetable_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	. "github.com/muster-live/muster/timetable"
)

// agenda is what is due, as stores tell it, and what was done.
type agenda struct {
	mu   sync.Mutex
	due  []Due
	done map[string]time.Duration // since the beginning, by command and session
	ids  map[string]bool
	down error
	from time.Time
}

func (a *agenda) Due(_ context.Context, now, until time.Time) (all []Due, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.due {
		if !d.At.After(until) {
			all = append(all, d)
		}
	}
	return all, a.down
}

func (a *agenda) plan(id attendance.SessionID, kind attendance.CommandKind, after time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due = append(a.due, Due{Session: id, Kind: kind, At: a.from.Add(after)})
}

func (a *agenda) record(_ context.Context, c attendance.Command) (attendance.Outcome, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, d := range a.due {
		if d.Session == c.Session && d.Kind == c.Kind {
			a.due = append(a.due[:i:i], a.due[i+1:]...)
			break
		}
	}
	if c.Validate() != nil || c.Actor != 0 || c.From == "" {
		return attendance.Outcome{}, errors.New("not a command of the program itself")
	}
	key := c.ID + "/" + string(rune('0'+c.Session))
	if !a.ids[key] {
		a.ids[key] = true
		a.done[key] = time.Since(a.from)
	}
	return attendance.Outcome{}, nil
}

func newAgenda() *agenda {
	return &agenda{from: time.Now(), done: make(map[string]time.Duration), ids: make(map[string]bool)}
}

func (a *agenda) run(ctx context.Context) *Scheduler {
	s := NewScheduler(a, a.record, time.Now, slog.New(slog.DiscardHandler))
	go s.Run(ctx)
	return s
}

func TestSessionsOpenAndCloseOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		a := newAgenda()
		a.plan(1, attendance.OpenSession, -time.Minute) // while we were down
		a.plan(2, attendance.OpenSession, 1234*time.Millisecond)
		a.plan(3, attendance.OpenSession, time.Hour)
		a.plan(2, attendance.CloseSession, 90*time.Minute)
		a.run(ctx)
		time.Sleep(2 * time.Hour)
		stop()
		synctest.Wait()
		want := map[string]time.Duration{"auto-open/1": 0, "auto-open/2": 1234 * time.Millisecond, "auto-open/3": time.Hour, "auto-close-20000101T013000/2": 90 * time.Minute}
		if d := cmp.Diff(want, a.done); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// Two processes do a thing once, since they give the same command.
func TestSeveralSchedulersDoEachThingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		a := newAgenda()
		a.plan(1, attendance.OpenSession, time.Minute)
		a.run(ctx)
		a.run(ctx)
		time.Sleep(time.Hour)
		stop()
		synctest.Wait()
		if len(a.done) != 1 || a.done["auto-open/1"] != time.Minute {
			t.Errorf("%v", a.done)
		}
	})
}

func TestWhatIsPlannedInAMomentOpensInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		a := newAgenda()
		s := a.run(ctx)
		synctest.Wait()
		time.Sleep(1500 * time.Millisecond)
		a.plan(1, attendance.OpenSession, 2*time.Second)
		s.Changed()
		time.Sleep(time.Minute)
		a.plan(2, attendance.OpenSession, 0) // by another process
		time.Sleep(time.Minute)
		stop()
		synctest.Wait()
		if a.done["auto-open/1"] != 2*time.Second || a.done["auto-open/2"] > 70*time.Second {
			t.Errorf("%v", a.done)
		}
	})
}

func TestASchedulerOutlivesTheDatabaseBeingAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		a := newAgenda()
		a.down = errors.New("away")
		a.plan(1, attendance.OpenSession, time.Second)
		a.run(ctx)
		time.Sleep(time.Minute)
		a.mu.Lock()
		a.down = nil
		a.mu.Unlock()
		time.Sleep(time.Minute)
		stop()
		synctest.Wait()
		if d := a.done["auto-open/1"]; d < time.Minute || d > 66*time.Second {
			t.Errorf("%v", a.done)
		}
	})
}
