package live

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// Subprotocol is the WebSocket subprotocol spoken here (docs/protocol.md).
const Subprotocol = "muster.v1"

// notSentLimit is how many bytes the kernel may keep for a connection before it says
// that no more can be taken. What waits there cannot be replaced by something newer.
const notSentLimit = 32 << 10

// WebSocket is a transport over an upgraded connection. A plain TCP connection is
// written to without ever waiting, and needs no buffer while it is silent; any other
// one (TLS, say) is written to by the goroutine that drains slow connections.
type WebSocket struct {
	conn net.Conn
	raw  syscall.RawConn // nil if conn is not plain TCP

	// The callbacks for raw are made once, and their arguments passed in fields,
	// so that reading and writing allocate nothing.
	writeFn  func(fd uintptr) bool
	out      []byte
	written  int
	writeErr error
	readFn   func(fd uintptr) bool
	in       *[]byte
	got      int
	readErr  error

	parser
}

// NewWebSocket returns the transport over a connection that has been upgraded;
// early is what the client has sent after its request already.
func NewWebSocket(conn net.Conn, early []byte) *WebSocket {
	t := &WebSocket{conn: conn}
	t.rest = bytes.Clone(early)
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			t.raw = raw
			t.writeFn, t.readFn = t.writeNow, t.readNow
			raw.Control(func(fd uintptr) {
				// Without it the connection works too; only its backlog is longer.
				_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLimit)
			})
		}
	}
	return t
}

func (t *WebSocket) bytes(f frame) []byte { return f.webSocket() }

func (t *WebSocket) tryWrite(b []byte) (int, error) {
	if t.raw == nil {
		return 0, nil
	}
	t.out, t.written, t.writeErr = b, 0, nil
	err := t.raw.Write(t.writeFn)
	t.out = nil
	if err == nil {
		err = t.writeErr
	}
	return t.written, err
}

// writeNow always says that it is done, so that the runtime never waits for the
// connection to be writable.
func (t *WebSocket) writeNow(fd uintptr) bool {
	for {
		n, err := unix.Write(int(fd), t.out)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
		case err != nil:
			t.writeErr = err
		default:
			t.written = n
		}
		return true
	}
}

func (t *WebSocket) write(b []byte, deadline time.Time) error {
	if err := t.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := t.conn.Write(b)
	// A deadline that stayed would make the next tryWrite fail once it has passed.
	return errors.Join(err, t.conn.SetWriteDeadline(time.Time{}))
}

var pingFrame = ws.MustCompileFrame(ws.NewPingFrame(nil))

func (t *WebSocket) ping() ([]byte, bool) { return pingFrame, true }

// farewell is how long a client has to take in the close frame.
const farewell = time.Second

// close sends a close frame, unless that would come in the middle of another frame.
// Whoever reads then goes on until the client has closed its side: to close at once,
// with something unread, would take the close frame from the client again.
func (t *WebSocket) close(code CloseCode, midFrame bool) {
	if midFrame {
		_ = t.conn.Close()
		return
	}
	f := ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "")))
	_ = t.conn.SetReadDeadline(time.Now().Add(farewell))
	if tcp, ok := t.conn.(*net.TCPConn); ok && t.raw != nil {
		_, _ = t.tryWrite(f)
		_ = tcp.CloseWrite()
		return
	}
	go func() { _ = t.write(f, time.Now().Add(farewell)) }()
}

// readSize is how much is read at once; most messages are far smaller.
const readSize = 4 << 10

var readBuffers = sync.Pool{New: func() any { b := make([]byte, readSize); return &b }}

// Serve hands each text message to message until the connection ends, by the client's
// doing or by c.Close, and returns when it is closed. The bytes of a message are the
// callee's only during the call. Every sign of life is reported to c.
func (t *WebSocket) Serve(c *Conn, message func([]byte)) {
	code := t.feed(nil, c, message)
	for code == 0 {
		b, release, err := t.read()
		code = t.feed(b, c, message)
		release()
		if err != nil && code == 0 {
			code = CloseNormal // the line is gone; nobody will read the code
		}
	}
	c.Close(code)
	for range maxUnread / readSize {
		_, release, err := t.read()
		release()
		if err != nil {
			break
		}
	}
	_ = t.conn.Close()
}

