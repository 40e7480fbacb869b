// Package recorder carries commands out: it has them decided, commits the events,
// hands these to whoever shows them, and only then answers.
//
// Commands that arrive while a group is being committed wait and form the next
// group, which is committed as one transaction. So a lone command is committed at
// once, and three hundred at the same instant cost a handful of disk syncs; there
// is no timer to wait for and nothing to tune.
//
//	Submit ─▶ queue ─▶ group ─▶ Log.Append (one transaction) ─▶ Screens.Apply ─▶ answers ─▶ Screens.Flush
//
// The first of a crowd are shown together with all the others.
package recorder

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Log is what the recorder needs of a store.
type Log interface {
	// Append has each command decided by [attendance.Decide], in order, and commits
	// the events, the marks that they change and the outcomes in one transaction.
	// It returns one Result per command. If it returns an error, nothing of the
	// whole group has been changed; unless it is an [attendance.Error], which says
	// itself what is known.
	Append(ctx context.Context, group []attendance.Command) ([]Result, error)
}

// Result is what became of one command: events and outcome, or a refusal.
type Result struct {
	Events  []attendance.Event // those this command made, by seq; none if it was done before
	Outcome attendance.Outcome
	Err     error // why the command was refused; nil if it was carried out
}

// Screens is where committed events are shown. It is told to Apply them, then the
// commands are answered, then it is told to Flush: so the answer to a check-in and
// what it changed can leave in one write.
type Screens interface {
	// Apply takes the events of one group in, those of a session in order of seq.
	// It must not block.
	Apply([]attendance.Event)
	// Flush lets out what was taken in. It must not block.
	Flush()
}

// NoScreens is for a program that records beside a server, where nobody looks on. A
// server that has the session open finds the events in the log.
type NoScreens struct{}

// Apply does nothing.
func (NoScreens) Apply([]attendance.Event) {}

// Flush does nothing.
func (NoScreens) Flush() {}

// Limits of a Recorder.
const (
	maxGroup   = 1024  // commands in one transaction
	maxWaiting = 16384 // commands in the queue; more are refused as busy
)

// If a crowd waits by the time that the first group after a pause is committed, that is
// shown together with the next group, but no later than after longestHold: writing to each
// screen takes more of the processors than committing does, and the crowd would wait for
// it. A recorder that is always busy shows each group at once.
const (
	crowd       = 32 // commands
	longestHold = 50 * time.Millisecond
)

// Recorder commits commands. Make one with New, and call Close to stop it.
type Recorder struct {
	log     Log
	screens Screens
	observe func([]attendance.Command, []Result, time.Duration) // nil: nobody wants to know
	now     func() time.Time

	mu      sync.Mutex
	waiting []request
	shows   []shown
	closed  bool

	showing sync.Mutex // while the screens are told
	unseen  []recorded // groups that were committed and are to be shown

	wake  chan struct{} // has room for one: something waits, or closed was set
	ended chan struct{}
}

type request struct {
	command attendance.Command
	answer  func(attendance.Outcome, error)
}

// shown are events that were committed beside the recorder, with who waits for them.
type shown struct {
	events []attendance.Event
	done   chan struct{}
}

// New starts a recorder over the log that shows what it commits on screens. The
// function now tells the time that commands get.
func New(log Log, screens Screens, now func() time.Time) *Recorder {
	r := &Recorder{
		log: log, screens: screens, now: now,
		wake:  make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	go r.run()
	return r
}

// Observe has fn called after each group, with how long the log took; results is nil
// if the log failed. It is called before the first command.
func (r *Recorder) Observe(fn func(group []attendance.Command, results []Result, took time.Duration)) {
	r.observe = fn
}

// Submit takes a command in, stamps it with the time, and returns at once. When the
// command is committed or refused, answer is called, from another goroutine; it
// must not block. Its error is an [attendance.Error].
func (r *Recorder) Submit(c attendance.Command, answer func(attendance.Outcome, error)) {
	if err := c.Validate(); err != nil {
		answer(attendance.Outcome{}, err)
		return
	}
	c.At = r.now()
	r.mu.Lock()
	switch {
	case r.closed:
		r.mu.Unlock()
		answer(attendance.Outcome{}, errStopping)
		return
	case len(r.waiting) >= maxWaiting:
		r.mu.Unlock()
		answer(attendance.Outcome{}, errBusy)
		return
	}
	r.waiting = append(r.waiting, request{c, answer})
	r.mu.Unlock()
	r.signal()
}

// Do submits a command and waits for its answer. If ctx ends first, the command may
// still be carried out; giving it again, with the same id, tells.
func (r *Recorder) Do(ctx context.Context, c attendance.Command) (attendance.Outcome, error) {
	type reply struct {
		out attendance.Outcome
		err error
	}
	done := make(chan reply, 1)
	r.Submit(c, func(out attendance.Outcome, err error) { done <- reply{out, err} })
	select {
	case a := <-done:
		return a.out, a.err
	case <-ctx.Done():
		return attendance.Outcome{}, ctx.Err()
	}
}

// Show has the screens show events that were committed beside the recorder, by a change
// set, and returns when they have them. Rooms put right what comes in another order
// than it was committed in.
func (r *Recorder) Show(events []attendance.Event) {
	if len(events) == 0 {
		return
	}
	s := shown{events, make(chan struct{})}
	r.mu.Lock()
	closed := r.closed
	if !closed {
		r.shows = append(r.shows, s)
	}
	r.mu.Unlock()
	if closed {
		return // nobody looks on any more here; other nodes find them in the log
	}
	r.signal()
	<-s.done
}

// Close refuses further commands, commits those that wait, and returns when all of
// them have been answered.
func (r *Recorder) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.signal()
	<-r.ended
}

