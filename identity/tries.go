package identity

import (
	"maps"
	"sync"
	"time"
)

// tries limits how often something may fail for a key (a username, an address): so
// many times at once, and one more each so often after that.
type tries struct {
	burst int
	every time.Duration

	mu    sync.Mutex
	until map[string]time.Time // when the key has all its tries again
}

func newTries(burst int, every time.Duration) *tries {
	return &tries{burst: burst, every: every, until: make(map[string]time.Time)}
}

// maxTried is how many keys are remembered before those that have all their tries
// again are looked for and forgotten.
const maxTried = 10_000

// take uses up one try of the key. If there is none left, it returns how long to
// wait for the next. A try that succeeds is to be given back.
func (t *tries) take(key string, now time.Time) (wait time.Duration) {
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

// giveBack undoes one take.
func (t *tries) giveBack(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until, ok := t.until[key]; ok {
		t.until[key] = until.Add(-t.every)
	}
}
