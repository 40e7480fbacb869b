package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// returnLimit is how long the clients of a killed server may take to come back.
const returnLimit = 2 * time.Minute

// crash has the server killed when it is time, and its clients brought back. What it
// returns waits until all are there, and tells how long they took.
func (r Run) crash(ctx context.Context, l *loop) func() (Quantiles, int, error) {
	if r.Crash == nil {
		return func() (Quantiles, int, error) { return Quantiles{}, 0, nil }
	}
	var (
		took Histogram
		n    int
		err  error
		done = make(chan struct{})
	)
	go func() {
		defer close(done)
		if err = hold(ctx, r.Crash.After); err != nil {
			return
		}
		n, err = r.killAndReturn(ctx, l, &took)
	}()
	return func() (Quantiles, int, error) {
		<-done
		return quantiles(&took), n, err
	}
}

func (r Run) killAndReturn(ctx context.Context, l *loop, took *Histogram) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, returnLimit)
	defer cancel()
	all, _ := r.places()
	lost := 0
	for _, p := range all {
		if p.line.url == 0 {
			lost++
		}
	}
	killed := time.Now()
	if err := unix.Kill(r.Crash.Pid, unix.SIGKILL); err != nil {
		return 0, fmt.Errorf("kill process %d: %w", r.Crash.Pid, err)
	}
	var (
		mu    sync.Mutex
		errs  []error
		wg    sync.WaitGroup
		hands = make(chan struct{}, connecting)
	)
	for i := range lost {
		var ln *line
		select {
		case ln = <-l.gone:
		case <-ctx.Done():
			return i, fmt.Errorf("%d of %d connections did not notice that their server was killed", lost-i, lost)
		}
		wg.Go(func() {
			err := r.comeBack(ctx, l, ln, i, hands)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			took.Add(uint32(time.Since(killed) / time.Microsecond))
		})
	}
	wg.Wait()
	return lost - len(errs), errors.Join(errs[:min(len(errs), 3)]...)
}

// comeBack connects a line through another server, as docs/protocol.md says: after a
// random time that grows with each attempt, from the last seq on. Only so many connect
// at the same time as there are hands: to do it all at once would keep this program
// from reading what the others receive, and that would count as the server's doing.
func (r Run) comeBack(ctx context.Context, l *loop, ln *line, turn int, hands chan struct{}) error {
	s := r.Sessions[ln.session]
	token, audience := s.Board, "board"
	if ln.student >= 0 {
		token, audience = s.Students[ln.student].Token, "student"
	}
	others := r.URLs[1:]
	seen := int64(ln.last)
	for try := 0; ; try++ {
		const first, most = 250 * time.Millisecond, 10 * time.Second
		if err := hold(ctx, rand.N(min(most, first<<min(try, 10)))); err != nil {
			return errors.New("a client of the killed server did not get in again")
		}
		p := place{others[(turn+try)%len(others)], token, audience, ln}
		hands <- struct{}{}
		in := r.room(p)
		in.Seq = &seen
		err := r.enter(ctx, l, p, in)
		<-hands
		if err == nil {
			return nil
		}
	}
}
