package direct

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Conn returns a connection that is c, which is the new one's from now on, but for how it
// is read and written. A connection of which the kernel's cannot be had, such as one that
// is encrypted, is returned as it is.
func Conn(c net.Conn) net.Conn {
	s, ok := c.(syscall.Conn)
	if !ok {
		return c
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return c
	}
	return &conn{c, raw}
}

type conn struct {
	net.Conn
	raw syscall.RawConn
}

// Read implements [net.Conn].
func (c *conn) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	var failed error
	err = c.raw.Read(func(fd uintptr) bool {
		n, failed = Receive(int(fd), b, 0)
		return failed != unix.EAGAIN
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, c.fail("read", failed)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [net.Conn].
func (c *conn) Write(b []byte) (done int, err error) {
	var failed error
	err = c.raw.Write(func(fd uintptr) bool {
		for done < len(b) {
			var n int
			if n, failed = Send(int(fd), b[done:]); failed != nil {
				return failed != unix.EAGAIN
			}
			done += n
		}
		return true
	})
	if err == nil && failed != nil {
		err = c.fail("write", failed)
	}
	return done, err
}

func (c *conn) fail(what string, err error) error {
	return &net.OpError{Op: what, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(what, err)}
}

// Send is send(2) on a socket, without waiting and without telling the scheduler. What the
// kernel has no room for is not taken; if that is all of b, the error is EAGAIN.
func Send(fd int, b []byte) (int, error) { return call(unix.SYS_SENDTO, fd, b, 0) }

// Receive is recv(2) on a socket, with flags such as MSG_PEEK, without waiting and without
// telling the scheduler. If there is nothing yet, the error is EAGAIN.
func Receive(fd int, b []byte, flags int) (int, error) {
	return call(unix.SYS_RECVFROM, fd, b, flags)
}

// GiveWay lets others that wait for this processor go first, other processes too. Those are
// who has just been woken: Redis, the database, another node, a proxy. The kernel would have
// them wait until this thread has had its turn, in which it can write to several hundred
// connections. Nobody waiting, it takes less than a microsecond.
func GiveWay() { _, _, _ = syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) } // never fails

// Sockets have less to do for these than for write(2) and read(2).
func call(number uintptr, fd int, b []byte, flags int) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(number, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(flags|unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL), 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
