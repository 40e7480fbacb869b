package live

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/unix"
)

// far is the other end of a secured line.
type far struct {
	*tls.Conn
	below *net.TCPConn
	keys  bytes.Buffer // in NSS's format
}

// newSecured returns a line over which a version of TLS is spoken, and its other end.
func newSecured(t *testing.T, version uint16) (*secured, *far) {
	t.Helper()
	near, f := handshaken(t, version)
	line, ok := takeOver(near, nil).(*secured)
	if !ok {
		t.Fatal("the connection was not taken over")
	}
	t.Cleanup(line.close)
	return line, f
}

// handshaken returns a connection that is the runtime's still, and its other end.
func handshaken(t *testing.T, version uint16) (*tls.Conn, *far) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // has a certificate
	defer web.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	l := tls.NewListener(BelowTLS(tcp), &tls.Config{Certificates: web.TLS.Certificates})
	conn, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	f := &far{below: conn.(*net.TCPConn)}
	f.Conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, KeyLogWriter: &f.keys})
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- near.(*tls.Conn).Handshake() }()
	if err := errors.Join(f.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	return near.(*tls.Conn), f
}

func bothVersions(t *testing.T, test func(*testing.T, *secured, *far)) {
	t.Parallel()
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			line, f := newSecured(t, version)
			test(t, line, f)
		})
	}
}

// comes waits until the line has something to read.
func comes(t *testing.T, l *secured) {
	t.Helper()
	for {
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}, 60_000); n == 1 {
			return
		} else if err != unix.EINTR {
			t.Fatalf("nothing came: %v", err)
		}
	}
}

// gets reads so many bytes from the line.
func gets(t *testing.T, l *secured, size int) []byte {
	t.Helper()
	b := make([]byte, size)
	for n := 0; n < size; {
		k, err := l.tryRead(b[n:])
		if n += k; err == errNothing {
			comes(t, l)
		} else if err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	return b
}

func (l *secured) kept() int {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	if l.records == nil {
		return 0
	}
	return len(*l.records) - l.sent
}

// random returns so many bytes that are not any others.
func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b)
	return b
}

