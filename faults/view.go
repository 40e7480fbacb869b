package main

import (
	"encoding/json"
	"fmt"

	"github.com/muster-live/muster/attendance"
)

// message is any message from a server, as docs/protocol.md describes them.
type message struct {
	T         string
	ID        string          `json:"id"`
	Seq       int64           // snapshot
	Roster    int64           // snapshot
	From, To  int64           // delta, ack
	Status    string          // snapshot, delta
	Counts    [5]int          // snapshot, delta
	You       *line           // snapshot, delta
	Marks     []line          // snapshot
	Events    []event         // delta
	Connected json.RawMessage // snapshot: a list for boards, a number for displays
	On, Off   []attendance.PersonID
	All       *[]attendance.PersonID
	Count     *int
	Mark      string // ack
	At        int64
	Source    string
	Code      string // error
	Retry     int64  `json:"retry_ms"` // error, bye
}

// line is what the record says of one student, as a board gets it. A student's own has
// neither actor nor note.
type line struct {
	Person attendance.PersonID
	Mark   string
	At     int64
	Source string
	Actor  attendance.PersonID
	Note   string
}

// UnmarshalJSON reads the array that a line is.
func (l *line) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&l.Person, &l.Mark, &l.At, &l.Source, &l.Actor, &l.Note})
}

// event is one committed change, as a board gets it.
type event struct {
	line
	Seq  int64
	Kind string
}

// UnmarshalJSON reads the array that an event is.
func (e *event) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&e.Seq, &e.At, &e.Kind, &e.Person, &e.Mark, &e.Source, &e.Actor, &e.Note})
}

// state is a session as of one seq.
type state struct {
	Seq    int64
	Status string
	Counts [5]int // of students, by mark
}

// marks are the marks, in the order of counts.
var marks = [...]string{"present", "late", "absent", "excused", "unset"}

func markIndex(mark string) int {
	for i, m := range marks {
		if m == mark {
			return i
		}
	}
	return len(marks) - 1
}

// record is a session with the lines of its students; those without one are unset.
type record struct {
	state
	lines map[attendance.PersonID]line
}

func newRecord(students int) *record {
	r := &record{state: state{Status: "scheduled"}, lines: make(map[attendance.PersonID]line)}
	r.Counts[markIndex("unset")] = students
	return r
}

// apply brings the record up to its next event.
func (r *record) apply(e event) {
	r.Seq = e.Seq
	switch e.Kind {
	case "open", "reopen":
		r.Status = "open"
	case "close":
		r.Status = "closed"
	case "mark":
		before, there := r.lines[e.Person]
		if !there {
			before.Mark = "unset"
		}
		r.Counts[markIndex(before.Mark)]--
		r.Counts[markIndex(e.Mark)]++
		if e.Mark == "unset" {
			delete(r.lines, e.Person)
		} else {
			r.lines[e.Person] = e.line
		}
	}
}

// view is what one client shows: what it was sent, put together as docs/protocol.md
// says.
type view struct {
	record         // of a board
	you      line  // of a student
	roster   int64 // of a board
	fresh    bool  // nothing has come yet
	present  map[attendance.PersonID]bool
	count    int // of a display
	audience string
}

// take takes a message in. Its error says how the message does not fit what came
// before.
func (v *view) take(m *message) error {
	switch m.T {
	case "snapshot":
		return v.snapshot(m)
	case "delta":
		return v.delta(m)
	case "presence":
		v.presence(m)
	}
	return nil
}

func (v *view) snapshot(m *message) error {
	if m.Seq < v.Seq {
		return fmt.Errorf("a snapshot of seq %d came after seq %d: a step back", m.Seq, v.Seq)
	}
	v.fresh = false
	v.state, v.roster = state{m.Seq, m.Status, m.Counts}, m.Roster
	switch v.audience {
	case "student":
		v.you = *m.You
	case "board":
		v.lines = make(map[attendance.PersonID]line, len(m.Marks))
		for _, l := range m.Marks {
			v.lines[l.Person] = l
		}
		var here []attendance.PersonID
		if err := json.Unmarshal(m.Connected, &here); err != nil {
			return fmt.Errorf("a snapshot's connected: %w", err)
		}
		v.setPresent(here)
	case "display":
		return json.Unmarshal(m.Connected, &v.count)
	}
	return nil
}

func (v *view) delta(m *message) error {
	if v.fresh || m.From != v.Seq+1 {
		return fmt.Errorf("a delta from %d to %d came after seq %d", m.From, m.To, v.Seq)
	}
	if v.audience != "board" {
		v.state = state{m.To, m.Status, m.Counts}
		if m.You != nil {
			v.you = *m.You
		}
		return nil
	}
	if int64(len(m.Events)) != m.To-m.From+1 {
		return fmt.Errorf("a delta from %d to %d had %d events", m.From, m.To, len(m.Events))
	}
	for _, e := range m.Events {
		if e.Seq != v.Seq+1 {
			return fmt.Errorf("event %d came after seq %d", e.Seq, v.Seq)
		}
		v.apply(e)
	}
	return nil
}

func (v *view) presence(m *message) {
	switch {
	case m.Count != nil:
		v.count = *m.Count
	case m.All != nil:
		v.setPresent(*m.All)
	default:
		for _, p := range m.On {
			v.present[p] = true
		}
		for _, p := range m.Off {
			delete(v.present, p)
		}
	}
}

func (v *view) setPresent(here []attendance.PersonID) {
	v.present = make(map[attendance.PersonID]bool, len(here))
	for _, p := range here {
		v.present[p] = true
	}
}
