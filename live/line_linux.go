package live

import (
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/muster-live/muster/direct"
)

// notSentLimit is how many bytes the kernel may keep for a connection before it says
// that no more can be taken. What waits there cannot be replaced by something newer.
const notSentLimit = 32 << 10

// descriptor is a [line]: a connection whose descriptor is ours.
type descriptor struct {
	socket *WebSocket

	mu       sync.Mutex // nobody uses a number that may be another connection's by now
	fd       int        // -1 once it is closed
	held     int        // batches that use it just now: the number is not to be another's yet
	ended    bool       // to be closed by the last of them
	reactor  *reactor
	writable chan struct{} // has room for one: there may be room to write again. Nil: nobody waits
}

// takeOver takes a connection from the runtime for a socket, or returns nil if that
// cannot be.
func takeOver(conn net.Conn, t *WebSocket) line {
	switch conn := conn.(type) {
	case *net.TCPConn:
		if fd := take(conn); fd >= 0 {
			return &descriptor{socket: t, fd: fd}
		}
	case *tls.Conn:
		below, ok := conn.NetConn().(*carrier)
		if !ok {
			return nil
		}
		if fd := take(below.TCPConn); fd >= 0 {
			below.line = &secured{descriptor: descriptor{socket: t, fd: fd}, tls: conn}
			below.TCPConn = new(net.TCPConn) // which does nothing, and takes no memory
			return below.line
		}
	}
	return nil
}

// take returns a descriptor of a connection that the runtime has let go of, or -1.
func take(conn *net.TCPConn) int {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1
	}
	own := -1
	if raw.Control(func(fd uintptr) { own, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }) != nil || err != nil {
		return -1
	}
	_ = conn.Close() // the runtime lets go; the connection lives on in our descriptor
	limitBacklog(own)
	return own
}

// limitBacklog sets notSentLimit. Without it a connection works too.
func limitBacklog(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLimit)
}

// Reads and writes here never wait, so the scheduler need not hear of them.

func (l *descriptor) tryWrite(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 || l.ended {
		return 0, net.ErrClosed
	}
	n, err := direct.Send(l.fd, b)
	if err == unix.EAGAIN {
		err = nil
	}
	return n, err
}

func (l *descriptor) tryRead(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 || l.ended {
		return 0, net.ErrClosed
	}
	n, err := direct.Receive(l.fd, b, 0)
	switch {
	case err == unix.EAGAIN:
		err = errNothing
	case n == 0 && err == nil:
		err = io.EOF
	}
	return n, err
}

func (l *descriptor) write(b []byte, deadline time.Time) error {
	return l.writeBy(l.tryWrite, b, deadline)
}

// writeBy writes all of b by try, and waits for room until the deadline.
func (l *descriptor) writeBy(try func(b []byte) (int, error), b []byte, deadline time.Time) error {
	l.mu.Lock()
	if l.writable == nil {
		l.writable = make(chan struct{}, 1)
	}
	writable := l.writable
	l.mu.Unlock()
	limit := time.NewTimer(time.Until(deadline))
	defer limit.Stop()
	for {
		n, err := try(b)
		if b = b[n:]; err != nil || len(b) == 0 {
			return err
		}
		select {
		case <-writable:
		case <-limit.C:
			return os.ErrDeadlineExceeded
		}
	}
}

// hold returns the descriptor's number, which stays its own until release; it is -1 if
// the line is closed.
func (l *descriptor) hold() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held++
	return l.fd
}

func (l *descriptor) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held--; l.ended && l.held == 0 {
		l.end()
	}
}

// canWrite says that there is room again, or that there will never be.
func (l *descriptor) canWrite() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell()
}

func (l *descriptor) tell() {
	select {
	case l.writable <- struct{}{}:
	default:
	}
}

func (l *descriptor) closeWrite() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd >= 0 {
		_ = unix.Shutdown(l.fd, unix.SHUT_WR)
	}
}

func (l *descriptor) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 {
		return
	}
	if l.ended = true; l.held == 0 {
		l.end()
	}
}

