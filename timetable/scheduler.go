package timetable

import (
	"context"
	"log/slog"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Scheduler opens and closes sessions when their time has come. Each process runs one;
// what two of them do counts once, since a command has the same id whoever gives it.
type Scheduler struct {
	store  Clock
	record func(context.Context, attendance.Command) (attendance.Outcome, error)
	now    func() time.Time
	log    *slog.Logger
	wake   chan struct{} // has room for one
}

// NewScheduler returns a scheduler that gives its commands to record.
func NewScheduler(store Clock, record func(context.Context, attendance.Command) (attendance.Outcome, error), now func() time.Time, log *slog.Logger) *Scheduler {
	return &Scheduler{store: store, record: record, now: now, log: log, wake: make(chan struct{}, 1)}
}

// lookEvery is how often a scheduler looks for what other processes have planned. What
// it knows of opens to the millisecond.
const lookEvery = 5 * time.Second

// Changed has the scheduler look again, because something was planned here.
func (s *Scheduler) Changed() {
	select {
	case s.wake <- struct{}{}:
	default: // it has been told already
	}
}

// Run opens and closes sessions until ctx ends.
func (s *Scheduler) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wake:
		}
		timer.Reset(s.look(ctx))
	}
}

// look does what is due and returns how long nothing is.
func (s *Scheduler) look(ctx context.Context) time.Duration {
	now := s.now()
	due, err := s.store.Due(ctx, now, now.Add(lookEvery))
	if err != nil {
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "cannot look for sessions that open or close by themselves", "err", err)
		}
		return lookEvery
	}
	for _, d := range due {
		if wait := d.At.Sub(s.now()); wait > 0 {
			return wait
		}
		s.do(ctx, d)
	}
	return lookEvery
}

// The ids of the commands. A session opens by itself once; it may close again if it was
// reopened by hand before its end.
const autoOpen = "auto-open"

func autoClose(at time.Time) string { return "auto-close-" + at.UTC().Format("20060102T150405") }

func (s *Scheduler) do(ctx context.Context, d Due) {
	c := attendance.Command{ID: autoOpen, Session: d.Session, Kind: d.Kind, From: "schedule"}
	if d.Kind == attendance.CloseSession {
		c.ID = autoClose(d.At)
	}
	_, err := s.record(ctx, c)
	if err == nil {
		s.log.DebugContext(ctx, "done by itself", "session", d.Session, "command", c.Kind.String())
		return
	}
	switch attendance.AsError(err).Code {
	case attendance.CodeAlreadyOpen, attendance.CodeAlreadyClosed, attendance.CodeNotOpen, attendance.CodeCancelled, attendance.CodeUnknownSession:
		// Somebody was faster, or decided otherwise.
	default:
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "cannot do by itself", "session", d.Session, "command", c.Kind.String(), "err", err)
		}
	}
}
