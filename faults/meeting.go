package main

import (
	"fmt"
	"maps"
	"sort"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/bench"
)

// meeting is a session of a trial, and what is known of it.
type meeting struct {
	bench.Session

	mu      sync.Mutex
	heads   []head // of its log, as they were seen
	ops     []*operation
	late    []*operation                      // that were carried out after being refused
	shown   map[int64]state                   // by seq, as some screen showed it
	lines   map[attendance.PersonID]int       // of students' screens that are connected
	changed map[attendance.PersonID]time.Time // when that last became 0 or more
}

// head says that a log had come so far.
type head struct {
	at  time.Time
	seq int64
}

func newMeeting(s bench.Session) *meeting {
	return &meeting{Session: s, shown: make(map[int64]state), lines: make(map[attendance.PersonID]int), changed: make(map[attendance.PersonID]time.Time)}
}

func (m *meeting) begin(op *operation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ops = append(m.ops, op)
}

// show takes in what a screen shows. All that show the same seq must show the same.
func (m *meeting) show(s state) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, there := m.shown[s.Seq]
	if there && before != s {
		return fmt.Errorf("it shows %+v, and another screen showed %+v", s, before)
	}
	m.shown[s.Seq] = s
	return nil
}

// arrive and depart take in that a screen has connected, or no longer is.
func (m *meeting) arrive(s *screen) { m.count(s, +1) }
func (m *meeting) depart(s *screen) { m.count(s, -1) }

func (m *meeting) count(s *screen, change int) {
	if s.view.audience != "student" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.lines[s.person]
	m.lines[s.person] += change
	if (before == 0) != (before+change == 0) {
		m.changed[s.person] = time.Now()
	}
}

// here returns who is connected.
func (m *meeting) here() map[attendance.PersonID]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[attendance.PersonID]bool, len(m.lines))
	for p, n := range m.lines {
		if n > 0 {
			all[p] = true
		}
	}
	return all
}

// since returns when somebody came or went last.
func (m *meeting) since() map[attendance.PersonID]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.changed)
}

// reached takes in how far the log has come.
func (m *meeting) reached(seq int64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.heads); n == 0 || m.heads[n-1].seq < seq {
		m.heads = append(m.heads, head{at, seq})
	}
}

// after returns when the log was first seen to have more than seq; false: it has not.
func (m *meeting) after(seq int64) (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := sort.Search(len(m.heads), func(i int) bool { return m.heads[i].seq > seq })
	if i == len(m.heads) {
		return time.Time{}, false
	}
	return m.heads[i].at, true
}

func (m *meeting) operations() []*operation {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ops
}