func TestASecuredLineKeepsLittleOfWhatTheKernelDoesNotTake(t *testing.T) {
	bothVersions(t, func(t *testing.T, line *secured, f *far) {
		sent := random(16 << 20) // more than any buffer takes
		n, err := line.tryWrite(sent)
		if n == len(sent) || err != nil {
			t.Fatalf("%d bytes of %d were taken, %v", n, len(sent), err)
		}
		if k := line.kept(); k == 0 || k > maxKept {
			t.Errorf("%d bytes are kept", k)
		}
		kept := line.kept()
		for range 3 { // who is behind gets nothing newer
			if k, err := line.tryWrite(sent[n:]); k != 0 || err != nil || line.kept() > kept {
				t.Fatalf("%d bytes more were taken, %v; %d kept", k, err, line.kept())
			}
		}
		got := make(chan []byte)
		go func() {
			b := make([]byte, len(sent))
			k, _ := io.ReadFull(f, b)
			got <- b[:k]
		}()
		told := time.NewTicker(time.Millisecond) // in the reactor's place
		defer told.Stop()
		go func() {
			for range told.C {
				line.canWrite()
			}
		}()
		if err := line.write(sent[n:], time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(<-got, sent) {
			t.Error("something else has come")
		}
		if line.records != nil || line.kept() != 0 {
			t.Error("memory is kept for nothing")
		}
	})
}

func TestASecuredLineThatIsStuckFailsAtTheDeadline(t *testing.T) {
	bothVersions(t, func(t *testing.T, line *secured, f *far) {
		if err := line.write(random(16<<20), time.Now().Add(100*time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it says %v", err)
		}
	})
}

func TestASecuredLineReadsRecordsOfAnySize(t *testing.T) {
	bothVersions(t, func(t *testing.T, line *secured, f *far) {
		if _, err := line.tryRead(make([]byte, 1)); err != errNothing {
			t.Fatalf("before anything came: %v", err)
		}
		for _, size := range []int{1, 5, 600, 16 << 10, 40 << 10} {
			b := random(size)
			go func() { _, _ = f.Write(b) }()
			if !bytes.Equal(gets(t, line, size), b) {
				t.Fatalf("of %d bytes came others", size)
			}
		}
		if n, err := line.tryRead(make([]byte, 1)); n != 0 || err != errNothing {
			t.Errorf("after everything came %d bytes, %v", n, err)
		}
	})
}

func TestTheEndOfASecuredLineIsToldByTLS(t *testing.T) {
	line, f := newSecured(t, tls.VersionTLS12) // in which it can be seen
	if n, err := line.tryWrite([]byte("bye")); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	line.closeWrite()
	b, err := io.ReadAll(f.below)
	if err != nil {
		t.Fatal(err)
	}
	var last byte
	for len(b) > 5 {
		last, b = b[0], b[5+int(binary.BigEndian.Uint16(b[3:])):]
	}
	const alert = 21 // RFC 5246, section 6.2.1
	if last != alert {
		t.Errorf("the last record is of type %d", last)
	}
	if _, err := f.Write([]byte("still here")); err != nil { // and half of it is still open
		t.Fatal(err)
	}
	if got := gets(t, line, 10); string(got) != "still here" {
		t.Errorf("after the end came %q", got)
	}
	f.below.Close()
	comes(t, line)
	if _, err := line.tryRead(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the other end: %v", err)
	}
}

// A record that was changed on the way ends the line, and the other end is told.
func TestASecuredLineTakesNothingForged(t *testing.T) {
	bothVersions(t, func(t *testing.T, line *secured, f *far) {
		if _, err := f.below.Write(append([]byte{23, 3, 3, 0, 40}, random(40)...)); err != nil {
			t.Fatal(err)
		}
		comes(t, line)
		if n, err := line.tryRead(make([]byte, 100)); n != 0 || err == nil || err == errNothing {
			t.Fatalf("read %d bytes, %v", n, err)
		}
		if n, err := line.tryWrite([]byte("more")); n != 0 || err == nil {
			t.Errorf("%d bytes more were written, %v", n, err)
		}
		line.closeWrite()
		_, err := f.Read(make([]byte, 1))
		if op := new(net.OpError); !errors.As(err, &op) || op.Op != "remote error" {
			t.Errorf("the other end sees %v", err)
		}
	})
}

func TestABatchWritesToSecuredLines(t *testing.T) {
	for name, b := range batches(t) {
		t.Run(name, func(t *testing.T) {
			plain, plainFar := newLine(t)
			fars := []io.Reader{plainFar}
			calls := []lineCall{{line: plain, opcode: opSend, b: []byte("hello")}}
			var lines []*secured
			for range 3 {
				l, f := newSecured(t, tls.VersionTLS13)
				records, err := l.seal([]byte("hello"))
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(records, []byte("hello")) {
					t.Error("what is sent can be read")
				}
				calls = append(calls, lineCall{line: &l.descriptor, opcode: opSend, b: records})
				lines, fars = append(lines, l), append(fars, f)
			}
			b.do(calls)
			for i, l := range lines {
				if n := l.took(calls[i+1].n); n != 5 || calls[i+1].err != nil {
					t.Errorf("line %d: %d bytes written, %v", i, n, calls[i+1].err)
				}
			}
			for i, f := range fars {
				got := make([]byte, 5)
				if _, err := io.ReadFull(f, got); string(got) != "hello" || err != nil {
					t.Errorf("line %d: came %q, %v", i, got, err)
				}
			}
		})
	}
}

// sealer writes records of TLS 1.3 in place of the other end, which does not change its
// keys by itself.
type sealer struct {
	*far
	secret []byte
	seq    uint64
}

func (f *far) sealer(t *testing.T) *sealer {
	t.Helper()
	for line := range strings.Lines(f.keys.String()) {
		if w := strings.Fields(line); w[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(w[2])
			if err != nil {
				t.Fatal(err)
			}
			return &sealer{far: f, secret: secret}
		}
	}
	t.Fatal("no secret")
	return nil
}

// expand is HKDF-Expand-Label (RFC 8446, section 7.1).
func (s *sealer) expand(label string, size int) []byte {
	label = "tls13 " + label
	info := append(append([]byte{0, byte(size), byte(len(label))}, label...), 0)
	b, err := hkdf.Expand(sha256.New, s.secret, string(info), size)
	if err != nil {
		panic(err)
	}
	return b
}

// aead is the cipher that was agreed on, of those that have SHA-256 for their keys: Go takes
// the second one where the processor has no AES.
func (s *sealer) aead() cipher.AEAD {
	var aead cipher.AEAD
	var err error
	switch suite := s.ConnectionState().CipherSuite; suite {
	case tls.TLS_AES_128_GCM_SHA256:
		block, _ := aes.NewCipher(s.expand("key", 16))
		aead, err = cipher.NewGCM(block)
	case tls.TLS_CHACHA20_POLY1305_SHA256:
		aead, err = chacha20poly1305.New(s.expand("key", chacha20poly1305.KeySize))
	default:
		err = fmt.Errorf("cipher suite %s is not one of these", tls.CipherSuiteName(suite))
	}
	if err != nil {
		panic(err)
	}
	return aead
}

// record returns a record with one content of one type.
func (s *sealer) record(kind byte, content string) []byte {
	aead := s.aead()
	nonce := s.expand("iv", 12)
	for i := range 8 {
		nonce[4+i] ^= byte(s.seq >> (56 - 8*i))
	}
	s.seq++
	inner := append([]byte(content), kind)
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(inner)+aead.Overhead()))
	return aead.Seal(head, nonce, inner, head)
}

