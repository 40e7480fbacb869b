package attendance

import (
	"fmt"
	"time"
)

// Status is where a session stands in its life: scheduled, then open, then closed;
// a closed session can be opened again.
type Status uint8

// The states of a session.
const (
	Scheduled Status = iota
	Open
	Closed
)

var statusNames = [...]string{"scheduled", "open", "closed"}

// String returns the status's name as it stands in the API.
func (s Status) String() string { return statusNames[s] }

// ParseStatus is the inverse of [Status.String].
func ParseStatus(s string) (Status, bool) {
	for i, name := range statusNames {
		if name == s {
			return Status(i), true
		}
	}
	return Scheduled, false
}

// Session is one meeting of a course.
type Session struct {
	ID       SessionID
	Course   CourseID
	Title    string
	Starts   time.Time // as planned; zero when nobody planned it
	Ends     time.Time
	Status   Status
	OpenedAt time.Time // first opening; the late rule counts from here
	ClosedAt time.Time // last closing; zero while open
	// CancelledAt is when it was decided that it does not take place; zero: it does.
	CancelledAt time.Time
	Secret      []byte // key of the session's codes; never leaves the server
	Seq         int64  // sequence number of the newest event, 0 before the first
	Chain       []byte // of the events up to Seq, see [Event.Chain]
}

// EarlyOpening is how long before its planned start a session may be opened and still
// nobody is late sooner for it.
const EarlyOpening = 2 * time.Hour

// LateFrom returns when lateness begins to count: with the opening or, if that was a
// little before the planned start, with the start.
func (s *Session) LateFrom() time.Time {
	if early := s.Starts.Sub(s.OpenedAt); !s.Starts.IsZero() && early > 0 && early <= EarlyOpening {
		return s.Starts
	}
	return s.OpenedAt
}

// OnClose says what closing a session does to the students without a mark.
type OnClose uint8

// What closing can do.
const (
	MarkAbsent OnClose = iota // they become absent, by rule
	LeaveUnset                // they stay without a mark
)

var onCloseNames = [...]string{"absent", "leave"}

// String returns the setting's name as it stands in the API.
func (c OnClose) String() string { return onCloseNames[c] }

// ParseOnClose is the inverse of [OnClose.String].
func ParseOnClose(s string) (OnClose, bool) {
	for i, name := range onCloseNames {
		if name == s {
			return OnClose(i), true
		}
	}
	return MarkAbsent, false
}

// Rules are the settings of a course that decide about marks and codes.
type Rules struct {
	// LateAfter is how long after [Session.LateFrom] a check-in still counts as present.
	// Negative: nobody is ever late.
	LateAfter time.Duration
	OnClose   OnClose
	// CodeStep is how long each code is shown.
	CodeStep time.Duration
	// CodeGrace is for how many steps after its own a code is still taken.
	CodeGrace int
}

// Judge returns the mark of who checks in so long after the session was opened.
func (r Rules) Judge(after time.Duration) Mark {
	if r.LateAfter >= 0 && after > r.LateAfter {
		return Late
	}
	return Present
}

// NeverLate, as [Rules].LateAfter, switches the late rule off.
const NeverLate = -time.Minute

// DefaultRules returns the rules of a course that has not changed them: late after
// 15 minutes, absent on closing, a new code every 5 s, each good for one more step.
func DefaultRules() Rules {
	return Rules{LateAfter: 15 * time.Minute, OnClose: MarkAbsent, CodeStep: 5 * time.Second, CodeGrace: 1}
}

// Limits of [Rules].
const (
	MaxLateAfter = 24 * time.Hour
	MinCodeStep  = 2 * time.Second
	MaxCodeStep  = 10 * time.Minute
	MaxCodeGrace = 10
)

// Validate returns an [Error] that names the first setting out of its limits.
func (r Rules) Validate() error {
	switch {
	case r.LateAfter > MaxLateAfter || r.LateAfter < 0 && r.LateAfter != NeverLate:
		return BadField("late_after", fmt.Sprintf("a number of minutes from 0 to %d, or none", int(MaxLateAfter/time.Minute)))
	case r.OnClose > LeaveUnset:
		return BadField("on_close", `"absent" or "leave"`)
	case r.CodeStep < MinCodeStep || r.CodeStep > MaxCodeStep:
		return BadField("code_step_ms", "from 2 to 600 seconds")
	case r.CodeGrace < 0 || r.CodeGrace > MaxCodeGrace:
		return BadField("code_grace", "from 0 to 10 steps")
	}
	return nil
}
