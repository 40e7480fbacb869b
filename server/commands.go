package server

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/live"
)

// commandActions is the permission that each command needs.
var commandActions = map[attendance.CommandKind]identity.Action{
	attendance.CheckIn:       identity.TakePart,
	attendance.SetMarks:      identity.SetMarks,
	attendance.OpenSession:   identity.RunSession,
	attendance.CloseSession:  identity.RunSession,
	attendance.ReopenSession: identity.RunSession,
}

// postCommand is POST /api/v1/sessions/{id}/commands: one command message of the
// live protocol, for those who have no live connection.
func (s *Server) postCommand(w http.ResponseWriter, r *http.Request) {
	c, out, err := s.doCommand(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(live.Ack(&c, out)) // the client may be gone
}

func (s *Server) doCommand(r *http.Request) (attendance.Command, attendance.Outcome, error) {
	var none attendance.Outcome
	session, err := pathSession(r)
	if err != nil {
		return attendance.Command{}, none, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, live.MaxMessage))
	if err != nil {
		return attendance.Command{}, none, err
	}
	m, err := live.ParseMessage(body)
	if err != nil {
		return attendance.Command{}, none, err
	}
	m.Session = session
	return s.carryOut(r, m)
}

// carryOut has done what a message of the live protocol asks for, if whoever made the
// request may.
func (s *Server) carryOut(r *http.Request, m *live.Message) (attendance.Command, attendance.Outcome, error) {
	var none attendance.Outcome
	c, err := m.Command()
	if err != nil {
		return c, none, err
	}
	g, err := s.authorizeSession(r.Context(), m.Session, commandActions[c.Kind])
	if err != nil {
		return c, none, err
	}
	if err := s.checkStatuses(r.Context(), g.Course, &c); err != nil {
		return c, none, err
	}
	c.Actor = g.Viewer.Person
	if c.Kind != attendance.CheckIn {
		c.From = s.cameFrom(r)
	}
	if c.Kind == attendance.CheckIn {
		if c.Ticket, err = s.proof(r.Context(), m, c.Actor); err != nil {
			return c, none, err
		}
	}
	out, err := s.Recorder.Do(r.Context(), c)
	return c, out, err
}

// proof checks what shows that a student is in the room: a code or a ticket. It
// returns the ticket's id, if it was one.
//
// A check-in that is sent again comes with its old code, which may have run out by
// then; so a command that has been carried out is not asked for proof again.
func (s *Server) proof(ctx context.Context, m *live.Message, actor attendance.PersonID) (ticket string, err error) {
	if m.Ticket != "" {
		ticket, err = s.Tickets.Check(m.Ticket, m.Session, s.now())
	} else {
		err = s.checkCode(ctx, m.Session, m.Code, s.personTries, strconv.FormatInt(int64(actor), 10))
	}
	if err == nil {
		return ticket, nil
	}
	key := attendance.CommandKey{Actor: actor, ID: m.ID}
	if done, lookErr := s.Commands.CommandDone(ctx, m.Session, key); lookErr != nil || !done {
		return "", err
	}
	return "", nil
}

// checkCode checks a code of a session. The key has a limited number of wrong ones.
func (s *Server) checkCode(ctx context.Context, id attendance.SessionID, code string, tries *identity.Tries, key string) error {
	now := s.now()
	if wait := tries.Take(key, now); wait > 0 {
		return &attendance.Error{Code: attendance.CodeTooManyTries, Retry: wait, Message: "Too many wrong codes. Wait " + seconds(wait) + ", then use the one on the screen."}
	}
	session, rules, err := s.Hub.Look(ctx, id)
	if err != nil {
		if attendance.AsError(err).Code != attendance.CodeUnknownSession {
			tries.GiveBack(key) // it was not the code
		}
		return err
	}
	err = session.Codes(rules).Check(code, now)
	if err == nil || attendance.AsError(err).Code == attendance.CodeCodeOld {
		tries.GiveBack(key) // being late is not guessing
		return err
	}
	if s.Hub.CodeElsewhere(id, code, now) {
		return &attendance.Error{Code: attendance.CodeCodeOtherSession, Field: "code", Message: "That is the code of another session. Open the one you are in."}
	}
	return err
}

func seconds(d time.Duration) string {
	n := int((d + time.Second - 1) / time.Second)
	if n == 1 {
		return "1 second"
	}
	return strconv.Itoa(n) + " seconds"
}
