package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/client"
)

// operation is one command, from when it was first sent until it was answered for
// good.
type operation struct {
	Kind   string       `json:"t"`
	ID     string       `json:"id"`
	Ticket string       `json:"ticket,omitempty"` // check_in
	Marks  []markedMark `json:"marks,omitempty"`  // mark
	Note   string       `json:"note,omitempty"`   // mark
	Unset  string       `json:"unset,omitempty"`  // close

	actor attendance.PersonID
	call  time.Time
	sent  int // times

	// The answer, once done is closed.
	done   chan struct{}
	end    time.Time
	code   string // why it was refused; empty: it was acknowledged
	answer message
}

// markedMark is one pair of a mark command.
type markedMark struct {
	Person attendance.PersonID
	Mark   string
}

// MarshalJSON writes the array that a pair is.
func (m markedMark) MarshalJSON() ([]byte, error) { return json.Marshal([]any{m.Person, m.Mark}) }

// mayBe are the refusals that a correct client can meet: others have opened or closed
// the session before.
var mayBe = map[string]string{"check_in": "not_open", "close": "already_closed", "reopen": "already_open"}

// undecided are the errors that say to send a command again.
var undecided = []string{"busy", "storage", "too_many"}

// do has a command carried out: it is sent, again and again under the same id and
// through other servers if need be, until it is answered or the screen has left for
// good. After patience without an
// answer the screen tries another server.
func (s *screen) do(ctx context.Context, op *operation, patience time.Duration) {
	op.actor, op.call, op.done = s.person, time.Now(), make(chan struct{})
	s.meeting.begin(op)
	s.mu.Lock()
	s.pending[op.ID] = op
	conn := s.conn
	if s.joined.IsZero() {
		conn = nil // it is sent on joining
	}
	s.mu.Unlock()
	if conn != nil {
		s.send(conn, op)
	}
	for {
		select {
		case <-op.done:
			return
		case <-ctx.Done():
			return
		case <-s.home:
			return
		case <-time.After(patience):
			s.hangUp()
		}
	}
}

// again sends a command once more that has been answered already; the answer is to be
// the same.
func (s *screen) again(op *operation) {
	s.mu.Lock()
	conn := s.conn
	if s.joined.IsZero() {
		conn = nil
	}
	s.mu.Unlock()
	if conn != nil {
		s.send(conn, op)
	}
}

func (s *screen) send(conn *client.Conn, op *operation) {
	s.mu.Lock()
	op.sent++
	s.mu.Unlock()
	b, err := json.Marshal(op)
	if err != nil {
		panic(err) // of our own plain types
	}
	_ = conn.Send(string(b)) // a broken line shows when it is read
}

// acknowledged takes in that a command was carried out.
func (s *screen) acknowledged(m *message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op := s.answered[m.ID]; op != nil {
		was := op.answer
		if op.code != "" || was.From != m.From || was.To != m.To || was.Mark != m.Mark || was.At != m.At || was.Source != m.Source {
			return fmt.Errorf("command %s was answered by %s%v, and then acknowledged as %v", m.ID, op.code, brief(&was), brief(m))
		}
		return nil
	}
	op := s.pending[m.ID]
	if op == nil {
		return fmt.Errorf("command %s was acknowledged, and never given", m.ID)
	}
	op.answer = *m
	s.settle(op)
	return nil
}

// refused takes in an error, and reports whether the line is of use still.
func (s *screen) refused(m *message) (goOn bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	again := slices.Contains(undecided, m.Code)
	switch op := s.pending[m.ID]; {
	case m.ID == "" && s.joined.IsZero() && again:
		return false, nil // not let in now
	case op == nil && s.answered[m.ID] != nil && (again || s.answered[m.ID].code == m.Code):
		return true, nil
	case op == nil:
		return false, fmt.Errorf("error %s for %q, which was answered before or never asked", m.Code, m.ID)
	case again:
		wait := max(time.Duration(m.Retry)*time.Millisecond, resendAfter)
		time.AfterFunc(wait, func() {
			s.mu.Lock()
			conn := s.conn
			if s.pending[op.ID] == nil || s.joined.IsZero() {
				conn = nil
			}
			s.mu.Unlock()
			if conn != nil {
				s.send(conn, op)
			}
		})
		return true, nil
	case mayBe[op.Kind] == m.Code:
		op.code = m.Code
		s.settle(op)
		return true, nil
	default:
		return false, fmt.Errorf("%s was refused with %s", op.Kind, m.Code)
	}
}

// settle ends an operation. The lock is held.
func (s *screen) settle(op *operation) {
	op.end = time.Now()
	delete(s.pending, op.ID)
	s.answered[op.ID] = op
	close(op.done)
}

// brief is an ack for people.
func brief(m *message) string {
	return fmt.Sprintf("[%d–%d %s %d %s]", m.From, m.To, m.Mark, m.At, m.Source)
}