func (r *Recorder) signal() {
	select {
	case r.wake <- struct{}{}:
	default: // it has been told already
	}
}

func (r *Recorder) run() {
	defer close(r.ended)
	var held *time.Timer // after which what is held back is shown
	for range r.wake {
		for first := true; ; first = false {
			// Whoever is about to submit does so first: with one of a storm alone, the
			// others would wait for two commits.
			runtime.Gosched()
			group, shows, more := r.take()
			r.showBeside(shows)
			if len(group) == 0 {
				if !more {
					return
				}
				break
			}
			r.keep(r.commit(group))
			if first && r.crowded() {
				held = time.AfterFunc(longestHold, r.show)
				continue
			}
			r.show()
			if held != nil {
				held.Stop()
				held = nil
			}
		}
	}
}

// crowded reports whether a crowd waits.
func (r *Recorder) crowded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting) >= crowd
}

// take returns the next group, what else is to be shown, and whether there may be more
// after it.
func (r *Recorder) take() (group []request, shows []shown, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(len(r.waiting), maxGroup)
	group = r.waiting[:n:n]
	r.waiting = r.waiting[n:]
	if len(r.waiting) == 0 {
		r.waiting = nil
	}
	shows, r.shows = r.shows, nil
	return group, shows, !r.closed
}

// recorded is what became of a group.
type recorded struct {
	group   []request
	results []Result
	err     error // of the log, as clients see it
}

func (r *Recorder) commit(group []request) recorded {
	commands := make([]attendance.Command, len(group))
	for i := range group {
		commands[i] = group[i].command
	}
	// A group is committed even while the program stops: its commands were taken in.
	began := time.Now()
	results, err := r.log.Append(context.Background(), commands)
	if r.observe != nil {
		r.observe(commands, results, time.Since(began))
	}
	if err != nil {
		err = storageError(err)
	}
	return recorded{group, results, err}
}

// keep keeps a group to be shown.
func (r *Recorder) keep(g recorded) {
	r.showing.Lock()
	defer r.showing.Unlock()
	r.unseen = append(r.unseen, g)
}

// show hands the events of the groups that are kept to the screens, answers who gave the
// commands, and lets both out.
func (r *Recorder) show() {
	r.showing.Lock()
	defer r.showing.Unlock()
	if len(r.unseen) == 0 {
		return
	}
	var events []attendance.Event
	for _, g := range r.unseen {
		for i := range g.results {
			events = append(events, g.results[i].Events...)
		}
	}
	if len(events) > 0 {
		r.screens.Apply(events)
	}
	for _, g := range r.unseen {
		g.answer()
	}
	r.screens.Flush()
	r.unseen = nil
}

// showBeside hands the screens what was committed beside the recorder.
func (r *Recorder) showBeside(shows []shown) {
	r.showing.Lock()
	defer r.showing.Unlock()
	for _, s := range shows {
		r.screens.Apply(s.events)
		r.screens.Flush()
		close(s.done)
	}
}

// answer answers who gave the commands.
func (g *recorded) answer() {
	for i, q := range g.group {
		if g.err != nil {
			q.answer(attendance.Outcome{}, g.err)
		} else {
			q.answer(g.results[i].Outcome, g.results[i].Err)
		}
	}
}

var (
	errStopping = &attendance.Error{Code: attendance.CodeBusy, Retry: time.Second,
		Message: "The server is stopping. Send this again in a moment."}
	errBusy = &attendance.Error{Code: attendance.CodeBusy, Retry: time.Second,
		Message: "The server has more to record than it can take. Send this again in a moment."}
)

// storageError gives a failure of the log the code that clients see. Giving the
// commands again is safe, since each counts once.
func storageError(err error) error {
	var known *attendance.Error
	if errors.As(err, &known) {
		return known
	}
	return &attendance.Error{Code: attendance.CodeStorage, Retry: time.Second, Err: err,
		Message: "This could not be recorded, and nothing was changed. Try again; if it stays, tell your administrator."}
}
