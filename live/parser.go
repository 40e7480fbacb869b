package live

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// parser takes a client's byte stream apart into messages (RFC 6455).
type parser struct {
	rest     []byte // the beginning of a frame that has not come in whole
	message  []byte // the fragments so far of a message in several frames
	fragment bool
	deflate  bool // messages may be compressed
	deflated bool // the one that is coming in is
}

// feed takes in more of the stream. It returns the code to close with, or 0 to go on.
func (p *parser) feed(b []byte, c *Conn, message func([]byte)) CloseCode {
	if len(p.rest) > 0 {
		p.rest = append(p.rest, b...)
		b = p.rest
	}
	for {
		h, body, size, code := p.next(b)
		if code != 0 {
			return code
		}
		if size == 0 {
			break
		}
		b = b[size:]
		ws.Cipher(body, h.Mask, 0)
		c.Heard()
		if code := p.take(h, body, c, message); code != 0 {
			return code
		}
	}
	if len(b) == 0 {
		p.rest = nil
	} else {
		p.rest = bytes.Clone(b)
	}
	return 0
}

// next finds the first frame in b; its size is 0 if it is not all there yet.
func (p *parser) next(b []byte) (h ws.Header, body []byte, size int, code CloseCode) {
	r := bytes.NewReader(b)
	h, err := ws.ReadHeader(r)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return h, nil, 0, 0
	}
	state := ws.StateServerSide
	if p.fragment {
		state = state.Set(ws.StateFragmented)
	}
	bare := h
	if p.deflate && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary) {
		bare.Rsv &^= ws.Rsv(true, false, false) // which says that the message is compressed
	}
	if err != nil || ws.CheckHeader(bare, state) != nil {
		return h, nil, 0, CloseProtocol
	}
	if h.Length+int64(len(p.message)) > MaxMessage {
		return h, nil, 0, CloseTooLarge
	}
	head := len(b) - r.Len()
	if int64(r.Len()) < h.Length {
		return h, nil, 0, 0
	}
	size = head + int(h.Length)
	return h, b[head:size], size, 0
}

func (p *parser) take(h ws.Header, body []byte, c *Conn, message func([]byte)) CloseCode {
	switch h.OpCode {
	case ws.OpPong:
		return 0
	case ws.OpPing:
		c.send(finish(append(newFrame(len(body)), body...)).as(ws.OpPong))
		return 0
	case ws.OpClose:
		return CloseNormal
	case ws.OpBinary:
		return CloseNotText
	case ws.OpText:
		p.deflated = h.Rsv1()
	}
	if p.fragment = !h.Fin; p.fragment || p.message != nil {
		p.message = append(p.message, body...)
		if p.fragment {
			return 0
		}
		body, p.message = p.message, nil
	}
	if p.deflated {
		var code CloseCode
		if body, code = inflate(body); code != 0 {
			return code
		}
	}
	if !utf8.Valid(body) {
		return CloseBadText
	}
	message(body)
	return 0
}

// as returns the frame with another opcode.
func (f frame) as(op ws.OpCode) frame {
	f.buf[f.head] = 0x80 | byte(op)
	return f
}

// isMessage reports whether b, which nothing of is before, is one text message, and no more,
// which is not compressed: to inflate one takes long, beside all else.
func (p *parser) isMessage(b []byte) bool {
	h, _, size, code := p.next(b)
	return code == 0 && size == len(b) && h.OpCode == ws.OpText && h.Fin && h.Rsv == 0 && !p.fragment
}

// isPong reports whether b is a client's answer to a ping, and nothing else.
func isPong(b []byte) bool {
	const head, longest = 6, 125 // of a control frame, RFC 6455, section 5.5
	return len(b) >= head && len(b) <= head+longest && b[0] == 0x80|byte(ws.OpPong) && b[1] == 0x80|byte(len(b)-head)
}
