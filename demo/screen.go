package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/client"
)

// message is what the demo's clients look at in a message from the server.
type message struct {
	T      string          `json:"t"`
	Seq    *int64          `json:"seq"` // snapshot
	To     *int64          `json:"to"`  // delta, ack
	Status string          `json:"status"`
	ID     string          `json:"id"` // ack, error
	Code   string          `json:"code"`
	Codes  json.RawMessage `json:"codes"`
	Start  int64           `json:"start"`
	Step   int64           `json:"step"`
}

// screen is a client in one session that comes back when its line breaks, as the
// protocol says.
type screen struct {
	url, token string
	session    attendance.SessionID
	audience   string
	conn       *client.Conn // nil while there is none
	seq        int64        // the newest that has been applied; 0: none
	closed     bool         // the session is
	heard      func(message)
	stop       func() bool // of ending the line with the context
}

// watch takes messages in until a time or until the session is closed, through broken
// lines too. It returns an error only if ctx ends or the server will not have this
// client.
func (s *screen) watch(ctx context.Context, until time.Time) error {
	for tries := 0; ; {
		err := s.connect(ctx)
		for err == nil {
			if s.closed {
				return nil
			}
			var b []byte
			if b, err = s.conn.Read(until); err == nil {
				var state bool
				if state, err = s.take(b); state {
					tries = 0 // it is in, and not turned away for now
				}
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
			return nil
		}
		s.drop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if stay := (*client.CloseError)(nil); errors.As(err, &stay) && stay.Code == closeForbidden {
			return err
		}
		pause := rand.N(min(10*time.Second, 250*time.Millisecond<<min(tries, 6)))
		tries++
		if wake := time.Now().Add(pause); wake.After(until) {
			return sleepUntil(ctx, until)
		}
		if err := sleepUntil(ctx, time.Now().Add(pause)); err != nil {
			return err
		}
	}
}

// closeForbidden is the close code after which coming back makes no sense.
const closeForbidden = 4003

// connect connects, if that has not been done.
func (s *screen) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	room := client.Room{Session: s.session, Audience: s.audience}
	if s.seq > 0 {
		room.Seq = &s.seq
	}
	c, err := client.Dial(ctx, s.url, s.token, room)
	if err != nil {
		return err
	}
	s.conn = c
	s.stop = context.AfterFunc(ctx, func() { _ = c.Drop() }) // or Read would not return
	return nil
}

// take applies a message, and reports whether it told the state.
func (s *screen) take(b []byte) (state bool, err error) {
	var m message
	if err := json.Unmarshal(b, &m); err != nil {
		return false, fmt.Errorf("a message from the server: %w", err)
	}
	switch {
	case m.T == "snapshot" && m.Seq != nil:
		s.seq, state = *m.Seq, true
	case m.T == "delta" && m.To != nil:
		s.seq, state = *m.To, true
	}
	if m.Status != "" {
		s.closed = m.Status == "closed"
	}
	if s.heard != nil {
		s.heard(m)
	}
	return state, nil
}

// leave says goodbye.
func (s *screen) leave() { s.end((*client.Conn).Close) }

// drop ends the line without a word.
func (s *screen) drop() { s.end((*client.Conn).Drop) }

func (s *screen) end(how func(*client.Conn) error) {
	if s.conn == nil {
		return
	}
	s.stop()
	_ = how(s.conn) // the line may have broken already
	s.conn = nil
}

// sleepUntil waits until a time.
func sleepUntil(ctx context.Context, t time.Time) error {
	select {
	case <-time.After(time.Until(t)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
