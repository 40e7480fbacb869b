// Package client is an ordinary client of the live protocol, muster.v1, as
// docs/protocol.md describes it. The load generator and the demo's simulated
// students come in through it.
package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/attendance"
)

// Subprotocol is what client and server agree on at the upgrade.
const Subprotocol = "muster.v1"

// maxMessage is the largest message taken from a server, in bytes. A board's
// snapshot of 100,000 students fits.
const maxMessage = 32 << 20

// Conn is a live connection. One goroutine may read while another one sends.
type Conn struct {
	conn net.Conn
	r    *bufio.Reader
}

// Room is what a client takes part in, and from where on.
type Room struct {
	Session  attendance.SessionID
	Audience string // "board", "display" or "student"
	Seq      *int64 // the last that the client has seen; nil: it has seen nothing yet
	Roster   int64  // of the last snapshot that a board has
}

// Dial connects to the server at base, such as http://127.0.0.1:8080, with the token
// of a sign-in or of a display. The first message has the state of the room, or what of it
// the client has missed, or says why it is not let in.
func Dial(ctx context.Context, base, token string, in Room) (*Conn, error) {
	target, err := webSocketURL(base)
	if err != nil {
		return nil, err
	}
	query := url.Values{"audience": {in.Audience}}
	if in.Seq != nil {
		query.Set("seq", strconv.FormatInt(*in.Seq, 10))
		query.Set("roster", strconv.FormatInt(in.Roster, 10))
	}
	target = target.JoinPath("/api/v1/sessions", strconv.FormatInt(int64(in.Session), 10), "live")
	target.RawQuery = query.Encode()
	return dial(ctx, target.String(), ws.Dialer{
		Protocols: []string{Subprotocol},
		Header:    ws.HandshakeHeaderHTTP(http.Header{"Authorization": {"Bearer " + token}}),
	})
}

// DialOther connects to the WebSocket of a server that is not muster, such as one that
// it is compared with.
func DialOther(ctx context.Context, address string) (*Conn, error) {
	target, err := webSocketURL(address)
	if err != nil {
		return nil, err
	}
	return dial(ctx, target.String(), ws.Dialer{})
}

// dial connects, and insists on the subprotocol that d offers.
func dial(ctx context.Context, target string, d ws.Dialer) (*Conn, error) {
	conn, early, hs, err := d.Dial(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", target, err)
	}
	if len(d.Protocols) > 0 && hs.Protocol != d.Protocols[0] {
		return nil, errors.Join(fmt.Errorf("connect to %s: the server does not speak %s", target, d.Protocols[0]), conn.Close())
	}
	if early == nil { // else it has the server's first words
		early = bufio.NewReaderSize(conn, 1024)
	}
	return &Conn{conn: conn, r: early}, nil
}

func webSocketURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return nil, fmt.Errorf("address of the server %q: expected one such as http://127.0.0.1:8080", address)
	}
	return u, nil
}

// Frame returns a message as the bytes that go over the line.
func Frame(message []byte) []byte {
	b, err := ws.CompileFrame(ws.MaskFrame(ws.NewTextFrame(message)))
	if err != nil {
		panic(err) // only a reader or writer could fail, and there is none
	}
	return b
}

// Send sends one message.
func (c *Conn) Send(message string) error {
	_, err := c.conn.Write(Frame([]byte(message)))
	return err
}

// CloseError says that the server has closed the connection.
type CloseError struct {
	Code int // as in docs/protocol.md
}

// Error implements the error interface.
func (e *CloseError) Error() string { return fmt.Sprintf("closed by the server with code %d", e.Code) }

// slowest is how long a frame that has begun may take to come in whole.
const slowest = 30 * time.Second

// Read returns the next message that begins to come in before the deadline; the zero
// deadline is none. It answers pings on the way. If there was no message, the error is
// [os.ErrDeadlineExceeded] and Read may be called again; if the server has closed the
// connection, it is a [CloseError].
func (c *Conn) Read(deadline time.Time) ([]byte, error) {
	for {
		if err := c.conn.SetReadDeadline(deadline); err != nil {
			return nil, err
		}
		if _, err := c.r.Peek(1); err != nil {
			return nil, err
		}
		if err := c.conn.SetReadDeadline(time.Now().Add(slowest)); err != nil {
			return nil, err
		}
		h, err := ws.ReadHeader(c.r)
		if err != nil {
			return nil, err
		}
		if h.Length > maxMessage || !h.Fin || h.Masked {
			return nil, fmt.Errorf("read a message: the server sent a frame of %d bytes (whole: %t, masked: %t), which this client does not take", h.Length, h.Fin, h.Masked)
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c.r, payload); err != nil {
			return nil, err
		}
		switch h.OpCode {
		case ws.OpText:
			return payload, nil
		case ws.OpPing:
			if _, err := c.conn.Write(Pong(payload)); err != nil {
				return nil, err
			}
		case ws.OpClose:
			code, _ := ws.ParseCloseFrameData(payload)
			return nil, &CloseError{int(code)}
		}
	}
}

// Pong returns the answer to a ping as the bytes that go over the line.
func Pong(payload []byte) []byte {
	b, err := ws.CompileFrame(ws.MaskFrame(ws.NewPongFrame(payload)))
	if err != nil {
		panic(err) // see Frame
	}
	return b
}

// Close says goodbye and closes the connection.
func (c *Conn) Close() error {
	f := ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second)) // Write tells
	return errors.Join(ws.WriteFrame(c.conn, f), c.conn.Close())
}

// Drop closes the connection as a phone does that is switched off: without a word.
func (c *Conn) Drop() error { return c.conn.Close() }

// Detach gives the line itself away, and what has been read of it but not yet been
// taken. The Conn must not be used any more.
func (c *Conn) Detach() (line net.Conn, rest []byte) {
	rest, _ = c.r.Peek(c.r.Buffered())
	return c.conn, bytes.Clone(rest)
}
