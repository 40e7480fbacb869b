package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// The cookies that say who somebody is.
const (
	signInCookie  = "muster_signin"
	displayCookie = "muster_display"
)

// request is what is remembered of a request while it is answered.
type request struct {
	log *slog.Logger
	raw *http.Request
	// refused counts an error that is answered; nil: nobody counts.
	refused func(attendance.Code)
	// viewer asks who it is, the first time, and remembers it.
	viewer func() (identity.Viewer, error)
}

type requestKey struct{}

// remembered puts the request into its context.
func (s *Server) remembered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{log: s.log.With("method", r.Method, "route", routeName(r)), refused: s.cfg.Refused}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
		q.raw = r
		q.viewer = sync.OnceValues(func() (identity.Viewer, error) { return s.authenticate(r) })
		next.ServeHTTP(w, r)
	})
}

// routeName is what a request was for, without ids or tokens, which belong in no log.
func routeName(r *http.Request) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, apiPrefix+"/"), "/")
	return first
}

func requestOf(ctx context.Context) *request {
	if q, ok := ctx.Value(requestKey{}).(*request); ok {
		return q
	}
	nobody := func() (identity.Viewer, error) { return identity.Viewer{}, nil }
	return &request{log: slog.New(slog.DiscardHandler), raw: &http.Request{}, viewer: nobody}
}

// authenticate finds out who makes a request. A header Authorization counts alone;
// else the two cookies count together: a display cookie adds the display of its
// session to what a signed-in person may do, and takes nothing away.
func (s *Server) authenticate(r *http.Request) (identity.Viewer, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return identity.Viewer{}, nil
		}
		return s.Accounts.Authenticate(r.Context(), strings.TrimSpace(token))
	}
	var v identity.Viewer
	if c, err := r.Cookie(signInCookie); err == nil {
		if v, err = s.Accounts.Authenticate(r.Context(), c.Value); err != nil {
			return v, err
		}
	}
	if c, err := r.Cookie(displayCookie); err == nil {
		if session, ok := s.Accounts.DisplayOf(c.Value); ok {
			v.Display = session
		} else if d, ok, err := s.Accounts.CourseDisplayOf(r.Context(), c.Value); err != nil {
			return v, err
		} else if ok {
			v.CourseDisplay, v.DisplayIssue = d.CourseDisplay, d.DisplayIssue
			if !v.SignedIn() {
				v.Until = d.Until
			}
		}
	}
	return v, nil
}

var (
	errNotSignedIn    = attendance.Refuse(attendance.CodeNotSignedIn, "You are not signed in. Sign in, then try again.")
	errUnknownSession = attendance.Refuse(attendance.CodeUnknownSession, "There is no such session, or it is not yours to see.")
	errUnknownCourse  = attendance.Refuse(attendance.CodeNotFound, "There is no such course, or it is not yours to see.")
)

// viewer returns who makes the request; the zero Viewer is a stranger.
func (s *Server) viewer(ctx context.Context) (identity.Viewer, error) {
	return requestOf(ctx).viewer()
}

// known returns the person who makes the request, by whatever they are recognised, or
// refuses a stranger. What comes after it has to ask the policy.
func (s *Server) known(ctx context.Context) (identity.Viewer, error) {
	v, err := s.viewer(ctx)
	if err == nil && !v.SignedIn() {
		err = errNotSignedIn
	}
	return v, err
}

// signedIn returns the person who makes the request, or refuses whoever has not signed
// in themselves: it is for what concerns one's own account, which no API token may
// change.
func (s *Server) signedIn(ctx context.Context) (identity.Viewer, error) {
	v, err := s.known(ctx)
	if err == nil && v.Token != 0 {
		err = attendance.Refuse(attendance.CodeForbidden, "No API token may do this. Sign in with your password.")
	}
	return v, err
}

// authorizeAdmin refuses everybody but an administrator.
func (s *Server) authorizeAdmin(ctx context.Context) (identity.Viewer, error) {
	return s.authorizeAll(ctx, identity.Administer)
}

// authorizeAll grants an action in the whole institution, or refuses it.
func (s *Server) authorizeAll(ctx context.Context, a identity.Action) (identity.Viewer, error) {
	v, err := s.known(ctx)
	switch {
	case err != nil || v.May(attendance.NoRole, a):
		return v, err
	case v.Admin:
		return v, lacksScope(v, a)
	}
	return v, attendance.Refuse(attendance.CodeForbidden, "Only an administrator may do this.")
}

