package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/recorder"
)

// slowLog is a log that takes a second to commit a group, as a very slow disk might, or as
// long as it takes, and remembers the groups. Stores are tested with real files elsewhere;
// this is about when groups are formed and shown.
type slowLog struct {
	fail  error
	takes time.Duration // 0: a second

	mu     sync.Mutex
	groups []int
	seq    int64
}

func (l *slowLog) Append(_ context.Context, group []attendance.Command) ([]recorder.Result, error) {
	takes := l.takes
	if takes == 0 {
		takes = time.Second
	}
	time.Sleep(takes)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.groups = append(l.groups, len(group))
	if l.fail != nil {
		return nil, l.fail
	}
	results := make([]recorder.Result, len(group))
	for i, c := range group {
		l.seq++
		results[i].Events = []attendance.Event{{Session: c.Session, Seq: l.seq, At: c.At}}
		results[i].Outcome = attendance.Outcome{From: l.seq, To: l.seq}
	}
	return results, nil
}

// screens remembers in which order it was told what.
type screens struct {
	mu    sync.Mutex
	told  []string
	shown []int64
}

func (s *screens) tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, fmt.Sprintf(format, args...))
}

func (s *screens) Apply(events []attendance.Event) {
	s.tell("apply %d", len(events))
	for _, e := range events {
		s.shown = append(s.shown, e.Seq)
	}
}

func (s *screens) Flush() { s.tell("flush") }

func command(id int) attendance.Command {
	return attendance.Command{ID: fmt.Sprint("c", id), Session: 1, Actor: 1, Kind: attendance.CheckIn}
}

// runGroups has one command committed, then as many more as wait for that. It returns how
// soon each was answered.
func runGroups(t *testing.T, log *slowLog, shown *screens, commands int) (answered []time.Duration) {
	t.Helper()
	r := recorder.New(log, shown, time.Now)
	answered = make([]time.Duration, commands)
	start := time.Now()
	for i := range commands {
		r.Submit(command(i), func(_ attendance.Outcome, err error) {
			if err != nil && log.fail == nil {
				t.Error(err)
			}
			answered[i] = time.Since(start)
		})
		synctest.Wait() // the first is being committed, alone
	}
	r.Close()
	for i, seq := range shown.shown {
		if seq != int64(i)+1 {
			t.Fatalf("shown in the order %v…", shown.shown[:i+1])
		}
	}
	return answered
}

func TestWhatArrivesDuringACommitIsTheNextGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, shown := &slowLog{}, &screens{}
		answered := runGroups(t, log, shown, 30)
		if d := cmp.Diff([]int{1, 29}, log.groups); d != "" {
			t.Errorf("groups (-want +got):\n%s", d)
		}
		if answered[0] != time.Second || answered[29] != 2*time.Second {
			t.Errorf("the first was answered after %v and the last after %v, want 1 s and 2 s", answered[0], answered[29])
		}
	})
}

// To write to each screen of a lecture once for few, and once more for all the others,
// takes the processors that the others need.
func TestWhatWasCommittedBeforeACrowdIsShownTogetherWithIt(t *testing.T) {
	for _, fail := range []error{nil, errors.New("disk full")} {
		synctest.Test(t, func(t *testing.T) {
			log, shown := &slowLog{takes: 10 * time.Millisecond, fail: fail}, &screens{}
			answered := runGroups(t, log, shown, 300)
			if d := cmp.Diff([]int{1, 299}, log.groups); d != "" {
				t.Errorf("groups (-want +got):\n%s", d)
			}
			want := []string{"apply 300", "flush"}
			if fail != nil {
				want = want[1:]
			}
			if d := cmp.Diff(want, shown.told); d != "" {
				t.Errorf("the screens were told (-want +got):\n%s", d)
			}
			if answered[0] != 20*time.Millisecond || answered[299] != 20*time.Millisecond {
				t.Errorf("the first was answered after %v and the last after %v, want 20 ms", answered[0], answered[299])
			}
		})
	}
}

func TestNobodyWaitsLongForACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, shown := &slowLog{}, &screens{}
		answered := runGroups(t, log, shown, 300)
		if d := cmp.Diff([]string{"apply 1", "flush", "apply 299", "flush"}, shown.told); d != "" {
			t.Errorf("the screens were told (-want +got):\n%s", d)
		}
		if want := time.Second + 50*time.Millisecond; answered[0] != want || answered[299] != 2*time.Second {
			t.Errorf("the first was answered after %v and the last after %v, want %v and 2 s", answered[0], answered[299], want)
		}
	})
}

func TestABusyRecorderShowsEachGroupAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shown := &screens{}
		r := recorder.New(&slowLog{takes: 10 * time.Millisecond}, shown, time.Now)
		for i, group := range []int{1, 40, 50, 60} {
			for j := range group {
				r.Submit(command(100*i+j), func(attendance.Outcome, error) {})
			}
			time.Sleep(9 * time.Millisecond) // the group before is being committed
		}
		r.Close()
		if d := cmp.Diff([]string{"apply 41", "flush", "apply 50", "flush", "apply 60", "flush"}, shown.told); d != "" {
			t.Errorf("the screens were told (-want +got):\n%s", d)
		}
	})
}

func TestNothingIsAnsweredBeforeItIsCommittedAndApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shown := &screens{}
		r := recorder.New(&slowLog{}, shown, time.Now)
		r.Submit(command(1), func(out attendance.Outcome, _ error) { shown.tell("answer %d", out.To) })
		shown.tell("submitted")
		r.Close()
		if d := cmp.Diff([]string{"submitted", "apply 1", "answer 1", "flush"}, shown.told); d != "" {
			t.Errorf("order (-want +got):\n%s", d)
		}
	})
}

func TestAFailingDiskRefusesTheGroupAndShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, shown := &slowLog{fail: errors.New("disk full")}, &screens{}
		r := recorder.New(log, shown, time.Now)
		defer r.Close()
		_, err := r.Do(t.Context(), command(1))
		if e := attendance.AsError(err); e.Code != attendance.CodeStorage || !errors.Is(err, log.fail) {
			t.Errorf("got %v, want code storage", err)
		}
		if len(shown.shown) > 0 {
			t.Errorf("shown: %v", shown.shown)
		}
		log.mu.Lock()
		log.fail = nil // somebody made room
		log.mu.Unlock()
		if _, err := r.Do(t.Context(), command(1)); err != nil {
			t.Errorf("after there is room again: %v", err)
		}
	})
}

func TestARecorderThatStopsFinishesWhatItTookIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := recorder.New(&slowLog{}, &screens{}, time.Now)
		var committed int
		for i := range 10 {
			r.Submit(command(i), func(_ attendance.Outcome, err error) {
				if err == nil {
					committed++
				}
			})
		}
		r.Close()
		if committed != 10 {
			t.Errorf("%d of 10 were committed", committed)
		}
		_, err := r.Do(t.Context(), command(11))
		if e := attendance.AsError(err); e.Code != attendance.CodeBusy || e.Retry == 0 {
			t.Errorf("after closing: %v, want busy and when to try again", err)
		}
	})
}

func TestMoreThanCanWaitIsRefusedAsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := recorder.New(&slowLog{}, &screens{}, time.Now)
		defer r.Close()
		var mu sync.Mutex
		refused := 0
		for i := range 20_000 {
			r.Submit(command(i), func(_ attendance.Outcome, err error) {
				mu.Lock()
				defer mu.Unlock()
				if err != nil && attendance.AsError(err).Code == attendance.CodeBusy {
					refused++
				}
			})
		}
		if refused < 1000 || refused > 19_000 {
			t.Errorf("%d of 20,000 at once were refused", refused)
		}
	})
}

func TestABadCommandIsRefusedAtTheDoor(t *testing.T) {
	log := &slowLog{}
	r := recorder.New(log, &screens{}, time.Now)
	defer r.Close()
	_, err := r.Do(t.Context(), attendance.Command{ID: "no spaces please", Session: 1})
	if e := attendance.AsError(err); e.Code != attendance.CodeBadMessage || e.Field != "id" {
		t.Errorf("got %v", err)
	}
	if len(log.groups) > 0 {
		t.Error("it reached the log")
	}
}

func TestChangeSetsAreShownBetweenGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, shown := &slowLog{}, &screens{}
		r := recorder.New(log, shown, time.Now)
		r.Submit(command(1), func(attendance.Outcome, error) {})
		synctest.Wait() // the group is being committed
		r.Show([]attendance.Event{{Session: 2, Seq: 7}})
		if want := []string{"apply 1", "flush", "apply 1", "flush"}; !cmp.Equal(want, shown.told) {
			t.Errorf("the screens were told %q, want %q", shown.told, want)
		}
		r.Close()
		r.Show([]attendance.Event{{Session: 2, Seq: 8}}) // does not hang
		if want := []int64{1, 7}; !cmp.Equal(want, shown.shown) {
			t.Errorf("shown are %v, want %v", shown.shown, want)
		}
	})
}
