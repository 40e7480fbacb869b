package server

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/gobwas/ws"
	"golang.org/x/time/rate"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/live"
)

// Limits of one live connection.
const (
	maxUnderWay    = 64 // commands
	messagesPerSec = 50
	messagesBurst  = 100
)

// live is GET /api/v1/sessions/{session}/live, by which a client takes part in a session:
// over a WebSocket if it asks for one, else by Server-Sent Events.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.liveSocket(w, r)
	} else {
		s.liveStream(w, r)
	}
}

// liveSocket turns the request into a WebSocket.
func (s *Server) liveSocket(w http.ResponseWriter, r *http.Request) {
	if !s.originAllowed(r) {
		s.fail(w, r, attendance.Refuse(attendance.CodeForbidden, "This connection comes from another site. Open muster itself."))
		return
	}
	v, err := s.viewer(r.Context()) // many at once are looked up together
	if err == nil && !mayConnect(v) {
		err = errNotSignedIn
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !s.door.enter(r.Context().Done()) {
		return
	}
	defer s.door.leave()
	up := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == live.Subprotocol }, Header: answerOf(r)}
	conn, rw, _, err := up.Upgrade(r, w)
	if err != nil {
		if conn != nil { // it has answered, on a connection that is ours now
			_ = conn.Close()
		}
		return
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	s.serveLive(v, r, live.NewWebSocket(conn, early))
}

// offered is the line in which a client offers extensions, and is answered.
const offered = "Sec-Websocket-Extensions"

// answerOf returns what the header of the answer to an upgrade has besides what every such
// answer has: the extension that is agreed on, if any.
func answerOf(r *http.Request) http.Header {
	if offers := r.Header[offered]; offers != nil {
		if agreed := live.Extension(live.Audience(r.URL.Query().Get("audience")), offers); agreed != "" {
			return http.Header{offered: {agreed}}
		}
	}
	return nil
}

// mayConnect reports whether somebody may have a live connection. Whether they may take
// part in the session is found out once there is one, over which they can be told.
func mayConnect(v identity.Viewer) bool {
	return v.SignedIn() || v.Display != 0 || v.CourseDisplay != 0
}

// serveLive has a client take part in the session of its request over a live connection,
// as long as it lasts, or tells it over that why not.
func (s *Server) serveLive(v identity.Viewer, r *http.Request, t *live.WebSocket) {
	if len(answerOf(r)) > 0 {
		t.Deflate()
	}
	p := &participant{server: s, viewer: v, from: s.cameFrom(r), conn: s.Hub.Accept(t, v.Person)}
	p.ctx = context.WithValue(context.Background(), requestKey{}, &request{
		log: s.log, raw: &http.Request{}, refused: s.cfg.Refused, viewer: func() (identity.Viewer, error) { return v, nil },
	})
	s.join(p.ctx, p.conn, func() (live.Join, error) {
		j, err := s.joinOf(p.ctx, r)
		p.session, p.audience = j.Session, j.Audience
		return j, err
	})
	s.endInTime(v, p.conn)
	t.Serve(p.conn, p.message)
}

// join lets a connection into the room that what tells, or says over the connection why
// not: also if we panic, so that nobody is left waiting at an open line.
func (s *Server) join(ctx context.Context, c *live.Conn, what func() (live.Join, error)) {
	defer func() {
		if cause := recover(); cause != nil {
			s.logPanic(ctx, "join", cause)
			c.TurnAway(attendance.AsError(nil))
		}
	}()
	j, err := what()
	if err == nil {
		err = s.Hub.Join(ctx, c, j)
	}
	if err != nil {
		c.TurnAway(problemError(ctx, err))
	}
}

// logPanic says what panicked while a live connection was served.
func (s *Server) logPanic(ctx context.Context, doing string, cause any) {
	s.log.ErrorContext(ctx, "live "+doing+" panicked", slog.Any("err", cause), slog.String("stack", string(debug.Stack())))
}

