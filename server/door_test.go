package server

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestACrowdIsLetInSoManyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := make(door, 2)
		var mu sync.Mutex
		var inside, most, came int
		for range 7 {
			go func() {
				if !d.enter(t.Context().Done()) {
					t.Error("turned away")
					return
				}
				defer d.leave()
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				inside--
				came++
			}()
		}
		time.Sleep(4*time.Second + time.Millisecond)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if came != 7 || most != 2 {
			t.Errorf("after four turns of two, %d of 7 were let in, at most %d at a time", came, most)
		}
	})
}

func TestWhoGoesAwayDoesNotKeepTheirPlaceAtTheDoor(t *testing.T) {
	t.Parallel()
	d := make(door, 1)
	gone := make(chan struct{})
	if !d.enter(gone) {
		t.Fatal("an open door let nobody in")
	}
	close(gone)
	if d.enter(gone) {
		t.Error("two in a door for one")
	}
	d.leave()
	if !d.enter(nil) {
		t.Error("nobody is inside, and nobody gets in")
	}
}

func TestWhoWaitsAtTheDoorForTooLongIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := make(door, 1)
		enterWithin := func(limit time.Duration) bool {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			return d.enter(ctx.Done())
		}
		if !enterWithin(time.Second) {
			t.Fatal("an open door let nobody in")
		}
		begun := time.Now()
		if enterWithin(time.Second) || time.Since(begun) != time.Second {
			t.Errorf("in after %v, while somebody else is inside all the time", time.Since(begun))
		}
		time.AfterFunc(time.Second/2, d.leave)
		if begun = time.Now(); !enterWithin(time.Second) || time.Since(begun) != time.Second/2 {
			t.Errorf("not in after %v, when there was room after half a second", time.Since(begun))
		}
	})
}
