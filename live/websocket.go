package live

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// Subprotocol is the WebSocket subprotocol spoken here (docs/protocol.md).
const Subprotocol = "muster.v1"

// WebSocket is a transport over an upgraded connection. Where the system has a
// reactor, a TCP connection is taken over from the runtime, and so is one over TLS that was
// accepted through [BelowTLS]: it is written to without ever waiting, read when there is
// something to read, and costs neither a goroutine nor a buffer while it is silent, but for
// what TLS keeps itself. Any other one has a goroutine that reads, and is written to by the
// one that drains slow connections.
type WebSocket struct {
	conn   net.Conn
	line   line   // nil if the connection was not taken over
	answer []byte // to the client's request, until it is queued

	c       *Conn
	message Handler
	turn    atomic.Int32 // of reading the line: nobody's, somebody's, or somebody's who must look again
	unread  int          // what has come in since the close frame
	early   bool         // something may have been read already that nobody will be told of

	parser
}

// NewWebSocket returns the transport over a connection that has been upgraded, and
// which is its own from now on; early is what the client has sent after its request
// already.
func NewWebSocket(conn net.Conn, early []byte) *WebSocket {
	t := &WebSocket{conn: conn}
	t.rest = bytes.Clone(early)
	if t.line = takeOver(conn, t); t.line != nil {
		t.conn = nil // let go of it
	}
	_, secured := conn.(*tls.Conn)
	t.early = len(early) > 0 || secured
	return t
}

// Deflate says that the client has been answered what [Extension] returned, so that
// messages may be compressed. It is called before the connection is accepted, if at all.
func (t *WebSocket) Deflate() { t.deflate = true }

// Handler is given the text messages of a client, one after another. It does what takes no
// waiting and returns the rest, which may take its time, or nil if that was all. A message
// is the handler's own only during the call.
type Handler func(message []byte) (rest func())

func (h Handler) all(message []byte) {
	if rest := h(message); rest != nil {
		rest()
	}
}

// LetIn decides about the client at from, whose request has the given head (its line and
// its header, up to the empty line). To let the client in, it calls upgrade with the
// answer that turns the connection into a WebSocket, has the transport that it returns
// served, unless that is nil because the line is gone, and returns true. Otherwise it
// returns false. The head is its own only during the call. The answer leaves together with
// the first message.
type LetIn func(head []byte, from netip.AddrPort, upgrade func(answer []byte) *WebSocket) bool

// line is a TCP connection that was taken over from the runtime, with TLS over it or without.
type line interface {
	// listen has the socket told whenever there is something to read.
	listen(*reactor) error
	// tryRead and tryWrite do what can be done without waiting. If there is nothing to
	// read, that is errNothing; what the other side has ended is io.EOF.
	tryRead(b []byte) (int, error)
	tryWrite(b []byte) (int, error)
	// write writes all of b, and fails at the deadline.
	write(b []byte, deadline time.Time) error
	closeWrite()
	close()
}

// errNothing says that there is nothing to read now.
var errNothing error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "nothing to read yet" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true } // crypto/tls goes on after such an error

func (t *WebSocket) opening() (b []byte) {
	b, t.answer = t.answer, nil
	return b
}

func (t *WebSocket) bytes(f frame) []byte {
	if t.deflate && f.common != nil && len(f.json()) >= worthDeflating {
		return f.deflated()
	}
	return f.webSocket()
}

func (t *WebSocket) tryWrite(b []byte) (int, error) {
	if t.line == nil {
		return 0, errWaits
	}
	return t.line.tryWrite(b)
}

func (t *WebSocket) write(b []byte, deadline time.Time) error {
	if t.line != nil {
		return t.line.write(b, deadline)
	}
	if err := t.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := t.conn.Write(b)
	return err
}

var pingFrame = ws.MustCompileFrame(ws.NewPingFrame(nil))

func (t *WebSocket) ping() ([]byte, bool) { return pingFrame, true }

const (
	// farewell is how long a client has to take in the close frame.
	farewell = time.Second
	// maxUnread is how many bytes a client may still send after it.
	maxUnread = 1 << 20
)

// close sends a close frame, unless that would come in the middle of another frame.
// Whoever reads then goes on until the client has closed its side: to close at once,
// with something unread, would take the close frame from the client again.
func (t *WebSocket) close(code CloseCode, midFrame bool) {
	if midFrame {
		t.hangUp()
		return
	}
	f := ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "")))
	if t.line != nil {
		_, _ = t.line.tryWrite(f)
		t.line.closeWrite()
		time.AfterFunc(farewell, t.hangUp)
		return
	}
	_ = t.conn.SetReadDeadline(time.Now().Add(farewell))
	go func() { _ = t.write(f, time.Now().Add(farewell)) }()
}

