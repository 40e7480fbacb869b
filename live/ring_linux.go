package live

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is an io_uring(7), by which one call of the kernel sends to many sockets, or
// receives from them. It is used by one goroutine at a time.
type ring struct {
	fd              int
	shared, entries []byte // memory that the kernel sees as well

	todo     []submission // as many as fit, in a circle
	todoTail *uint32

	done               []completion // likewise
	doneHead, doneTail *uint32
}

// ringCall is a send(2) or recv(2) that a ring is to make, and what came of it.
type ringCall struct {
	opcode uint8 // opSend or opReceive
	fd     int
	b      []byte
	made   bool
	n      int   // bytes
	err    error // errNothing if it would have had to wait
}

// What <linux/io_uring.h> calls them follows each name.
type (
	ringParams struct { // io_uring_params
		todo, done uint32 // how many of each there are
		_          [3]uint32
		features   uint32
		_          [4]uint32
		todoAt     struct { // io_sqring_offsets
			_, tail, _, _, _, _, order, _ uint32
			_                             uint64
		}
		doneAt struct { // io_cqring_offsets
			head, tail, _, _, _, results, _, _ uint32
			_                                  uint64
		}
	}
	submission struct { // io_uring_sqe
		opcode           uint8
		_                [3]byte
		fd               int32
		_                uint64
		address          uintptr
		length, msgFlags uint32
		index            uint64 // comes back with the result
		_                [3]uint64
	}
	completion struct { // io_uring_cqe
		index  uint64
		result int32 // bytes that were written, or the number of an error, negative
		_      uint32
	}
)

const (
	opSend       = 26        // IORING_OP_SEND
	opReceive    = 27        // IORING_OP_RECV
	waitForThem  = 1         // IORING_ENTER_GETEVENTS
	offsetTodo   = 0x1000000 // IORING_OFF_SQES, in units of 16
	fitForUs     = 1<<12 | 1 // IORING_FEAT_LINKED_FILE, of Linux 6.0, and IORING_FEAT_SINGLE_MMAP
	readAndWrite = unix.PROT_READ | unix.PROT_WRITE
	sharedNow    = unix.MAP_SHARED | unix.MAP_POPULATE
)

// newRing returns a ring for so many calls at once, a power of two. It fails where
// the kernel has none, or keeps it from us, as it does in most containers.
func newRing(calls int) (_ *ring, err error) {
	var p ringParams
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(calls), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, os.NewSyscallError("io_uring_setup", errno)
	}
	r := &ring{fd: int(fd)}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if p.features&fitForUs != fitForUs {
		return nil, errors.New("io_uring needs Linux 6.0 or newer")
	}
	size := max(p.todoAt.order+4*p.todo, p.doneAt.results+p.done*uint32(unsafe.Sizeof(completion{})))
	if r.shared, err = unix.Mmap(r.fd, 0, int(size), readAndWrite, sharedNow); err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	if r.entries, err = unix.Mmap(r.fd, offsetTodo<<4, int(p.todo)*int(unsafe.Sizeof(submission{})), readAndWrite, sharedNow); err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	at := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.shared[offset])) }
	for i, order := 0, unsafe.Slice(at(p.todoAt.order), p.todo); i < len(order); i++ {
		order[i] = uint32(i)
	}
	r.todo, r.todoTail = unsafe.Slice((*submission)(unsafe.Pointer(&r.entries[0])), p.todo), at(p.todoAt.tail)
	r.done, r.doneHead, r.doneTail = unsafe.Slice((*completion)(unsafe.Pointer(at(p.doneAt.results))), p.done), at(p.doneAt.head), at(p.doneAt.tail)
	return r, nil
}

// do makes calls, no more of them than the ring is for, each as far as it goes without
// waiting. After an error some may not have been made, and the ring is of no more use.
func (r *ring) do(calls []ringCall) error {
	tail := *r.todoTail
	for i := range calls {
		c := &calls[i]
		r.todo[tail%uint32(len(r.todo))] = submission{
			opcode: c.opcode, fd: int32(c.fd), index: uint64(i),
			address: uintptr(unsafe.Pointer(unsafe.SliceData(c.b))), length: uint32(len(c.b)), msgFlags: unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL,
		}
		tail++
	}
	atomic.StoreUint32(r.todoTail, tail)
	err := r.enter(len(calls))
	head := *r.doneHead
	for end := atomic.LoadUint32(r.doneTail); head != end; head++ {
		d := r.done[head%uint32(len(r.done))]
		c := &calls[d.index]
		c.made = true
		switch errno := syscall.Errno(-d.result); {
		case d.result >= 0:
			c.n = int(d.result)
		case errno == unix.EAGAIN || errno == unix.EINTR:
			c.err = errNothing
		default:
			c.err = errno
		}
	}
	atomic.StoreUint32(r.doneHead, head)
	runtime.KeepAlive(calls) // the kernel knows where their bytes are, the collector does not
	return err
}

// enter has the kernel make n calls. With MSG_DONTWAIT each is made, as far as it goes,
// before this returns; so the scheduler need not hear of it.
func (r *ring) enter(n int) error {
	for n > 0 {
		made, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(n), uintptr(n), waitForThem, 0, 0)
		switch errno {
		case 0:
			n -= int(made)
		case unix.EINTR:
		default:
			return os.NewSyscallError("io_uring_enter", errno)
		}
	}
	return nil
}

func (r *ring) close() {
	if r.entries != nil {
		_ = unix.Munmap(r.entries)
	}
	if r.shared != nil {
		_ = unix.Munmap(r.shared)
	}
	_ = unix.Close(r.fd)
}
