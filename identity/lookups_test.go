package identity

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/muster-live/muster/attendance"
)

// slowStore knows everybody, and takes its time to answer.
type slowStore struct {
	Store
	answer    time.Duration
	questions [][]TokenHash
}

func (s *slowStore) SignInViewers(_ context.Context, tokens []TokenHash, _ time.Time) (map[TokenHash]Viewer, error) {
	time.Sleep(s.answer)
	s.questions = append(s.questions, tokens)
	found := make(map[TokenHash]Viewer)
	for _, t := range tokens {
		found[t] = Viewer{Person: attendance.PersonID(t[0]) + 1, SignIn: t}
	}
	return found, nil
}

func TestThoseWhoComeAtOnceAreLookedUpTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{answer: time.Second}
		l := newLookups(s, time.Now)
		begun := time.Now()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if i > 0 {
					time.Sleep(time.Millisecond) // the first is being asked about already
				}
				ctx := t.Context()
				if i == 7 { // gives up, which is nobody else's matter
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 10*time.Millisecond)
					defer cancel()
				}
				v, err := l.viewer(ctx, TokenHash{byte(i)})
				if i == 7 {
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("who gave up got %v", err)
					}
					return
				}
				if err != nil || v.Person != attendance.PersonID(i+1) {
					t.Errorf("%d is told to be %+v, %v", i, v, err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(begun); len(s.questions) != 2 || took > 2*time.Second {
			t.Errorf("it took %d questions and %v, want 2 of a second each", len(s.questions), took)
		}
	})
}

func TestOneAloneIsLookedUpAtOnceAlsoAfterACrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{answer: time.Millisecond}
		l := newLookups(s, time.Now)
		ask := func(i byte) {
			if v, err := l.viewer(t.Context(), TokenHash{i}); err != nil || v.Person != attendance.PersonID(i)+1 {
				t.Errorf("%d is told to be %+v, %v", i, v, err)
			}
		}
		var wg sync.WaitGroup
		for i := range byte(100) {
			wg.Go(func() { ask(i) })
		}
		wg.Wait()
		begun := time.Now()
		for i := range byte(3) {
			ask(i)
		}
		if took := time.Since(begun); took != 3*time.Millisecond {
			t.Errorf("one who asks three times waits for %v, want a millisecond for each answer", took)
		}
	})
}
