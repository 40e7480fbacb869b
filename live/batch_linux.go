package live

import (
	"io"
	"net"
	"slices"

	"github.com/muster-live/muster/direct"
)

// batchSize is how many lines are read or written by one call of the kernel, those of a
// shard: so few that it takes no longer than a garbage collection may be kept waiting.
const batchSize = shardSize

// batch reads and writes many lines by one call of the kernel, where it has io_uring: the
// way into it is a good part of what a small write takes. It is used by one goroutine at a
// time.
type batch struct {
	flusher *flusher
	ring    *ring // nil: none yet, or there cannot be one
	without bool  // there cannot be one

	lines []lineCall
	calls []ringCall
	conns []*Conn // of lines, while they are pumped
}

// lineCall is tryRead or tryWrite of a line, and what it returns.
type lineCall struct {
	line   *descriptor
	opcode uint8 // opReceive or opSend
	b      []byte
	n      int
	err    error
	last   bool // nothing comes after what is received

	rest   []byte   // what is to be written, of which b is what is sent
	sealed *secured // nil: b is the same as rest
}

func (c *lineCall) make() {
	if c.opcode == opSend {
		c.n, c.err = c.line.tryWrite(c.b)
	} else {
		c.n, c.err = c.line.tryRead(c.b)
	}
}

// pump does what [Conn.pump] does, for each of them.
func (b *batch) pump(conns []*Conn) {
	for part := range slices.Chunk(conns, batchSize) {
		b.lines, b.conns = b.lines[:0], b.conns[:0]
		for _, c := range part {
			t, ok := c.out.(*WebSocket)
			if !ok || t.line == nil {
				c.pump()
				continue
			}
			if rest := c.begin(); len(rest) > 0 {
				b.add(c, t.line, rest)
			}
		}
		b.do(b.lines)
		for i, c := range b.conns {
			l := &b.lines[i]
			if l.sealed != nil {
				l.n = l.sealed.took(l.n)
			}
			if c.wrote(l.rest, l.n, l.err) {
				c.pump() // what has come meanwhile
			}
		}
		clear(b.lines) // so that they are not kept
		clear(b.conns)
		direct.GiveWay() // to whoever passes on what was written, or waits to write to others
	}
}

// add has rest written over a line of c's by the next do, or writes it at once.
func (b *batch) add(c *Conn, over line, rest []byte) {
	call := lineCall{opcode: opSend, b: rest, rest: rest}
	switch l := over.(type) {
	case *descriptor:
		call.line = l
	case *secured:
		if len(rest) > sealAtOnce {
			if n, err := l.tryWrite(rest); c.wrote(rest, n, err) {
				c.pump()
			}
			return
		}
		var err error
		if call.b, err = l.seal(rest); err != nil {
			c.wrote(rest, 0, err)
			return
		}
		call.line, call.sealed = &l.descriptor, l
	}
	b.lines, b.conns = append(b.lines, call), append(b.conns, c)
}

// do makes at most batchSize calls, each of another line.
func (b *batch) do(lines []lineCall) {
	if len(lines) < 2 || !b.ready() {
		for i := range lines {
			lines[i].make()
		}
		return
	}
	b.calls = b.calls[:0]
	for i := range lines {
		l := &lines[i]
		b.calls = append(b.calls, ringCall{opcode: l.opcode, fd: l.line.hold(), b: l.b})
	}
	if err := b.ring.do(b.calls); err != nil {
		b.close()
		b.flusher.withoutRing(err)
	}
	for i := range lines {
		l, c := &lines[i], &b.calls[i]
		l.line.release()
		switch l.n, l.err = c.n, c.err; {
		case !c.made:
			l.make()
		case c.fd < 0:
			l.err = net.ErrClosed
		case c.opcode == opSend && c.err == errNothing:
			l.err = nil
		case c.opcode == opReceive && c.n == 0 && c.err == nil:
			l.err = io.EOF
		}
	}
	clear(b.calls)
}

// ready reports whether there is a ring.
func (b *batch) ready() bool {
	if b.ring == nil && !b.without {
		var err error
		if b.ring, err = newRing(batchSize); err != nil {
			b.without = true
			b.flusher.withoutRing(err)
		}
	}
	return b.ring != nil
}

// close gives back what the batch has; from then on it does without.
func (b *batch) close() {
	if b.ring != nil {
		b.ring.close()
	}
	b.ring, b.without = nil, true
}
