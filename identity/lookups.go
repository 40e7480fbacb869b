package identity

import (
	"context"
	"sync"
	"time"
)

// lookups ask the store for whom sign-ins stand: one question at a time, for all who
// came while the one before was being answered. So one alone is asked about at once, and
// when thousands come back at the same moment, it takes fewer questions than them.
type lookups struct {
	store Store
	now   func() time.Time

	mu   sync.Mutex
	next *lookup // to be asked when the present one is answered
	busy bool
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
		l.mu.Lock()
		q := l.next
		l.next, l.busy = nil, q != nil
		l.mu.Unlock()
		if q == nil {
			return
		}
		// Nobody's own context: one who gives up must not take the answer from others.
		ctx, cancel := context.WithTimeout(context.Background(), lookupLimit)
		q.found, q.err = l.store.SignInViewers(ctx, q.tokens, l.now())
		cancel()
		close(q.done)
	}
}
