// Package progress tells how far a long piece of work is: what is being done, how much
// of how much, how fast, and how long it will take.
//
// Whoever works finds a [Meter] in the context and tells it; whoever waits looks at its
// [State]. Without a meter, telling does nothing.
package progress

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"
)

// State is how far a piece of work was at one moment.
type State struct {
	Doing string    `json:"doing"` // such as "writing rows"; empty: nothing has been told
	Unit  string    `json:"unit"`  // what is counted: Rows or Bytes
	Done  int64     `json:"done"`
	Total int64     `json:"total"` // 0: not known
	Rate  float64   `json:"rate"`  // of late, a second; 0: not known yet
	At    time.Time `json:"at"`    // the moment
}

// What can be counted.
const (
	Rows  = "rows"
	Bytes = "bytes"
)

// Left returns how long the step will take from then on, if that can be said.
func (s State) Left() (time.Duration, bool) {
	if s.Total <= 0 || s.Rate <= 0 || s.Done > s.Total {
		return 0, false
	}
	return time.Duration(float64(s.Total-s.Done) / s.Rate * float64(time.Second)), true
}

// String is the state as a line: "writing rows: 120,000 of 1,000,000 (12 %), 45,000 a
// second, 20 s left".
func (s State) String() string {
	line := s.Doing
	if s.Done == 0 && s.Total == 0 {
		return line
	}
	line += ": " + s.amount(float64(s.Done))
	if s.Total > 0 {
		line += fmt.Sprintf(" of %s (%d %%)", s.amount(float64(s.Total)), min(100*s.Done/s.Total, 100))
	}
	if s.Rate > 0 {
		line += ", " + s.amount(s.Rate) + " a second"
	}
	if left, ok := s.Left(); ok {
		line += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return line
}

func (s State) amount(n float64) string {
	if s.Unit == Bytes {
		return strconv.FormatFloat(n/1e6, 'f', 1, 64) + " MB"
	}
	return grouped(int64(n))
}

// grouped is a whole number with its thousands set apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Meter is told how far a piece of work is. Its methods may be called from many
// goroutines; those of a nil Meter do nothing.
type Meter struct {
	now func() time.Time

	mu       sync.Mutex
	state    State
	part     float64 // of one more that is done
	from, to sample  // the rate is that since from; to takes its place after a while
}

type sample struct {
	at   time.Time
	done int64
}

// span is how long a sample counts before a newer one takes its place: a rate is that of
// the last one or two of these.
const span = 3 * time.Second

// New returns a meter that tells the time by now.
func New(now func() time.Time) *Meter { return &Meter{now: now} }

// Step begins something else to do, of which there is so much; 0: nobody knows.
func (m *Meter) Step(doing, unit string, total int64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	start := sample{at: m.now()}
	m.part = 0
	m.state, m.from, m.to = State{Doing: doing, Unit: unit, Total: total}, start, start
}

// Add says that so much more of the step is done.
func (m *Meter) Add(n int64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Done += n
	if at := m.now(); at.Sub(m.to.at) >= span {
		m.from, m.to = m.to, sample{at, m.state.Done}
	}
}

// AddStep says that n things have had one more of so many steps that each takes.
func (m *Meter) AddStep(n, steps int) {
	if m == nil {
		return
	}
	m.mu.Lock()
	whole, part := math.Modf(m.part + float64(n)/float64(steps))
	m.part = part
	m.mu.Unlock()
	m.Add(int64(whole))
}

// Set says that so much of the step is done.
func (m *Meter) Set(done int64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	more := done - m.state.Done
	m.mu.Unlock()
	m.Add(more)
}

// State returns how far it is now.
func (m *Meter) State() State {
	if m == nil {
		return State{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	s.At = m.now()
	const least = 200 * time.Millisecond // of time, to say how fast it is
	if took := s.At.Sub(m.from.at); took >= least {
		s.Rate = float64(s.Done-m.from.done) / took.Seconds()
	}
	return s
}

type meterKey struct{}

// With returns a context in which those who work find a meter.
func With(ctx context.Context, m *Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// Of returns the meter of a context; nil if nobody wants to know.
func Of(ctx context.Context) *Meter {
	m, _ := ctx.Value(meterKey{}).(*Meter)
	return m
}
