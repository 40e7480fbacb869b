package identity

import (
	"context"
	"sync"
	"time"
)

// lookups ask the store for whom sign-ins stand: one question at a time, for all who
// came while the one before was being answered. So one alone is asked about at once,
// unless a crowd came before, and when thousands come back at the same moment, it takes
// some hundreds of questions.
type lookups struct {
	store Store
	now   func() time.Time

	mu   sync.Mutex
	next *lookup // to be asked when the present one is answered
	busy bool

	wait time.Duration // of ask, before its next question
}

// lookup is one question.
type lookup struct {
	tokens []TokenHash
	done   chan struct{} // closed when there is an answer
	found  map[TokenHash]Viewer
	err    error
}

// lookupLimit is how long an answer may take.
const lookupLimit = 10 * time.Second

// After a question for several, more of the crowd are waited for before the next is asked,
// even if that is for one: so many times as long as the answer took. A question costs the
// store the same, however many it is for.
const (
	crowdWait    = 2
	maxCrowdWait = 10 * time.Millisecond
)

func newLookups(store Store, now func() time.Time) *lookups { return &lookups{store: store, now: now} }

// viewer returns whom a sign-in stands for: nobody, if it does not count any more.
func (l *lookups) viewer(ctx context.Context, token TokenHash) (Viewer, error) {
	l.mu.Lock()
	q := l.next
	if q == nil {
		q = &lookup{done: make(chan struct{})}
		l.next = q
	}
	q.tokens = append(q.tokens, token)
	if !l.busy {
		l.busy = true
		go l.ask()
	}
	l.mu.Unlock()
	select {
	case <-q.done:
		return q.found[token], q.err
	case <-ctx.Done():
		return Viewer{}, ctx.Err()
	}
}

// ask asks until nobody waits.
func (l *lookups) ask() {
	for {
		time.Sleep(l.wait)
		l.mu.Lock()
		q := l.next
		l.next, l.busy = nil, q != nil
		l.mu.Unlock()
		if q == nil {
			return
		}
		// Nobody's own context: one who gives up must not take the answer from others.
		ctx, cancel := context.WithTimeout(context.Background(), lookupLimit)
		began := time.Now()
		q.found, q.err = l.store.SignInViewers(ctx, q.tokens, l.now())
		took := time.Since(began)
		cancel()
		close(q.done)
		l.wait = 0
		if len(q.tokens) > 1 {
			l.wait = min(crowdWait*took, maxCrowdWait)
		}
	}
}
