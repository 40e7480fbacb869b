package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// readyLimit is how long the database may take to answer whether it is there.
const readyLimit = 2 * time.Second

// Drain has the server say that it is not ready, so that load balancers send nobody
// to it any more. It goes on to serve those who come.
func (s *Server) Drain() { s.draining.Store(true) }

// healthz is GET /healthz: this process runs and answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

// readyz is GET /readyz: it makes sense to send people here.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		say(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyLimit)
	defer cancel()
	if _, _, err := s.Roles.CourseOf(ctx, 0); err != nil { // any question will do
		if r.Context().Err() == nil { // else it was the asker who did not wait
			requestOf(ctx).log.WarnContext(ctx, "not ready", slog.Any("err", err))
		}
		say(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the asker may be gone
}
