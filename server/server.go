// Package server is the outside of muster: pages, REST API and live endpoints over
// HTTP. It checks who asks and what comes in, hands it to the packages that know
// what to do, and puts their answers, and their errors, into HTTP.
//
// routes.go is the table of all there is to call, errors.go that of the errors, and
// identity's policy that of the permissions.
package server

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
	"github.com/muster-live/muster/calendar"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/excuse"
	"github.com/muster-live/muster/grid"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/timetable"
)

// Config says how a Server is to behave.
type Config struct {
	// PublicURL is where people reach the server, such as https://muster.example.edu.
	// Empty: wherever a request says it came to.
	PublicURL string
	// Proxies are believed when they say X-Forwarded-For and X-Forwarded-Proto.
	Proxies Proxies
	// Refused, if it is not nil, is called with the code of each error that is answered.
	Refused func(attendance.Code)
	// Assets is the built front end.
	Assets fs.FS
	// Clock tells the time, and Log takes what operators should know; both are needed.
	Clock func() time.Time
	Log   *slog.Logger
}

// Roles says who is what. Package server asks it before each thing that needs
// permission.
type Roles interface {
	// RoleIn returns the person's role in a course; NoRole if they have none, or if
	// there is no such course.
	RoleIn(ctx context.Context, course attendance.CourseID, person attendance.PersonID) (attendance.Role, error)
	// CourseOf returns the course that a session belongs to; false if there is no
	// such session.
	CourseOf(ctx context.Context, session attendance.SessionID) (attendance.CourseID, bool, error)
}

// Parts are what a Server puts before the world.
type Parts struct {
	Accounts *identity.Accounts
	Roles    Roles
	Commands Commands
	Recorder *recorder.Recorder
	Hub      *live.Hub
	Tickets  attendance.Tickets
	Reports  report.Store
	Roster   Roster
	Changes  changes.Store
	Excuses  excuse.Store
	Grids    grid.Store
	Statuses Statuses
	Audit    audit.Store
	Answers  Answers
	Jobs     jobs.Desk
	Runner   Runner
	// Planner takes timetables in, Fetcher those at addresses. The Scheduler, which opens
	// and closes sessions, is told when something was planned.
	Planner   *timetable.Planner
	Fetcher   *timetable.Fetcher
	Scheduler interface{ Changed() }
	// Calendars are what people's calendar programs show.
	Calendars calendar.Store
	// Institutions knows the time zone.
	Institutions Institutions
	// Installation is the name that tells this installation from others: see roster.Refs.
	Installation string
}

// Commands knows which commands have been carried out.
type Commands interface {
	CommandDone(ctx context.Context, session attendance.SessionID, key attendance.CommandKey) (bool, error)
}

// Server answers HTTP requests. Make one with New.
type Server struct {
	Parts
	cfg      Config
	public   *url.URL // PublicURL; nil if it is not set
	log      *slog.Logger
	now      func() time.Time
	csrf     *http.CrossOriginProtection
	pages    *pages
	handler  http.Handler
	draining atomic.Bool
	secrets  map[string]bool // the calls whose answers are told only once, as patterns
	// Wrong codes are limited for each person; for each address more generously,
	// since a whole lecture hall may share one.
	personTries, addressTries *identity.Tries

	door                door
	cards, unknownCards *identity.Tries // by session
	everybody           everybody
}

// New returns a server. It fails if the configuration makes no sense.
func New(cfg Config, parts Parts) (*Server, error) {
	s := &Server{Parts: parts, cfg: cfg, log: cfg.Log, now: cfg.Clock, csrf: http.NewCrossOriginProtection(),
		door: newDoor(), personTries: identity.NewTries(10, 6*time.Second), addressTries: identity.NewTries(200, time.Second),
		cards: identity.NewTries(cardBurst, cardEvery), unknownCards: identity.NewTries(unknownBurst, unknownEvery)}
	if cfg.PublicURL != "" {
		u, err := parsePublicURL(cfg.PublicURL)
		if err != nil {
			return nil, err
		}
		s.public = u
		if err := s.csrf.AddTrustedOrigin(u.String()); err != nil {
			return nil, err
		}
	}
	s.csrf.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, attendance.Refuse(attendance.CodeForbidden, "This request came from another site. Open muster itself and try again."))
	}))
	var err error
	if s.pages, err = loadPages(cfg.Assets); err != nil {
		return nil, err
	}
	useProblems()
	s.handler = s.around(s.routes())
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// around puts what every request goes through around the routes, outermost last.
func (s *Server) around(h http.Handler) http.Handler {
	h = s.once(h)
	h = s.csrf.Handler(h)
	h = s.limited(h)
	h = s.withHeaders(h)
	h = s.remembered(h)
	return s.recovered(h)
}

// baseURL is the address of this server as the client of r knows it, without a slash
// at the end.
func (s *Server) baseURL(r *http.Request) string {
	if s.public != nil {
		return s.public.String()
	}
	if s.isHTTPS(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// isHTTPS reports whether the client of r speaks HTTPS, to us or to our proxy.
func (s *Server) isHTTPS(r *http.Request) bool {
	switch {
	case s.public != nil:
		return s.public.Scheme == "https"
	case r.TLS != nil:
		return true
	}
	return s.cfg.Proxies.https(r)
}
