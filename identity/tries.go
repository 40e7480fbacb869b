package identity

import (
	"maps"
	"sync"
	"time"
)

// Tries limits how often something may fail for a key (a username, an address): so
// many times at once, and one more each so often after that.
type Tries struct {
	burst int
	every time.Duration

	mu    sync.Mutex
	until map[string]time.Time // when the key has all its tries again
}

// NewTries allows burst failures at once, and one more every so often after that.
func NewTries(burst int, every time.Duration) *Tries {
	return &Tries{burst: burst, every: every, until: make(map[string]time.Time)}
}

// maxTried is how many keys are remembered before those that have all their tries
// again are looked for and forgotten.
const maxTried = 10_000

// Take uses up one try of the key. If there is none left, it returns how long to
// wait for the next. A try that succeeds is to be given back.
func (t *Tries) Take(key string, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	until := t.until[key]
	if until.Before(now) {
		until = now
	}
	until = until.Add(t.every)
	if wait = until.Sub(now) - time.Duration(t.burst)*t.every; wait > 0 {
		return wait
	}
	if len(t.until) >= maxTried {
		maps.DeleteFunc(t.until, func(_ string, u time.Time) bool { return !u.After(now) })
	}
	t.until[key] = until
	return 0
}

// GiveBack undoes one Take.
func (t *Tries) GiveBack(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until, ok := t.until[key]; ok {
		t.until[key] = until.Add(-t.every)
	}
}