// participant is the client at the other end of a live connection.
type participant struct {
	server *Server
	viewer identity.Viewer
	from   string // their network address, as [Server.cameFrom] gives it
	conn   *live.Conn
	ctx    context.Context // knows the viewer, and outlives the request

	session  attendance.SessionID
	audience live.Audience

	limit    *rate.Limiter // made at the first message: most have nothing to say for long
	underWay atomic.Int32
}

// message does what a message asks for, or returns what of it has to wait for something.
func (p *participant) message(b []byte) (rest func()) {
	defer p.recover()
	if rest := p.take(b); rest != nil {
		return func() {
			defer p.recover()
			rest()
		}
	}
	return nil
}

// recover ends the connection, and no more than that, if a message made us panic.
func (p *participant) recover() {
	if cause := recover(); cause != nil {
		p.server.logPanic(p.ctx, "message", cause)
		p.conn.Close(live.CloseInternal)
	}
}

func (p *participant) take(b []byte) (rest func()) {
	if p.limit == nil {
		p.limit = rate.NewLimiter(messagesPerSec, messagesBurst)
	}
	if !p.limit.Allow() {
		p.conn.Refuse("", &attendance.Error{Code: attendance.CodeTooMany, Retry: 1e9, Message: "Too many messages at once. Wait a second."})
		return nil
	}
	m, err := live.ParseMessage(b)
	if err != nil {
		p.conn.Refuse("", err)
		return nil
	}
	if m.T == "ping" {
		p.conn.Pong(m.N)
		return nil
	}
	return p.command(m)
}

// permissions is what each audience needs.
var permissions = map[live.Audience]identity.Action{
	live.AudienceBoard:   identity.SeeBoard,
	live.AudienceDisplay: identity.ShowDisplay,
	live.AudienceStudent: identity.TakePart,
}

// admit checks that whoever asks may see the session as the audience does.
func (s *Server) admit(ctx context.Context, session attendance.SessionID, audience string) (live.Join, error) {
	a, ok := live.ParseAudience(audience)
	if !ok {
		return live.Join{}, attendance.BadField("audience", `"board", "display" or "student"`)
	}
	// When a node dies, thousands of students come to the others at once: what their
	// rooms know need not be asked of the database.
	if v, err := s.viewer(ctx); err == nil && a == live.AudienceStudent && v.SignedIn() && v.Token == 0 && s.Hub.Enrolled(session, v.Person) {
		return live.Join{Session: session, Audience: a, Person: v.Person}, nil
	}
	g, err := s.authorizeSession(ctx, session, permissions[a])
	return live.Join{Session: session, Audience: a, Person: g.Viewer.Person}, err
}

// command has a command carried out; the answer comes when it is committed. It returns what
// of that has to wait for something: a student's check-in by a good ticket, of which
// hundreds come at once, has not.
func (p *participant) command(m *live.Message) (rest func()) {
	m.Session = p.session
	c, err := m.Command()
	if err == nil && p.underWay.Add(1) > maxUnderWay {
		p.underWay.Add(-1)
		err = &attendance.Error{Code: attendance.CodeTooMany, Retry: 1e9, Message: "Too many commands at once. Wait for the answers to those before."}
	}
	if err != nil {
		p.conn.Refuse(m.ID, err)
		return nil
	}
	c.Actor = p.viewer.Person
	if c.Kind == attendance.CheckIn && p.audience == live.AudienceStudent && m.Ticket != "" {
		if ticket, err := p.server.Tickets.Check(m.Ticket, c.Session, p.server.now()); err == nil {
			c.Ticket = ticket
			p.submit(c)
			return nil
		}
	}
	return func() {
		if err := p.check(m, &c); err != nil {
			p.underWay.Add(-1)
			p.conn.Refuse(m.ID, problemError(p.ctx, err))
			return
		}
		p.submit(c)
	}
}