// hangUp ends the line, whatever is under way.
func (t *WebSocket) hangUp() {
	if t.line != nil {
		t.line.close()
		return
	}
	_ = t.conn.Close()
}

// Serve has each text message of the client handled, from now until the connection ends, by
// the client's doing or by c.Close. Every sign of life is reported to c.
func (t *WebSocket) Serve(c *Conn, message Handler) {
	t.c, t.message = c, message
	if t.line == nil {
		go t.readAll()
		return
	}
	if t.early {
		t.turn.Store(taken)
	}
	if err := t.line.listen(&c.hub.reactor); err != nil {
		c.hub.log.Error("connection not listened to", "err", err)
		c.Close(CloseInternal)
		return
	}
	if t.early {
		c.hub.crew.do(func() { t.read(nil, nil) })
	}
}

// readAll reads a connection that no reactor reads.
func (t *WebSocket) readAll() {
	defer t.hangUp()
	// Looking things up takes a deep stack, and this goroutine keeps its own for as
	// long as the connection lasts: so messages are handled on others.
	handle := t.message
	t.message = func(b []byte) func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			handle.all(b)
		}()
		<-done
		return nil
	}
	for more := t.takeIn(nil, nil); more; {
		b := make([]byte, 512)
		n, err := t.conn.Read(b)
		more = t.takeIn(b[:n], err)
	}
}

// takeIn takes in what was read from the connection, and reports whether to go on
// reading.
func (t *WebSocket) takeIn(b []byte, err error) bool {
	if t.ended() {
		t.unread += len(b)
		return err == nil && t.unread <= maxUnread
	}
	code := t.feed(b, t.c, t.message.all)
	if code == 0 && err != nil {
		code = CloseNormal // the line is gone; nobody will read the code
	}
	if code != 0 {
		t.c.Close(code)
	}
	return err == nil
}

func (t *WebSocket) ended() bool {
	select {
	case <-t.c.done:
		return true
	default:
		return false
	}
}

// Whose turn it is to read a line.
const (
	free  = iota // whoever is told next that there is something
	taken        // somebody is reading
	again        // and must look again: more has come
)

// begin reports whether it is the caller's turn to read, who must call end when there
// is nothing more. If it is not, whoever reads will look again.
func (t *WebSocket) begin() bool {
	for {
		if t.turn.CompareAndSwap(free, taken) {
			return true
		}
		if t.turn.CompareAndSwap(taken, again) || t.turn.Load() == again {
			return false
		}
	}
}

// end ends the caller's turn, and reports whether it may: if not, more has come.
func (t *WebSocket) end() bool {
	if t.turn.CompareAndSwap(taken, free) {
		return true
	}
	t.turn.Store(taken)
	return false
}

// took is called by the reactor, which waits meanwhile, with the first n bytes of buf
// read in the turn that it began; last says that no more will come after them, which is not
// told again. What most lines say, most of the time, is handled here:
// the answer to a ping, or one short message. All else is the crew's.
func (t *WebSocket) took(buf []byte, n int, err error, last bool) {
	var rest func()
	switch whole := err == nil && n < len(buf) && len(t.rest) == 0 && !last; {
	case err == errNothing && !last:
	case whole && isPong(buf[:n]):
		t.c.Heard()
	case whole && t.isMessage(buf[:n]) && !t.ended():
		if code := t.feed(buf[:n], t.c, func(b []byte) { rest = t.message(b) }); code != 0 {
			rest = func() { t.c.Close(code) }
		}
	default:
		b := bytes.Clone(buf[:n])
		t.c.hub.crew.do(func() { t.read(b, err) })
		return
	}
	if rest != nil || !t.end() {
		t.c.hub.crew.do(func() {
			if rest != nil {
				rest()
			}
			t.read(nil, nil)
		})
	}
}

// readSize is how much is read at once; most messages are far smaller.
const readSize = 4 << 10

var readBuffers = sync.Pool{New: func() any { b := make([]byte, readSize); return &b }}

// read takes in what was read, then reads until there is nothing more.
func (t *WebSocket) read(b []byte, err error) {
	buf := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(buf)
	for {
		if err == errNothing {
			if t.end() {
				return
			}
			err = nil
		}
		if !t.takeIn(b, err) {
			t.hangUp()
			return
		}
		var n int
		n, err = t.line.tryRead(*buf)
		b = (*buf)[:n]
	}
}
