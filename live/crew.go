package live

import "sync"

// crew runs functions on goroutines of which it keeps some for those to come: a new
// goroutine's stack has to grow first, which takes longer than most of what is done here.
// The zero crew is ready.
type crew struct {
	mu     sync.Mutex
	idle   []chan func() // the last to become idle is the first to work again
	closed bool
}

const maxIdle = 32

// do runs f, without waiting for it.
func (c *crew) do(f func()) {
	c.mu.Lock()
	n := len(c.idle)
	if n == 0 {
		c.mu.Unlock()
		go c.work(f)
		return
	}
	next := c.idle[n-1]
	c.idle = c.idle[:n-1]
	c.mu.Unlock()
	next <- f
}

func (c *crew) work(f func()) {
	next := make(chan func(), 1)
	for ok := true; ok; f, ok = <-next {
		f()
		c.mu.Lock()
		if c.closed || len(c.idle) == maxIdle {
			c.mu.Unlock()
			return
		}
		c.idle = append(c.idle, next)
		c.mu.Unlock()
	}
}

// close lets go of those that are idle, and of the others when they are done.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, next := range c.idle {
		close(next)
	}
	c.idle = nil
}
