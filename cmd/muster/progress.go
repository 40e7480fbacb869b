package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/muster-live/muster/progress"
)

// showProgress keeps a line on a terminal that says how far the work is that tells the
// meter, once that takes longer than a second. It returns a function that ends it, and
// takes the line away.
func showProgress(w *os.File, m *progress.Meter) (done func()) {
	if !isTerminal(w) {
		return func() {}
	}
	return keepLine(w, m)
}

func keepLine(w io.Writer, m *progress.Meter) (done func()) {
	const clear = "\r\x1b[K" // to the beginning of the line, and nothing after it
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		shown := false
		for n := 0; ; n++ {
			select {
			case <-stop:
				if shown {
					fmt.Fprint(w, clear)
				}
				return
			case <-tick.C:
			}
			if line := m.State().String(); line != "" && n > 0 {
				fmt.Fprintf(w, "%smuster: %s", clear, line)
				shown = true
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
	})
}