const (
	handshake, data = 22, 23
	updateKeys      = "\x18\x00\x00\x01\x01" // and do so too (RFC 8446, section 4.6.3)
)

// update returns a record that announces new keys, and uses these from then on.
func (s *sealer) update() []byte {
	r := s.record(handshake, updateKeys)
	s.secret, s.seq = s.expand("traffic upd", 32), 0
	return r
}

func TestKeysMayChangeOnASecuredLine(t *testing.T) {
	line, f := newSecured(t, tls.VersionTLS13)
	s := f.sealer(t)
	for range 3 {
		stream := append(s.record(data, "before"), s.update()...)
		stream = append(stream, s.record(data, "after")...)
		for _, b := range stream { // it is never all there
			if _, err := f.below.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if got := gets(t, line, 11); string(got) != "beforeafter" {
			t.Fatalf("came %q", got)
		}
		if line.kept() == 0 {
			t.Error("there is no answer")
		}
		if n, err := line.tryWrite([]byte("hello")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(f, got); string(got) != "hello" || err != nil { // by the new keys, or it would fail
			t.Fatalf("the other end got %q, %v", got, err)
		}
	}
}

// Who has keys changed again and again, and is written nothing meanwhile, is not answered for
// ever: the line ends.
func TestASecuredLineDoesNotKeepAnswersWithoutEnd(t *testing.T) {
	line, f := newSecured(t, tls.VersionTLS13)
	s := f.sealer(t)
	for range 300 {
		var stream []byte
		for range 10 {
			stream = append(stream, s.update()...)
		}
		if _, err := f.below.Write(append(stream, s.record(data, "x")...)); err != nil {
			t.Fatal(err)
		}
		comes(t, line)
		var err error
		for err == nil {
			_, err = line.tryRead(make([]byte, 1))
		}
		if k := line.kept(); k > maxKept {
			t.Fatalf("%d bytes are kept", k)
		}
		if err != errNothing {
			if n, err := line.tryWrite([]byte("hello")); n != 0 || err == nil {
				t.Errorf("writing goes on: %d, %v", n, err)
			}
			return
		}
	}
	t.Error("the line goes on")
}

const hi = "\x81\x82\x00\x00\x00\x00hi" // a message, masked by nothing

// listenTo has what a socket hears told to the channel.
func listenTo(t *testing.T, socket *WebSocket) (*Conn, Handler, <-chan string) {
	t.Helper()
	hub := &Hub{log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() {
		hub.reactor.close()
		hub.crew.close()
	})
	heard := make(chan string, 100)
	c := &Conn{hub: hub, out: socket, done: make(chan struct{}), closed: true} // of no hub that would see it off
	return c, func(b []byte) func() { heard <- string(b); return nil }, heard
}

// hears waits for so many messages.
func hears(t *testing.T, heard <-chan string, count int) {
	t.Helper()
	for range count {
		select {
		case b := <-heard:
			if b != "hi" {
				t.Errorf("message %q", b)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("of %d messages some have not come", count)
		}
	}
}

// The reactor reads two records at the most. Of what is left in tls.Conn nobody tells it.
func TestTheReactorLeavesManyRecordsToTheCrew(t *testing.T) {
	for name, contents := range map[string][]string{
		"one":                 {hi},
		"two":                 {hi, hi},
		"twenty":              strings.SplitAfter(strings.Repeat(hi, 20), "hi"),
		"halves, and another": {hi[:5], hi[5:], hi},
		"all in one":          {strings.Repeat(hi, 100)},
	} {
		t.Run(name, func(t *testing.T) {
			line, f := newSecured(t, tls.VersionTLS13)
			socket := &WebSocket{line: line}
			line.socket = socket
			var heard <-chan string
			socket.c, socket.message, heard = listenTo(t, socket)
			s := f.sealer(t)
			var stream []byte
			for _, c := range contents {
				if c != "" {
					stream = append(stream, s.record(data, c)...)
				}
			}
			if _, err := f.below.Write(stream); err != nil {
				t.Fatal(err)
			}
			comes(t, line)
			if !socket.begin() {
				t.Fatal("it is somebody's turn")
			}
			line.look(make([]byte, 512), false)
			hears(t, heard, strings.Count(strings.Join(contents, ""), hi))
		})
	}
}

// What net/http has read together with the request, without having asked for it, is in
// tls.Conn when the connection is taken over.
func TestWhatTLSHasReadAlreadyIsHeard(t *testing.T) {
	near, f := handshaken(t, tls.VersionTLS13)
	s := f.sealer(t)
	if _, err := f.below.Write(append(s.record(data, "request"), s.record(data, hi)...)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(near, make([]byte, len("request"))); err != nil {
		t.Fatal(err)
	}
	socket := NewWebSocket(near, nil)
	t.Cleanup(socket.hangUp)
	c, message, heard := listenTo(t, socket)
	socket.Serve(c, message)
	hears(t, heard, 1)
}
