package live

import (
	"bytes"
	"compress/flate"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The state of a board has the names and marks of a whole class. It is sent compressed to
// those who can take that (permessage-deflate, RFC 7692), in little more than a third of the
// bytes. Other audiences' states are a few hundred bytes, and a browser that has agreed to
// compress does so with whatever it says: their check-ins would have to be inflated, for
// nothing.
//
// Nothing is kept of one message for the next, in either direction: so all connections
// can be sent the same bytes, and none has a window of its own.

// Extension returns what is answered to a client of an audience whose header
// Sec-WebSocket-Extensions has the given lines, or "" if nothing of it is agreed on. The
// transport of a client that is answered must be told: see [WebSocket.Deflate].
func Extension(a Audience, lines []string) string {
	list := strings.Join(lines, ",")
	if a != AudienceBoard || !extensions.MatchString(list) {
		return ""
	}
	for offer := range strings.SplitSeq(list, ",") {
		if answer := answerTo(strings.Split(offer, ";")); answer != "" {
			return answer
		}
	}
	return ""
}

const (
	token     = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
	extension = `[ \t]*` + token + `([ \t]*;[ \t]*` + token + `(=(` + token + `|"` + token + `"))?)*[ \t]*`
)

var (
	// extensions is RFC 6455, section 9.1. What is quoted is a token too, so commas and
	// semicolons separate wherever they are. Whoever writes it otherwise goes without.
	extensions = regexp.MustCompile(`^` + extension + `(,` + extension + `)*$`)
	// clientWindow is what a client says of its own window, of which ours for reading is
	// the largest that there may be.
	clientWindow = regexp.MustCompile(`^client_max_window_bits(=([89]|1[0-5]))?$`)
)

// answerTo returns the answer to one offer, an extension's name and parameters, or "" to
// decline it (RFC 7692, section 7.1).
func answerTo(offer []string) (answer string) {
	answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	seen := make(map[string]bool)
	for i, part := range offer {
		part = strings.ReplaceAll(strings.Trim(part, " \t"), `"`, "")
		name, _, _ := strings.Cut(part, "=")
		switch {
		case seen[name]:
			return ""
		case i == 0 && part == "permessage-deflate":
		case i == 0:
			return ""
		case part == "server_no_context_takeover", part == "client_no_context_takeover", clientWindow.MatchString(part):
		case part == "server_max_window_bits=15": // ours; Go has no smaller one
			answer += "; " + part
		default:
			return ""
		}
		seen[name] = true
	}
	return answer
}

// worthDeflating is how long, in bytes, what is compressed is at least.
const worthDeflating = 1 << 10

// common is what several messages begin with. It is compressed once, if at all.
type common struct {
	json     []byte
	once     sync.Once
	deflated []byte
}

// deflated returns a frame that has something in common with others as a compressed
// WebSocket frame.
func (f frame) deflated() []byte {
	c := f.common
	c.once.Do(func() { c.deflated = deflate(nil, c.json) })
	b := append(newFrame(len(c.deflated)+len(f.json())-len(c.json)), c.deflated...)
	b = deflate(b, f.json()[len(c.json):])
	const compressed = 0x40 // RSV1, RFC 7692, section 6
	z := finish(bytes.TrimSuffix(b, flushed))
	z.buf[z.head] |= compressed
	return z.webSocket()
}

// flushed is how what has been flushed ends. A message goes over the line without it.
var flushed = []byte{0, 0, 0xff, 0xff}

// BestSpeed takes about as long as putting the JSON together did. The default level takes
// two to five times as long, and makes it a tenth shorter.
var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // fails for an unknown level only
	return w
}}

// deflate appends b to dst, compressed by itself and flushed.
func deflate(dst, b []byte) []byte {
	out := bytes.NewBuffer(dst)
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(out)
	_, _ = w.Write(b) // no buffer fails
	_ = w.Flush()
	return out.Bytes()
}

// ended is an empty block that says that it is the last one.
var ended = []byte{1, 0, 0, 0xff, 0xff}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

// inflate returns what a client has compressed, or the code to close with. No more of it
// is inflated than a message may have.
func inflate(b []byte) ([]byte, CloseCode) {
	z := inflaters.Get().(io.Reader)
	defer inflaters.Put(z)
	// What follows a last block of the client's own is padding (RFC 7692, section 7.2.3.4).
	if err := z.(flate.Resetter).Reset(bytes.NewReader(slices.Concat(b, flushed, ended)), nil); err != nil {
		return nil, CloseInternal
	}
	b, err := io.ReadAll(io.LimitReader(z, MaxMessage+1))
	switch {
	case len(b) > MaxMessage:
		return nil, CloseTooLarge
	case err != nil:
		return nil, CloseBadText
	}
	return b, 0
}
