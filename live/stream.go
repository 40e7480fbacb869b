package live

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// Stream is a transport over Server-Sent Events, for networks that block WebSockets.
// It is written to by the goroutine that drains slow connections.
type Stream struct {
	ctl *http.ResponseController

	mu    sync.Mutex
	w     http.ResponseWriter
	ended bool
}

// NewStream answers a request that came over conn with a stream of events. The
// request's handler must not return before the connection is done.
func NewStream(w http.ResponseWriter, conn net.Conn) *Stream {
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Nobody answers a comment, but the kernel notices that it did not arrive.
		noticeSilence(tcp, pingEvery)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	return &Stream{w: w, ctl: http.NewResponseController(w)}
}

func (t *Stream) opening() []byte { return nil }

func (t *Stream) bytes(f frame) []byte {
	json := f.json()
	b := make([]byte, 0, len("data: ")+len(json)+2)
	return append(append(append(b, "data: "...), json...), "\n\n"...)
}

func (t *Stream) tryWrite([]byte) (int, error) { return 0, errWaits }

func (t *Stream) write(b []byte, deadline time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return net.ErrClosed
	}
	if err := t.ctl.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := t.w.Write(b); err != nil {
		return err
	}
	return t.ctl.Flush()
}

// ping writes a comment. Nobody answers it; that the line is dead shows when it can
// no longer be written to, or when the kernel gives up on what was not acknowledged.
func (t *Stream) ping() ([]byte, bool) { return []byte(":\n\n"), false }

// close returns when nothing is being written any more: from then on the handler may
// return, which ends the stream.
func (t *Stream) close(CloseCode, bool) {
	_ = t.ctl.SetWriteDeadline(time.Now()) // ends a write that is under way
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}
