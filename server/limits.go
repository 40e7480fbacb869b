package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of requests.
const (
	maxBody   = 1 << 20   // bytes
	maxUpload = 512 << 20 // bytes, for files to be imported
	maxSheet  = 32 << 20  // bytes, for a file of marks, or a timetable
	// slowest is how long a request may take to arrive and its answer to leave: a
	// page's scripts, over a line of 20 kbit/s.
	slowest       = 2 * time.Minute
	slowestUpload = 15 * time.Minute
)

// limited bounds the size of a request and the time it may take. Live connections
// are long by nature and look after themselves.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size, deadline := int64(maxBody), time.Now().Add(slowest)
		switch path := strings.TrimPrefix(r.URL.Path, apiPrefix); {
		case strings.HasSuffix(path, "/live"):
			deadline = time.Time{}
		case strings.HasSuffix(path, "/marks/file"), strings.HasSuffix(path, "/marks/rejects"):
			size = maxSheet
		case strings.Contains(path, "/timetable/file"), path == "/timetable/columns":
			size, deadline = maxSheet, time.Now().Add(slowestUpload)
		case strings.HasPrefix(path, "/imports"):
			size, deadline = maxUpload, time.Now().Add(slowestUpload)
		}
		// A connection that knows no deadlines is one of a test.
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(deadline)
		_ = c.SetWriteDeadline(deadline)
		if r.ContentLength > size {
			w.Header().Set("Connection", "close") // rather than to read it all
		}
		r.Body = http.MaxBytesReader(w, r.Body, size)
		next.ServeHTTP(w, r)
	})
}

// HTTPServer returns the net/http server for s, with what s cannot limit itself. The
// caller sets where it listens.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // broken handshakes and the like
	}
}

type connKey struct{}

// connOf returns the connection that a request came over; nil in a server that is
// not HTTPServer's.
func connOf(r *http.Request) net.Conn {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	return c
}

// parsePublicURL takes only what links can be made from.
func parsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("public URL %q: give scheme and host only, such as https://muster.example.edu", text)
	}
	return u, nil
}