// end is close with the lock held, when nobody holds the number.
func (l *descriptor) end() {
	if l.reactor != nil {
		l.reactor.remove(l.fd) // first: once closed, the number may be another's
	}
	_ = unix.Close(l.fd)
	l.fd, l.ended = -1, false
	l.tell()
}

func (l *descriptor) listen(r *reactor) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 {
		return nil // closed by the server meanwhile
	}
	l.reactor = r
	return r.add(l, l.fd)
}

// reactor says when there is something to read from lines, or room to write to them.
// It starts with the first one.
type reactor struct {
	mu     sync.Mutex
	epoll  *os.File      // in the hands of the runtime's own poller, which knows when to look
	fd     int           // of epoll
	lines  []*descriptor // by number
	closed bool

	// Of run alone.
	batch   batch
	calls   []lineCall
	buffers [batchSize][512]byte
}

// add has a line told from now on, and at once if there is something already.
func (r *reactor) add(l *descriptor, fd int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil // the hub has said goodbye to it already
	}
	if r.epoll == nil {
		if err := r.start(); err != nil {
			return err
		}
	}
	for len(r.lines) <= fd {
		r.lines = append(r.lines, nil)
	}
	r.lines[fd] = l
	const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(r.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: edges & math.MaxUint32, Fd: int32(fd)}))
}

func (r *reactor) start() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create", err)
	}
	// What may block, the runtime's poller would not take.
	if err := unix.SetNonblock(fd, true); err != nil {
		return errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fd))
	}
	r.epoll, r.fd = os.NewFile(uintptr(fd), "epoll"), fd
	raw, err := r.epoll.SyscallConn()
	if err != nil {
		return errors.Join(err, r.epoll.Close())
	}
	go r.run(raw)
	return nil
}

func (r *reactor) remove(fd int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fd < len(r.lines) { // else it was never added
		r.lines[fd] = nil
	}
}

// find returns the line with a descriptor, or nil if it is closed.
func (r *reactor) find(fd int32) *descriptor {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines[fd]
}

// run tells lines until the reactor is closed. Nothing that it calls waits.
func (r *reactor) run(epoll syscall.RawConn) {
	defer r.batch.close()
	events := make([]unix.EpollEvent, 256)
	n := 0
	look := func(fd uintptr) bool {
		n = ready(fd, events)
		return n > 0
	}
	for epoll.Read(look) == nil {
		for part := range slices.Chunk(events[:n], batchSize) {
			r.tell(part)
		}
	}
}

// ready is epoll_wait(2) that does not wait, of which the scheduler need not hear. It
// returns how many events there are.
func ready(epoll uintptr, events []unix.EpollEvent) int {
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, epoll, uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if err != 0 {
		return 0
	}
	return int(n)
}

// tell reads those lines that have something, and tells the others that there is room.
func (r *reactor) tell(events []unix.EpollEvent) {
	r.calls = r.calls[:0]
	for i, e := range events {
		l := r.find(e.Fd)
		if l == nil {
			continue
		}
		if e.Events&unix.EPOLLOUT != 0 {
			l.canWrite()
		}
		if e.Events&^unix.EPOLLOUT != 0 && l.socket.begin() {
			last := e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
			if s, ok := l.socket.line.(*secured); ok {
				s.look(r.buffers[i][:], last)
				continue
			}
			r.calls = append(r.calls, lineCall{line: l, opcode: opReceive, b: r.buffers[i][:], last: last})
		}
	}
	r.batch.do(r.calls)
	for _, c := range r.calls {
		c.line.socket.took(c.b, c.n, c.err, c.last)
	}
	clear(r.calls) // so that they are not kept
}

// close ends run, and hangs up the lines that are still there.
func (r *reactor) close() {
	r.mu.Lock()
	r.closed = true
	if r.epoll != nil {
		_ = r.epoll.Close()
	}
	lines := slices.Clone(r.lines)
	r.mu.Unlock()
	for _, l := range lines {
		if l != nil {
			l.close()
		}
	}
}

// noticeSilence has the kernel give up a connection on which nothing that was sent has
// been acknowledged for so long (RFC 5482). Without it a dead line is noticed later.
func noticeSilence(conn *net.TCPConn, limit time.Duration) {
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
		})
	}
}