// check returns why a command is refused, and adds to it what is known of who gives it.
func (p *participant) check(m *live.Message, c *attendance.Command) (err error) {
	// A student's connection has been let in as one; that the student still is one
	// is checked when the check-in is decided.
	if c.Kind != attendance.CheckIn || p.audience != live.AudienceStudent {
		g, err := p.server.authorizeSession(p.ctx, c.Session, commandActions[c.Kind])
		if err != nil {
			return err
		}
		if err := p.server.checkStatuses(p.ctx, g.Course, c); err != nil {
			return err
		}
	}
	if c.Kind != attendance.CheckIn {
		c.From = p.from
		return nil
	}
	c.Ticket, err = p.server.proof(p.ctx, m, c.Actor)
	return err
}

func (p *participant) submit(c attendance.Command) {
	p.server.Recorder.Submit(c, func(out attendance.Outcome, err error) {
		p.underWay.Add(-1)
		if err != nil {
			err = problemError(p.ctx, err)
		}
		p.conn.Reply(&c, out, err)
	})
}

// problemError logs an error that is our fault as the REST API does, and returns
// what a client may know of it.
func problemError(ctx context.Context, err error) error {
	problemOf(ctx, err)
	return attendance.AsError(err)
}

// liveStream answers the request with Server-Sent Events.
func (s *Server) liveStream(w http.ResponseWriter, r *http.Request) {
	if !s.door.enter(r.Context().Done()) {
		return
	}
	c, err := func() (*live.Conn, error) {
		defer s.door.leave()
		return s.joinStream(w, r)
	}()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if v, err := s.viewer(r.Context()); err == nil { // as joinStream has asked
		s.endInTime(v, c)
	}
	select {
	case <-r.Context().Done():
		c.Close(live.CloseLost) // by the client's doing, or after it was silent for long
	case <-c.Done():
	}
	<-c.Done()
}

// joinStream returns the stream's connection, or an error before anything was answered.
func (s *Server) joinStream(w http.ResponseWriter, r *http.Request) (*live.Conn, error) {
	j, err := s.joinOf(r.Context(), r)
	if err != nil {
		return nil, err
	}
	c := s.Hub.Accept(live.NewStream(w, connOf(r)), j.Person)
	s.join(r.Context(), c, func() (live.Join, error) { return j, nil })
	return c, nil
}

// liveState is GET /api/v1/sessions/{id}/state: the first message of a stream alone.
func (s *Server) liveState(w http.ResponseWriter, r *http.Request) {
	j, err := s.joinOf(r.Context(), r)
	if err == nil {
		var state []byte
		if state, err = s.Hub.State(r.Context(), j); err == nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(state) // the client may be gone
			return
		}
	}
	s.fail(w, r, err)
}

// joinOf reads what a request for live messages asks for, and checks that the viewer whom
// ctx knows may have it.
func (s *Server) joinOf(ctx context.Context, r *http.Request) (live.Join, error) {
	session, err := pathSession(r)
	if err != nil {
		return live.Join{}, err
	}
	q := r.URL.Query()
	j, err := s.admit(ctx, session, q.Get("audience"))
	if err != nil {
		return j, err
	}
	if text := q.Get("seq"); text != "" {
		seq, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return j, attendance.BadField("seq", "a whole number")
		}
		j.Seq = &seq
	}
	if text := q.Get("roster"); text != "" {
		if j.Roster, err = strconv.ParseInt(text, 10, 64); err != nil {
			return j, attendance.BadField("roster", "a whole number")
		}
	}
	return j, nil
}

func pathSession(r *http.Request) (attendance.SessionID, error) {
	n, err := strconv.ParseInt(r.PathValue("session"), 10, 64)
	if err != nil || n <= 0 {
		return 0, attendance.Refuse(attendance.CodeUnknownSession, "There is no such session, or it is not yours to see.")
	}
	return attendance.SessionID(n), nil
}
