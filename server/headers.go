package server

import (
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/muster-live/muster/attendance"
)

// withHeaders sets what every answer says to the browser: take nothing from
// elsewhere, show us in no frame, tell nobody where a link was followed from.
func (s *Server) withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", s.contentPolicy(r))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if strings.HasPrefix(r.URL.Path, apiPrefix+"/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// plainHost is a host and port that can stand in a header as it is.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// contentPolicy names our own WebSockets besides 'self', which some browsers take to
// mean HTTP alone.
func (s *Server) contentPolicy(r *http.Request) string {
	host := r.Host
	if s.public != nil {
		host = s.public.Host
	}
	sockets := ""
	if plainHost.MatchString(host) {
		sockets = " ws://" + host + " wss://" + host
	}
	return "default-src 'self'; script-src 'self'" + s.pages.scripts + "; style-src 'self'" + s.pages.styles + "; img-src 'self' data:; connect-src 'self'" + sockets +
		"; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
}

// recovered answers a request whose handler panicked, and logs why.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler: // meant, and known to net/http
				panic(cause)
			default:
				s.log.ErrorContext(r.Context(), "request panicked", slog.Any("err", cause), slog.String("stack", string(debug.Stack())))
				s.fail(w, r, attendance.AsError(nil)) // in time, since what is written bit by bit sees to itself: see stream
			}
		}()
		next.ServeHTTP(w, r)
	})
}
