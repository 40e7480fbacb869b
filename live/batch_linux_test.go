package live

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newLine returns a line and its other end.
func newLine(t *testing.T) (*descriptor, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	line := takeOver(near.(*net.TCPConn), nil)
	if line == nil {
		t.Fatal("the connection was not taken over")
	}
	t.Cleanup(line.close)
	return line.(*descriptor), far.(*net.TCPConn)
}

// batches are one with a ring, one that has none, and one whose ring fails.
func batches(t *testing.T) map[string]*batch {
	t.Helper()
	all := make(map[string]*batch)
	for _, name := range []string{"ring", "none", "broken"} {
		b := &batch{flusher: newFlusher(slog.New(slog.DiscardHandler))}
		if name != "none" && !b.ready() {
			t.Log("no io_uring here: it is not tested")
			continue
		}
		switch name {
		case "none":
			b.close()
		case "broken":
			if err := unix.Close(b.ring.fd); err != nil {
				t.Fatal(err)
			}
			b.ring.fd = -1 // else its number would soon be another's
		}
		t.Cleanup(b.close)
		all[name] = b
	}
	return all
}

// Whether the kernel is called once for all lines or once for each, the same comes of it.
func TestABatchWritesWhatEachLineTakes(t *testing.T) {
	for name, b := range batches(t) {
		t.Run(name, func(t *testing.T) {
			good, far := newLine(t)
			full, _ := newLine(t)
			closed, _ := newLine(t)
			gone, goneFar := newLine(t)
			for n := 1; n > 0; {
				var err error
				if n, err = full.tryWrite(make([]byte, 64<<10)); err != nil {
					t.Fatal(err)
				}
			}
			closed.close()
			if err := errors.Join(goneFar.SetLinger(0), goneFar.Close()); err != nil { // a reset
				t.Fatal(err)
			}
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // it has come
				if _, err := gone.tryRead(make([]byte, 1)); err != errNothing {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("no reset")
				}
			}

			message := []byte("hello")
			calls := []lineCall{
				{line: full, opcode: opSend, b: message}, {line: closed, opcode: opSend, b: message},
				{line: gone, opcode: opSend, b: message}, {line: good, opcode: opSend, b: message},
			}
			b.do(calls)
			if c := calls[0]; c.n != 0 || c.err != nil {
				t.Errorf("a full line: %d bytes, %v; want 0, nil", c.n, c.err)
			}
			if c := calls[1]; c.n != 0 || !errors.Is(c.err, net.ErrClosed) {
				t.Errorf("a closed line: %d bytes, %v; want 0, %v", c.n, c.err, net.ErrClosed)
			}
			if c := calls[2]; c.n != 0 || c.err == nil {
				t.Errorf("a line that was reset: %d bytes, no error", c.n)
			}
			if c := calls[3]; c.n != len(message) || c.err != nil {
				t.Errorf("a good line: %d bytes, %v; want all, nil", c.n, c.err)
			}
			good.close()
			if got, err := io.ReadAll(far); string(got) != string(message) || err != nil {
				t.Errorf("through the good line came %q, %v", got, err)
			}
		})
	}
}

func TestABatchReadsWhatEachLineHas(t *testing.T) {
	for name, b := range batches(t) {
		t.Run(name, func(t *testing.T) {
			full, far := newLine(t)
			silent, _ := newLine(t)
			ended, endedFar := newLine(t)
			closed, _ := newLine(t)
			if _, err := far.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			if err := endedFar.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			closed.close()
			for _, l := range []*descriptor{full, ended} { // it has come
				_, err := unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}, 60_000)
				for err == unix.EINTR {
					_, err = unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}, 60_000)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			calls := make([]lineCall, 4)
			for i, l := range []*descriptor{full, silent, ended, closed} {
				calls[i] = lineCall{line: l, opcode: opReceive, b: make([]byte, 16)}
			}
			b.do(calls)
			if c := calls[0]; string(c.b[:c.n]) != "hello" || c.err != nil {
				t.Errorf("read %q, %v", c.b[:c.n], c.err)
			}
			for i, want := range []error{errNothing, io.EOF, net.ErrClosed} {
				if c := calls[i+1]; c.n != 0 || !errors.Is(c.err, want) {
					t.Errorf("line %d: %d bytes, %v; want 0, %v", i+1, c.n, c.err, want)
				}
			}
		})
	}
}

// A ring is a circle that is gone round again and again.
func TestARingIsUsedAgainAndAgain(t *testing.T) {
	for name, b := range batches(t) {
		t.Run(name, func(t *testing.T) {
			lines := make([]lineCall, 5) // not a divisor of its size
			fars := make([]*net.TCPConn, len(lines))
			for i := range lines {
				lines[i].line, fars[i] = newLine(t)
				lines[i].opcode = opSend
			}
			const rounds = 100
			for round := range rounds {
				for i := range lines {
					lines[i].b = []byte{byte(i), byte(round)}
				}
				b.do(lines)
				for i, l := range lines {
					if l.n != 2 || l.err != nil {
						t.Fatalf("round %d, line %d: %d bytes, %v", round, i, l.n, l.err)
					}
				}
			}
			for i, far := range fars {
				got := make([]byte, 2*rounds)
				if _, err := io.ReadFull(far, got); err != nil {
					t.Fatal(err)
				}
				for round := range rounds {
					if got[2*round] != byte(i) || got[2*round+1] != byte(round) {
						t.Fatalf("line %d, round %d: came %v", i, round, got[2*round:2*round+2])
					}
				}
			}
		})
	}
}

// The number of a line that is closed while a batch uses it must not become another
// connection's: what is meant for the one would be sent to the other.
func TestALineThatIsUsedIsClosedAfterwards(t *testing.T) {
	l, far := newLine(t)
	fd := l.hold()
	l.close()
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
		t.Fatalf("the number is free while it is used: %v", err)
	}
	if _, err := l.tryWrite([]byte("more")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("it can be written to: %v", err)
	}
	l.release()
	if got, err := io.ReadAll(far); len(got) != 0 || err != nil {
		t.Errorf("the other end sees %q, %v; want the end", got, err)
	}
}
