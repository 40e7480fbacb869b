package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/muster-live/muster/direct"
)

// front is a listener that stands before net/http's server and keeps the connections
// that it can make sockets of by itself.
type front struct {
	net.Listener
	file   *os.File // the same
	begins []byte
	letIn  LetIn
	crew   crew
	others chan accepted // are net/http's
	end    func()
	ended  chan struct{} // closed when no more come
}

type accepted struct {
	conn net.Conn
	err  error
}

// Front returns a listener for a [http.Server] that takes connections from the kernel
// itself and shows letIn those whose request begins as given and has come in whole. A
// live connection takes a fraction so of what it takes otherwise, and that is what
// thousands ask for at once when a node dies. A request is looked at without being taken
// out of the socket: if it is for something else, or not let in, it is the server's, as
// if nothing had happened.
//
// It is for plain HTTP over TCP. Any other listener is returned as it is.
func Front(l net.Listener, begins string, letIn LetIn) net.Listener {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return l
	}
	file, err := tcp.File() // listens to the same, and lets us take what comes
	if err != nil {
		return l
	}
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return l
	}
	// Its connections inherit these. If they cannot be set, those are but slower.
	_ = raw.Control(func(fd uintptr) {
		limitBacklog(int(fd))
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		// A client speaks first. Until it does, for a second at the most, we need not hear of it.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1)
	})
	f := &front{Listener: l, file: file, begins: []byte(begins), letIn: letIn, others: make(chan accepted), ended: make(chan struct{})}
	f.end = sync.OnceFunc(func() {
		close(f.ended)
		f.crew.close()
	})
	go f.run(raw)
	return f
}

// Accept implements [net.Listener].
func (f *front) Accept() (net.Conn, error) {
	select {
	case a := <-f.others:
		return a.conn, a.err
	case <-f.ended:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (f *front) Close() error {
	f.end()
	return errors.Join(f.file.Close(), f.Listener.Close())
}

// run takes connections until the listener is closed.
func (f *front) run(raw syscall.RawConn) {
	defer f.end()
	var (
		fd   int
		from netip.AddrPort
		err  syscall.Errno
	)
	take := func(listener uintptr) bool {
		fd, from, err = accept(listener)
		return err != unix.EAGAIN
	}
	for raw.Read(take) == nil {
		switch err {
		case 0:
			f.receive(fd, from)
		case unix.EINTR, unix.ECONNABORTED:
		default: // the server waits a little before it asks again
			f.give(accepted{err: &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", err)}})
		}
	}
}

// accept is accept4(2). The listener does not wait, so the scheduler need not hear of the
// call. The new connection is left able to wait, since each of our calls on it says that it
// will not: were it not, os.NewFile, in leave, would have the runtime's poller watch it.
func accept(listener uintptr) (fd int, from netip.AddrPort, err syscall.Errno) {
	var a unix.RawSockaddrInet6 // has room for an address of IPv4 too
	size := uint32(unsafe.Sizeof(a))
	n, _, err := syscall.RawSyscall6(unix.SYS_ACCEPT4, listener, uintptr(unsafe.Pointer(&a)), uintptr(unsafe.Pointer(&size)), unix.SOCK_CLOEXEC, 0, 0)
	if err != 0 {
		return -1, from, err
	}
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&a.Port))[:])
	if a.Family == unix.AF_INET {
		return int(n), netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(&a)).Addr), port), 0
	}
	return int(n), netip.AddrPortFrom(netip.AddrFrom16(a.Addr), port), 0
}

// maxHead is how much of a request is looked at; those of browsers have a quarter of it.
const maxHead = 4 << 10

var heads = sync.Pool{New: func() any { b := make([]byte, maxHead); return &b }}

// receive sees to a new connection.
func (f *front) receive(fd int, from netip.AddrPort) {
	buf := heads.Get().(*[]byte)
	n, err := direct.Receive(fd, *buf, unix.MSG_PEEK)
	head := (*buf)[:n]
	if end := bytes.Index(head, endOfHead); err == nil && end > 0 && bytes.HasPrefix(head, f.begins) {
		f.crew.do(func() {
			defer heads.Put(buf)
			upgrade := func(answer []byte) *WebSocket { return upgradeRaw(fd, head[:end+len(endOfHead)], answer) }
			if !f.letIn(head[:end+len(endOfHead)], from, upgrade) {
				f.leave(fd)
			}
		})
		return
	}
	heads.Put(buf)
	f.leave(fd)
}

// endOfHead is the empty line after a request's header.
var endOfHead = []byte("\r\n\r\n")

// upgradeRaw takes a request out of the socket, in which it is, and returns the transport,
// over which the answer has yet to be sent. If that cannot be, the connection is closed and
// there is none.
func upgradeRaw(fd int, request, answer []byte) *WebSocket {
	n, err := direct.Receive(fd, request, 0)
	if err == nil && n == len(request) {
		t := &WebSocket{answer: answer}
		t.line = &descriptor{socket: t, fd: fd}
		return t
	}
	_ = unix.Close(fd)
	return nil
}

// leave leaves a connection to the server.
func (f *front) leave(fd int) {
	file := os.NewFile(uintptr(fd), "connection")
	conn, err := net.FileConn(file)
	_ = file.Close() // conn has a descriptor of its own
	if err == nil {  // else there are too few, as the next accept will say
		f.give(accepted{conn: conn})
	}
}

func (f *front) give(a accepted) {
	select {
	case f.others <- a:
	case <-f.ended:
		if a.conn != nil {
			_ = a.conn.Close()
		}
	}
}
