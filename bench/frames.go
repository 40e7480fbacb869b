package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/gobwas/ws"
)

var errFrame = errors.New("the server sent a frame that is not one of RFC 6455, or is cut in parts")

// nextFrame takes the first frame of what has been read, and returns its payload and
// what is left. It returns false if b holds no whole frame.
func nextFrame(b []byte) (op ws.OpCode, payload, rest []byte, ok bool, err error) {
	if len(b) < 2 {
		return 0, nil, b, false, nil
	}
	const fin, masked = 0x80, 0x80
	if b[0]&0xf0 != fin || b[1]&masked != 0 {
		return 0, nil, nil, false, errFrame
	}
	head, size := 2, uint64(b[1])
	switch {
	case size == 126 && len(b) >= 4:
		head, size = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case size == 127 && len(b) >= 10:
		head, size = 10, binary.BigEndian.Uint64(b[2:])
	case size >= 126:
		return 0, nil, b, false, nil
	}
	if size > uint64(len(b)-head) {
		return 0, nil, b, false, nil
	}
	end := head + int(size)
	return ws.OpCode(b[0] & 0x0f), b[head:end], b[end:], true, nil
}

// messageKind is what a message is, as far as measuring goes.
type messageKind uint8

const (
	unknownMessage messageKind = iota
	otherMessage               // nothing to be measured: presence, codes, pong, bye
	deltaMessage
	ackMessage
	snapshotMessage
	errorMessage
)

// message is what is measured of a message from the server.
type message struct {
	kind     messageKind
	from, to uint32 // delta, ack; a snapshot has only to
	code     string // error
}

var prefixes = []struct {
	text []byte
	kind messageKind
}{
	{[]byte(`{"t":"delta","from":`), deltaMessage},
	{[]byte(`{"t":"ack",`), ackMessage},
	{[]byte(`{"t":"presence"`), otherMessage},
	{[]byte(`{"t":"snapshot"`), snapshotMessage},
	{[]byte(`{"t":"error"`), errorMessage},
	{[]byte(`{"t":"codes"`), otherMessage},
	{[]byte(`{"t":"pong"`), otherMessage},
	{[]byte(`{"t":"bye"`), otherMessage},
}

// opening is how a message begins, inside the envelope that a [Dialect] may put it in.
var opening = []byte(`{"t":"`)

// scan finds out what is measured of a message, without decoding it: a load test
// that decoded each of a million deltas would take more CPU than the server.
func scan(b []byte) message {
	b = b[max(0, bytes.Index(b, opening)):]
	for _, p := range prefixes {
		if !bytes.HasPrefix(b, p.text) {
			continue
		}
		m := message{kind: p.kind}
		ok := true
		switch p.kind {
		case deltaMessage, ackMessage:
			m.from, ok = numberAfter(b, `"from":`)
			if ok {
				m.to, ok = numberAfter(b, `"to":`)
			}
		case snapshotMessage:
			m.to, ok = numberAfter(b, `"seq":`)
		case errorMessage:
			m.code, ok = textAfter(b, `"code":"`)
		}
		if !ok {
			return message{}
		}
		return m
	}
	return message{}
}

// numberAfter returns the number that follows the first occurrence of key.
func numberAfter(b []byte, key string) (uint32, bool) {
	i := bytes.Index(b, []byte(key))
	if i < 0 {
		return 0, false
	}
	b = b[i+len(key):]
	end := 0
	for end < len(b) && b[end] >= '0' && b[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(string(b[:end]), 10, 32)
	return uint32(n), err == nil
}

func textAfter(b []byte, key string) (string, bool) {
	i := bytes.Index(b, []byte(key))
	if i < 0 {
		return "", false
	}
	text, _, ok := bytes.Cut(b[i+len(key):], []byte(`"`))
	return string(text), ok
}
