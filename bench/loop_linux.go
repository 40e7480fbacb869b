package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/muster-live/muster/client"
)

// loop reads all connections in one thread. A goroutine for each would cost a
// wake-up and a stack switch per frame, on cores that the server needs.
type loop struct {
	epoll int
	start time.Time // what receipts count from

	mu    sync.Mutex
	lines []*line

	reading sync.Mutex // held while lines are read: what is in them is the loop's then

	gone chan *line // those whose server was killed, to be brought back; nil: none is to be

	acks atomic.Int64 // of check-ins
	news atomic.Int64 // when something other than a ping came in last, in ns from start
	stop atomic.Bool
	done chan struct{}
}

// newLoop starts a loop for about size lines.
func newLoop(size int) (*loop, error) {
	if err := allowFiles(size + 256); err != nil {
		return nil, err
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	l := &loop{epoll: fd, start: time.Now(), done: make(chan struct{})}
	go l.run()
	return l, nil
}

// allowFiles raises the limit of open files if it is too low.
func allowFiles(want int) error {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if r.Cur >= uint64(want) {
		return nil
	}
	r.Cur, r.Max = uint64(want), max(r.Max, uint64(want))
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return fmt.Errorf("so many connections need %d open files: raise the limit with `ulimit -n %d` (%w)", want, want, err)
	}
	return nil
}

// add takes a connection over.
func (l *loop) add(c *client.Conn, ln *line) error {
	conn, rest := c.Detach()
	fd, err := duplicate(conn)
	// The duplicate is unknown to the runtime, which would else be woken as well.
	if err := errors.Join(err, conn.Close()); err != nil {
		return fmt.Errorf("take a connection over: %w", err)
	}
	ln.fd, ln.closed, ln.pending = fd, false, nil
	if answer, _ := ln.take(rest, l.micros(time.Now())); len(answer) > 0 {
		if _, err := unix.Write(fd, answer); err != nil {
			return fmt.Errorf("answer a ping: %w", err)
		}
	}
	l.mu.Lock()
	if !ln.lost {
		ln.place = len(l.lines)
		l.lines = append(l.lines, ln)
	}
	// Edge-triggered, the kernel looks at a connection once for each frame, not twice.
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(ln.place)}
	l.mu.Unlock()
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &e)
}

func duplicate(c net.Conn) (fd int, err error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0, errors.New("not a plain TCP connection: measure over http, not https")
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	errControl := raw.Control(func(f uintptr) { fd, err = unix.FcntlInt(f, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, errors.Join(err, errControl)
}

// micros returns a moment as receipts have it.
func (l *loop) micros(t time.Time) uint32 { return uint32(t.Sub(l.start) / time.Microsecond) }

func (l *loop) run() {
	defer close(l.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	buf := make([]byte, 256<<10)
	events := make([]unix.EpollEvent, 512)
	for !l.stop.Load() {
		const look = 100 // ms, to see whether to stop
		n, err := unix.EpollWait(l.epoll, events, look)
		if err != nil && err != unix.EINTR {
			panic(fmt.Sprintf("bench: epoll: %v", err)) // only a mistake of ours does this
		}
		l.mu.Lock()
		lines := l.lines
		l.mu.Unlock()
		l.reading.Lock()
		for _, e := range events[:max(n, 0)] {
			ended := e.Events&^unix.EPOLLIN != 0
			l.read(lines[e.Fd], buf, ended)
		}
		l.reading.Unlock()
	}
}

// behind reports whether a line that is open has not seen what others of its room have,
// or were answered. Lines to which deltas come in any order are not looked at, nor, unless
// all are back, those whose server was killed: somebody else has them in hand.
func (l *loop) behind(allBack bool) bool {
	l.mu.Lock()
	lines := slices.Clone(l.lines)
	l.mu.Unlock()
	l.reading.Lock()
	defer l.reading.Unlock()
	lines = slices.DeleteFunc(lines, func(ln *line) bool { return ln.anyOrder || ln.lost && !allBack })
	heads := make(map[int]uint32)
	for _, ln := range lines {
		heads[ln.session] = max(heads[ln.session], ln.last, ln.ack.to)
	}
	return slices.ContainsFunc(lines, func(ln *line) bool { return !ln.closed && ln.last < heads[ln.session] })
}

// read takes in all that there is to be read of a line, up to its end if it has one.
func (l *loop) read(ln *line, buf []byte, ended bool) {
	for more := true; more && !ln.closed; {
		n, err := unix.Read(ln.fd, buf)
		now := time.Now()
		more = n == len(buf) || err == unix.EINTR || ended && n > 0
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
		case err != nil || n == 0:
			ln.closed = true
		default:
			acked := ln.acked
			answer, news := ln.take(buf[:n], l.micros(now))
			if ln.acked && !acked {
				l.acks.Add(1)
			}
			if news {
				l.news.Store(int64(now.Sub(l.start)))
			}
			if len(answer) > 0 {
				_, _ = unix.Write(ln.fd, answer) // the server hangs up if it does not get it, and we note that
			}
		}
	}
	if !ln.closed {
		return
	}
	_ = unix.Close(ln.fd) // and so it is no longer waited for
	ln.fd = -1
	if l.gone != nil && ln.url == 0 && !ln.lost {
		ln.lost = true
		l.gone <- ln
		return
	}
	ln.note("connection lost")
}

// send sends check-ins when they are due, in order, and returns by how much it was
// late itself.
func (l *loop) send(ctx context.Context, plan []sending) (late *Histogram, err error) {
	late = new(Histogram)
	done := make(chan struct{})
	go func() {
		defer close(done)
		// For a wake-up on time, this thread's timers may not be put together with
		// others. The thread ends with the goroutine.
		runtime.LockOSThread()
		if err = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
			return
		}
		for _, s := range plan {
			if err = l.sleepUntil(ctx, s.at); err != nil {
				return
			}
			late.Add(l.micros(time.Now()) - s.at)
			if _, errWrite := unix.Write(s.line.fd, s.frame); errWrite != nil {
				err = fmt.Errorf("send a check-in: %w", errWrite)
				return
			}
		}
	}()
	<-done
	return late, err
}

func (l *loop) sleepUntil(ctx context.Context, at uint32) error {
	for {
		left := time.Until(l.start.Add(micros(at)))
		if left <= 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		ts := unix.NsecToTimespec(int64(min(left, 100*time.Millisecond)))
		if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &ts, nil); err != nil && err != unix.EINTR {
			return fmt.Errorf("sleep: %w", err)
		}
	}
}

// quiet waits until nothing but pings has come in for a while, and calls look again and
// again meanwhile.
func (l *loop) quiet(ctx context.Context, while time.Duration, look func() error) error {
	const lookEvery = 50 * time.Millisecond
	from := time.Since(l.start)
	for {
		if err := look(); err != nil {
			return err
		}
		left := while - (time.Since(l.start) - max(from, time.Duration(l.news.Load())))
		if left <= 0 {
			return nil
		}
		if err := hold(ctx, min(left, lookEvery)); err != nil {
			return err
		}
	}
}

// end stops the loop and closes all connections. After it, the lines are the
// caller's.
func (l *loop) end() error {
	l.stop.Store(true)
	<-l.done
	errs := []error{unix.Close(l.epoll)}
	for _, ln := range l.lines {
		if ln.fd >= 0 {
			errs = append(errs, unix.Close(ln.fd))
		}
	}
	return errors.Join(errs...)
}
