package live

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// BelowTLS returns a listener for a [http.Server] that speaks TLS itself, whose WebSockets
// can be taken over from the runtime as those over plain TCP are: what is below a [tls.Conn]
// cannot be exchanged later, so it is ours from the start.
func BelowTLS(l net.Listener) net.Listener { return belowTLS{l} }

type belowTLS struct{ net.Listener }

// Accept implements [net.Listener].
func (l belowTLS) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &carrier{TCPConn: tcp}, err
	}
	return conn, err
}

// carrier is what a [tls.Conn] reads and writes: a connection of the runtime's during the
// handshake and the request, and a line once it was taken over.
type carrier struct {
	*net.TCPConn
	line *secured
}

// Read implements [net.Conn].
func (c *carrier) Read(b []byte) (int, error) {
	if c.line != nil {
		return c.line.descriptor.tryRead(b)
	}
	return c.TCPConn.Read(b)
}

// Write implements [net.Conn].
func (c *carrier) Write(b []byte) (int, error) {
	if c.line != nil {
		return c.line.keep(b)
	}
	return c.TCPConn.Write(b)
}

// secured is a [line] over which TLS is spoken. A read that has nothing leaves tls.Conn as
// it was, which net/http relies on too, but a write that fails ends it: so what it writes is
// kept, and sent from there as far as the kernel takes it. Nothing is kept, and no memory for
// it, while there is nothing to send.
type secured struct {
	descriptor
	tls *tls.Conn

	// Of whoever writes: how many of the bytes that are to be written are sealed already. They
	// are not reported as written before all of their records are, so that who is behind is
	// so here as well, and nothing newer is sealed meanwhile.
	sealed int

	keeping sync.Mutex // also while others write: who reads may have to answer
	records *[]byte    // nil: there are none
	sent    int        // bytes of them
}

const (
	// sealAtOnce is how much is sealed before it is sent: what one record takes.
	sealAtOnce = 16 << 10
	// maxKept is how many bytes are kept: those and what TLS has to say itself, which only
	// somebody who means harm makes much.
	maxKept = 2 * sealAtOnce
)

var errTooMuchKept = errors.New("more to answer than is read")

var recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

// keep takes records in that are to be sent. Answers to the client's own TLS messages
// leave with whatever is written next, a ping at the latest (RFC 8446, section 4.6.3).
func (l *secured) keep(b []byte) (int, error) {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	if l.records == nil {
		l.records = recordBuffers.Get().(*[]byte)
	}
	if len(*l.records)-l.sent+len(b) > maxKept {
		return 0, errTooMuchKept
	}
	*l.records = append(*l.records, b...)
	return len(b), nil
}

// seal returns the records to send next for b, or for the beginning of it. It is followed
// by took.
func (l *secured) seal(b []byte) ([]byte, error) {
	if b = b[:min(len(b), sealAtOnce)]; l.sealed == 0 && len(b) > 0 {
		if _, err := l.tls.Write(b); err != nil {
			return nil, err
		}
		l.sealed = len(b)
	}
	l.keeping.Lock()
	defer l.keeping.Unlock()
	if l.records == nil {
		return nil, nil
	}
	return (*l.records)[l.sent:], nil
}

// took takes in that the kernel took the first n bytes of what seal returned, and returns
// how many bytes are written by that.
func (l *secured) took(n int) (written int) {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	if l.records == nil {
		return 0
	}
	if l.sent += n; l.sent < len(*l.records) {
		return 0
	}
	*l.records = (*l.records)[:0]
	recordBuffers.Put(l.records)
	l.records, l.sent = nil, 0
	written, l.sealed = l.sealed, 0
	return written
}

func (l *secured) tryWrite(b []byte) (n int, err error) {
	for {
		records, err := l.seal(b[n:])
		if err != nil || len(records) == 0 {
			return n, err
		}
		k, err := l.descriptor.tryWrite(records)
		written := l.took(k)
		if n += written; err != nil || written == 0 {
			return n, err
		}
	}
}

func (l *secured) write(b []byte, deadline time.Time) error {
	return l.writeBy(l.tryWrite, b, deadline)
}

func (l *secured) tryRead(b []byte) (int, error) { return l.tls.Read(b) }

// look reads for the reactor, in the turn that it began; last is as in [WebSocket.took].
func (l *secured) look(b []byte, last bool) {
	n, err := l.tryRead(b)
	if err == nil && n < len(b) {
		// That was a record. Others may be in tls.Conn, and nobody would be told of them.
		// Reading them all might take long, and is the crew's.
		more, next := l.tryRead(b[n:])
		n += more
		last = last || next != errNothing
	}
	l.socket.took(b, n, err, last)
}

func (l *secured) closeWrite() {
	_ = l.tls.CloseWrite()
	_, _ = l.tryWrite(nil)
	l.descriptor.closeWrite()
}
