package bench

import (
	"bytes"
	"slices"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/client"
)

// receipt is one delta as it arrived: the events it brought, and when, in
// microseconds from the start of the run.
type receipt struct {
	from, to, at uint32
}

// line is one connection with what came in over it. Once it is in a loop, only the
// loop touches it.
type line struct {
	fd      int
	session int // index of its room
	student int // index in its room; -1: the board
	pending []byte

	last     uint32 // seq of the newest event it has seen
	receipts []receipt
	again    int // deltas that brought nothing new
	acked    bool
	ack      receipt
	trouble  map[string]int // what went wrong, by what it is called in the result
	closed   bool

	anyOrder bool // of deltas; each is of one check-in

	url   int  // index of the server it first went to
	lost  bool // with that server, as was meant to happen
	place int  // in the loop
}

// sending is a check-in that is to be sent at a time.
type sending struct {
	line  *line
	at    uint32 // µs from the loop's start
	frame []byte
}

func (l *line) note(trouble string) {
	if l.trouble == nil {
		l.trouble = make(map[string]int)
	}
	l.trouble[trouble]++
}

// take takes in what was read at a time, and returns what has to be sent in answer.
// It reports whether there was anything but pings in it.
func (l *line) take(b []byte, at uint32) (answer []byte, news bool) {
	if len(l.pending) > 0 {
		l.pending = append(l.pending, b...)
		b = l.pending
	}
	for {
		op, payload, rest, ok, err := nextFrame(b)
		if err != nil {
			l.note("not a frame of this protocol")
			l.closed = true
			return answer, news
		}
		if !ok {
			break
		}
		b = rest
		switch op {
		case ws.OpPing:
			answer = append(answer, client.Pong(slices.Clone(payload))...)
		case ws.OpText:
			for text := range bytes.Lines(payload) { // more than one in a dialect only
				l.message(scan(text), at)
			}
			news = true
		case ws.OpClose:
			code, _ := ws.ParseCloseFrameData(payload)
			l.note((&client.CloseError{Code: int(code)}).Error())
			l.closed = true
		}
	}
	l.pending = append(l.pending[:0], b...)
	return answer, news
}

func (l *line) message(m message, at uint32) {
	switch m.kind {
	case deltaMessage, snapshotMessage:
		if l.anyOrder {
			if m.kind == deltaMessage {
				l.receipts = append(l.receipts, receipt{m.to, m.to, at})
			}
			return
		}
		if m.kind == snapshotMessage {
			m.from = l.last + 1 // it brings everything up to its seq
		}
		if m.to <= l.last {
			l.again++
			return
		}
		if m.from != l.last+1 {
			l.note("gap between deltas")
		}
		l.receipts = append(l.receipts, receipt{m.from, m.to, at})
		l.last = m.to
	case ackMessage:
		if m.to < m.from {
			l.note("check-in changed nothing")
			return
		}
		l.acked, l.ack = true, receipt{m.from, m.to, at}
	case errorMessage:
		l.note("error " + m.code)
	case unknownMessage:
		l.note("message of a kind not in the protocol")
	}
}