// lacksScope refuses what an API token is not for.
func lacksScope(v identity.Viewer, a identity.Action) error {
	return attendance.Refuse(attendance.CodeForbidden, "Your API token is not for this: it lacks "+v.Missing(a)+".")
}

// grant is the permission to do something in a course.
type grant struct {
	Viewer identity.Viewer
	Course attendance.CourseID
	Role   attendance.Role // the viewer's role in it; NoRole for an administrator from outside
}

// authorize grants an action in a course, or refuses it. To who has nothing to do
// with the course, it does not exist.
func (s *Server) authorize(ctx context.Context, course attendance.CourseID, a identity.Action) (grant, error) {
	v, err := s.known(ctx)
	if err != nil {
		return grant{}, err
	}
	return s.decide(ctx, v, course, a, errUnknownCourse)
}

// authorizeSession grants an action in a session, or refuses it. A display token
// grants ShowDisplay in its session, or in all of its course, a kiosk token ReadCards.
func (s *Server) authorizeSession(ctx context.Context, session attendance.SessionID, a identity.Action) (grant, error) {
	v, err := s.viewer(ctx)
	if err == nil && !v.SignedIn() && v.Display == 0 && v.CourseDisplay == 0 && v.Kiosk == 0 {
		err = errNotSignedIn
	}
	if err != nil {
		return grant{}, err
	}
	course, ok, err := s.Roles.CourseOf(ctx, session)
	if err != nil {
		return grant{}, err
	}
	if !ok {
		return grant{}, errUnknownSession
	}
	if a == identity.ShowDisplay && (v.Display == session || v.CourseDisplay == course) || a == identity.ReadCards && v.Kiosk == session {
		return grant{Viewer: v, Course: course}, nil
	}
	return s.decide(ctx, v, course, a, errUnknownSession)
}

// decide looks the role up and asks the policy.
func (s *Server) decide(ctx context.Context, v identity.Viewer, course attendance.CourseID, a identity.Action, unknown error) (grant, error) {
	g := grant{Viewer: v, Course: course}
	if v.SignedIn() {
		var err error
		if g.Role, err = s.Roles.RoleIn(ctx, course, v.Person); err != nil {
			return grant{}, err
		}
	}
	switch {
	case v.May(g.Role, a):
		return g, nil
	case a == identity.TakePart && v.SignedIn():
		return grant{}, attendance.Refuse(attendance.CodeNotEnrolled, "You are not a student of this course. Ask your teacher to add you.")
	case g.Role == attendance.NoRole && !v.Admin:
		return grant{}, unknown
	case v.Missing(a) != "":
		return grant{}, lacksScope(v, a)
	}
	return grant{}, attendance.Refuse(attendance.CodeForbidden, "Your role in this course does not allow this.")
}

// originAllowed reports whether a request that a browser makes comes from our own
// pages. Programs send no Origin, and are allowed.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if s.public != nil && u.Scheme == s.public.Scheme && strings.EqualFold(u.Host, s.public.Host) {
		return true
	}
	return strings.EqualFold(u.Host, r.Host)
}

// clientAddress names where a request comes from, for limits: an IPv4 address, or
// the network of an IPv6 address, of which one client may have many.
func (s *Server) clientAddress(r *http.Request) string {
	ip, ok := s.cfg.Proxies.client(r)
	if !ok {
		return r.RemoteAddr
	}
	if ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}

// author is the viewer as the audit has them.
func (s *Server) author(ctx context.Context, v identity.Viewer) attendance.Author {
	return attendance.Author{Person: v.Person, From: s.cameFrom(requestOf(ctx).raw)}
}

// cameFrom is where the audit says that a request came from. The addresses of students
// who check in are kept nowhere.
func (s *Server) cameFrom(r *http.Request) string {
	if ip, ok := s.cfg.Proxies.client(r); ok {
		return ip.String()
	}
	return r.RemoteAddr
}

// cookie returns a cookie that scripts cannot read and that other sites cannot send
// along with what changes something. A life of 0 keeps it until the browser is closed,
// a negative one ends it.
func (s *Server) cookie(r *http.Request, name, value string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.isHTTPS(r),
	}
}