// maxUnread is how many bytes a client may still send after the close frame.
const maxUnread = 1 << 20

// read waits for something to read and returns it; its bytes are the caller's until
// release.
func (t *WebSocket) read() (b []byte, release func(), err error) {
	if t.raw == nil {
		b = make([]byte, 512)
		n, err := t.conn.Read(b)
		return b[:n], func() {}, err
	}
	t.in, t.got, t.readErr = nil, 0, nil
	if err = t.raw.Read(t.readFn); err == nil {
		err = t.readErr
	}
	buf := t.in
	if buf == nil {
		return nil, func() {}, err
	}
	if t.got == 0 && err == nil {
		err = io.EOF
	}
	return (*buf)[:t.got], func() { readBuffers.Put(buf) }, err
}

// readNow holds a buffer only if there is something to read.
func (t *WebSocket) readNow(fd uintptr) bool {
	buf := readBuffers.Get().(*[]byte)
	for {
		n, err := unix.Read(int(fd), *buf)
		switch err {
		case nil:
			t.in, t.got = buf, n
			return true
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			readBuffers.Put(buf)
			return false
		}
		readBuffers.Put(buf)
		t.readErr = err
		return true
	}
}

// parser takes a client's byte stream apart into messages (RFC 6455).
type parser struct {
	rest     []byte // the beginning of a frame that has not come in whole
	message  []byte // the fragments so far of a message in several frames
	fragment bool
}

// feed takes in more of the stream. It returns the code to close with, or 0 to go on.
func (p *parser) feed(b []byte, c *Conn, message func([]byte)) CloseCode {
	if len(p.rest) > 0 {
		p.rest = append(p.rest, b...)
		b = p.rest
	}
	for {
		h, body, size, code := p.next(b)
		if code != 0 {
			return code
		}
		if size == 0 {
			break
		}
		b = b[size:]
		ws.Cipher(body, h.Mask, 0)
		c.Heard()
		if code := p.take(h, body, c, message); code != 0 {
			return code
		}
	}
	if len(b) == 0 {
		p.rest = nil
	} else {
		p.rest = bytes.Clone(b)
	}
	return 0
}

// next finds the first frame in b; its size is 0 if it is not all there yet.
func (p *parser) next(b []byte) (h ws.Header, body []byte, size int, code CloseCode) {
	r := bytes.NewReader(b)
	h, err := ws.ReadHeader(r)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return h, nil, 0, 0
	}
	state := ws.StateServerSide
	if p.fragment {
		state = state.Set(ws.StateFragmented)
	}
	if err != nil || ws.CheckHeader(h, state) != nil {
		return h, nil, 0, CloseProtocol
	}
	if h.Length+int64(len(p.message)) > MaxMessage {
		return h, nil, 0, CloseTooLarge
	}
	head := len(b) - r.Len()
	if int64(r.Len()) < h.Length {
		return h, nil, 0, 0
	}
	size = head + int(h.Length)
	return h, b[head:size], size, 0
}

func (p *parser) take(h ws.Header, body []byte, c *Conn, message func([]byte)) CloseCode {
	switch h.OpCode {
	case ws.OpPong:
		return 0
	case ws.OpPing:
		c.send(finish(append(newFrame(len(body)), body...)).as(ws.OpPong))
		return 0
	case ws.OpClose:
		return CloseNormal
	case ws.OpBinary:
		return CloseNotText
	}
	if p.fragment = !h.Fin; p.fragment || p.message != nil {
		p.message = append(p.message, body...)
		if p.fragment {
			return 0
		}
		body, p.message = p.message, nil
	}
	if !utf8.Valid(body) {
		return CloseBadText
	}
	message(body)
	return 0
}

// as returns the frame with another opcode.
func (f frame) as(op ws.OpCode) frame {
	f.buf[f.head] = 0x80 | byte(op)
	return f
}
