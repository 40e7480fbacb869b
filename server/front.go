package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"

	"github.com/muster-live/muster/live"
)

// Front returns a listener to serve [Server.HTTPServer] on, which lets clients in to
// their live connections by a shorter way; see [live.Front].
func (s *Server) Front(l net.Listener) net.Listener {
	return live.Front(l, "GET "+sessionsPrefix, s.letIn)
}

const sessionsPrefix = apiPrefix + "/sessions/"

// doorLimit is how long a client waits at the door before net/http waits in our place,
// which notices when the client gives up. That costs everything once more, so it is longer
// than any crowd should wait, and shorter than browsers have patience.
const doorLimit = 5 * time.Second

// letIn is a [live.LetIn]. It does what liveSocket does if the client may have a
// connection at all, and leaves everything else to that.
func (s *Server) letIn(head []byte, from netip.AddrPort, upgrade func([]byte) *live.WebSocket) (in bool) {
	defer func() {
		if cause := recover(); cause != nil {
			s.logPanic(context.Background(), "connection", cause)
		}
	}()
	r, answer, err := readUpgrade(head)
	if err != nil {
		return false
	}
	r.RemoteAddr = from.String()
	if !s.originAllowed(r) {
		return false
	}
	v, err := s.authenticate(r) // many at once are looked up together
	if err != nil || !mayConnect(v) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), doorLimit)
	defer cancel()
	if !s.door.enter(ctx.Done()) {
		return false
	}
	defer s.door.leave()
	in = true
	if t := upgrade(answer); t != nil {
		s.serveLive(v, r, t)
	}
	return in
}

// readUpgrade reads a request to take part in a session over a WebSocket (RFC 6455, section
// 4.2.1), and returns the answer by which it is accepted.
func readUpgrade(head []byte) (r *http.Request, answer []byte, err error) {
	for _, b := range unusual {
		if bytes.Contains(head, b) {
			return nil, nil, errUnusual
		}
	}
	r = &http.Request{Method: http.MethodGet, Header: make(http.Header)}
	var out bytes.Buffer
	_, err = ws.Upgrader{
		OnRequest: func(uri []byte) (err error) {
			if r.URL, err = url.ParseRequestURI(string(uri)); err != nil {
				return err
			}
			session, begins := strings.CutPrefix(r.URL.EscapedPath(), sessionsPrefix)
			session, ends := strings.CutSuffix(session, "/live")
			if !begins || !ends || session == "" || strings.ContainsAny(session, "/%") {
				return errUnusual
			}
			r.SetPathValue("session", session)
			return nil
		},
		Protocol: func(p []byte) bool { return string(p) == live.Subprotocol },
		OnHost: func(host []byte) error {
			if r.Host != "" {
				return errUnusual
			}
			r.Host = string(host)
			return nil
		},
		OnHeader: func(name, value []byte) error {
			r.Header.Add(string(name), string(value))
			return nil
		},
		ExtensionCustom: func(line []byte, _ []httphead.Option) ([]httphead.Option, bool) {
			r.Header.Add(offered, string(line))
			return nil, true // what is agreed on is not up to ws
		},
		OnBeforeUpgrade: func() (ws.HandshakeHeader, error) { return ws.HandshakeHeaderHTTP(answerOf(r)), nil },
	}.Upgrade(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(head), &out})
	return r, out.Bytes(), err
}

// unusual is what programs understand differently: lines that go on in the next, and
// names with a space after them (RFC 9112, section 5).
var unusual = [][]byte{[]byte("\n "), []byte("\n\t"), []byte(" :"), []byte("\t:")}

var errUnusual = errors.New("a request that net/http should look at")
