package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// servers are those that this program can be.
var servers = map[string]func(serving) error{
	"bare":       func(s serving) error { return serveBare(s, false) },
	"batched":    func(s serving) error { return serveBare(s, true) },
	"centrifuge": serveCentrifuge,
}

// bare is the least that can be done: one thread that waits on epoll, and writes for
// each check-in one frame, made once, to one socket after another. If it is batched, a
// frame is for all check-ins of a room that were there to be read.
type bare struct {
	epoll   int
	batched bool

	mu    sync.Mutex // held by the thread while it does something
	conns map[int32]*bareConn
	rooms map[string]*bareRoom
}

type bareConn struct {
	fd   int
	room *bareRoom
	rest []byte
}

type bareRoom struct {
	conns    []int
	seq      int64
	told     int64
	checkIns []bareCheckIn // since then
}

type bareCheckIn struct {
	fd  int
	seq int64
}

func serveBare(s serving, batched bool) error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	b := &bare{epoll: fd, batched: batched, conns: make(map[int32]*bareConn), rooms: make(map[string]*bareRoom)}
	go b.run()
	mux := http.NewServeMux()
	mux.Handle("/api/v1/sessions/{session}/live", b)
	return http.ListenAndServe(s.listen, mux)
}

// ServeHTTP implements http.Handler: it takes connections from the runtime, and sends the
// snapshot together with the answer.
func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var answer bytes.Buffer
	conn, _, _, err := ws.HTTPUpgrader{Protocol: func(string) bool { return true }}.Upgrade(r, hijacker{w, &answer})
	if err != nil {
		return
	}
	answer.Write(ws.MustCompileFrame(ws.NewTextFrame([]byte(snapshot))))
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	own := -1
	if errors.Join(raw.Control(func(fd uintptr) { own, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }), err) != nil {
		return
	}
	_, _ = unix.Write(own, answer.Bytes())
	b.enter(r.PathValue("session"), own)
	_ = unix.EpollCtl(b.epoll, unix.EPOLL_CTL_ADD, own, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(own)})
}

// hijacker is a ResponseWriter whose answer is written to a buffer.
type hijacker struct {
	http.ResponseWriter
	answer *bytes.Buffer
}

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err == nil {
		rw.Writer.Reset(h.answer)
	}
	return conn, rw, err
}

func (b *bare) enter(session string, fd int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rooms[session]
	if r == nil {
		r = new(bareRoom)
		b.rooms[session] = r
	}
	r.conns = append(r.conns, fd)
	b.conns[int32(fd)] = &bareConn{fd: fd, room: r}
}

func (b *bare) run() {
	runtime.LockOSThread()
	events, buf := make([]unix.EpollEvent, 512), make([]byte, 64<<10)
	for {
		n, err := unix.EpollWait(b.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			panic(err)
		}
		b.mu.Lock()
		for _, e := range events[:max(0, n)] {
			c := b.conns[e.Fd]
			n, err := unix.Read(c.fd, buf)
			if err == unix.EAGAIN {
				continue
			}
			if n <= 0 { // one that is gone is noticed by the load generator
				_ = unix.Close(c.fd)
				continue
			}
			b.take(c, buf[:n])
		}
		for _, r := range b.rooms {
			r.tell()
		}
		b.mu.Unlock()
	}
}

func (b *bare) take(c *bareConn, in []byte) {
	c.rest = append(c.rest, in...)
	for {
		r := bytes.NewReader(c.rest)
		f, err := ws.ReadFrame(r)
		if err != nil {
			return // not all there yet
		}
		c.rest = c.rest[len(c.rest)-r.Len():]
		if f = ws.UnmaskFrameInPlace(f); f.Header.OpCode == ws.OpText {
			c.room.checkIn(c.fd, b.batched)
		}
	}
}

func (r *bareRoom) checkIn(fd int, batched bool) {
	r.seq++
	r.checkIns = append(r.checkIns, bareCheckIn{fd, r.seq})
	if !batched {
		r.tell()
	}
}

// tell tells everybody, then who asked.
func (r *bareRoom) tell() {
	if len(r.checkIns) == 0 {
		return
	}
	frame := ws.MustCompileFrame(ws.NewTextFrame(delta(r.told+1, r.seq)))
	for _, fd := range r.conns {
		_, _ = unix.Write(fd, frame)
	}
	for _, c := range r.checkIns {
		tellOne(c.fd, ack(c.seq))
	}
	r.told, r.checkIns = r.seq, r.checkIns[:0]
}

func tellOne(fd int, text []byte) {
	_, _ = unix.Write(fd, ws.MustCompileFrame(ws.NewTextFrame(text)))
}
