package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Times of a trial.
const (
	leadIn      = 1500 * time.Millisecond // of traffic before the fault
	leadOut     = time.Second             // of traffic after it
	answerLimit = 30 * time.Second        // for the last commands to be answered
	settleLimit = 30 * time.Second        // for all to be back and right
)

// trial is one fault while sessions of its own are held.
type trial struct {
	*system
	fault    fault
	random   *rand.Rand
	short    bool // faults last less long
	slack    time.Duration
	meetings []*meeting
	screens  []*screen
	lags     lags
	figures

	mu         sync.Mutex
	ended      time.Time // the fault
	violations []string
	accused    map[*screen]bool
	said       func(format string, args ...any)
}

// violate takes in that something is not as it must be.
func (t *trial) violate(format string, args ...any) {
	const enough = 20
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.violations) < enough {
		what := fmt.Sprintf(format, args...)
		t.violations = append(t.violations, what)
		t.said("VIOLATION at %s: %s", time.Now().Format("15:04:05.000"), what)
	}
}

// violateOnce is violate for what is seen again and again of one screen.
func (t *trial) violateOnce(s *screen, format string, args ...any) {
	t.mu.Lock()
	before := t.accused[s]
	t.accused[s] = true
	t.mu.Unlock()
	if !before {
		t.violate(format, args...)
	}
}

func (t *trial) faultEnd() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

func (t *trial) ids() (ids []attendance.SessionID) {
	for _, m := range t.meetings {
		ids = append(ids, m.ID)
	}
	return ids
}

// run holds the sessions, has the fault happen, and looks whether all is well after
// it. Its error is that the trial could not be held.
func (t *trial) run(ctx context.Context, sessions, students int) error {
	ids, err := t.loadSessions(ctx, sessions, students)
	if err != nil {
		return err
	}
	for _, s := range ids.Sessions {
		t.meetings = append(t.meetings, newMeeting(s))
	}
	ctx, cancel := context.WithCancel(ctx)
	var lines, looking sync.WaitGroup
	defer func() {
		cancel()
		lines.Wait()
		looking.Wait()
	}()
	busy, rest := context.WithCancel(ctx)
	defer rest()
	var people sync.WaitGroup
	t.gather(ctx, busy, &lines, &people)
	looking.Go(func() { t.look(ctx) })

	pause(ctx, leadIn)
	t.leaveForGood()
	if err := t.fault.happen(ctx, t); err != nil {
		return fmt.Errorf("have the fault happen: %w", err)
	}
	t.mu.Lock()
	t.ended = time.Now()
	t.mu.Unlock()
	pause(ctx, leadOut)
	rest()
	if !within(answerLimit+t.slack, people.Wait) {
		for _, m := range t.meetings {
			for _, op := range m.operations() {
				if op.end.IsZero() {
					t.violate("%s %s of person %d in session %d, first sent at %s, was not answered within %v of the fault's end",
						op.Kind, op.ID, op.actor, m.ID, op.call.Format("15:04:05.000"), answerLimit+t.slack)
				}
			}
		}
		return nil
	}
	t.settle(ctx)
	cancel()
	lines.Wait()
	looking.Wait()
	return t.checkRecords(context.WithoutCancel(ctx))
}

// keepDiaries writes down what happened to every screen.
func (t *trial) keepDiaries(file string) error {
	var b strings.Builder
	for _, s := range t.screens {
		fmt.Fprintf(&b, "%s\n", s.name)
		s.mu.Lock()
		for _, line := range s.diary {
			fmt.Fprintf(&b, "    %s\n", line)
		}
		s.mu.Unlock()
	}
	return os.WriteFile(file, []byte(b.String()), 0o600)
}

// gather connects everybody and has them do what they do, until busy ends.
func (t *trial) gather(ctx, busy context.Context, lines, people *sync.WaitGroup) {
	add := func(s *screen, act func(*rand.Rand)) {
		t.screens = append(t.screens, s)
		line, acts := rand.New(rand.NewPCG(t.random.Uint64(), 0)), rand.New(rand.NewPCG(t.random.Uint64(), 1))
		lines.Go(func() { s.live(ctx, line) })
		people.Go(func() { act(acts) })
	}
	for _, m := range t.meetings {
		for n := range 2 {
			s := newScreen(t, m, fmt.Sprintf("board %d", n+1), "board", m.Board, 0)
			add(s, func(r *rand.Rand) { s.teach(ctx, busy, n == 0, r) })
		}
		display := newScreen(t, m, "display", "display", m.Display, 0)
		add(display, func(r *rand.Rand) { display.watch(busy, r) })
		for i, student := range m.Students {
			phones := 1
			if i%10 == 0 {
				phones = 2
			}
			for n := range phones {
				s := newScreen(t, m, fmt.Sprintf("phone %d-%d", student.Person, n+1), "student", student.Token, student.Person)
				add(s, func(r *rand.Rand) { s.study(ctx, busy, student, r) })
			}
		}
	}
}

// settle waits until all are connected and show what they should.
func (t *trial) settle(ctx context.Context) {
	limit := time.Now().Add(settleLimit + t.slack)
	for pause(ctx, lookEvery) {
		what := t.unsettled()
		if what == "" {
			return
		}
		if time.Now().After(limit) {
			t.violate("%s, %v after the fault and the last command", what, settleLimit+t.slack)
			return
		}
	}
}

// within reports whether wait returns in time.
func within(limit time.Duration, wait func()) bool {
	done := make(chan struct{})
	go func() {
		wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}
