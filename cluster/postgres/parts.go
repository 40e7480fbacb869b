package postgres

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// maxPart is how many bytes of a message go into one notification: with the number
// before them, and in base64 since a notification is text, fewer than the 8000 that
// PostgreSQL takes.
const maxPart = 5900

// Marks of the parts of a message.
const (
	lastPart = '.'
	morePart = '+'
)

// split returns a message as the texts of notifications: each a number, a mark and
// the bytes. The numbers go on from one message to the next; of two notifications
// that are the same, a transaction would send one.
func split(payload []byte, number *int64) (texts []string) {
	for {
		n := min(len(payload), maxPart)
		mark := lastPart
		if n < len(payload) {
			mark = morePart
		}
		*number++
		texts = append(texts, strconv.FormatInt(*number, 10)+string(mark)+base64.RawStdEncoding.EncodeToString(payload[:n]))
		if payload = payload[n:]; len(payload) == 0 {
			return texts
		}
	}
}

// joiner puts messages together again.
type joiner struct {
	number  int64 // of the part that came last
	payload []byte
	within  bool // a message has begun
}

// join takes the text of a notification in and returns the message that it completes,
// if it does. Parts of different messages do not mix: PostgreSQL delivers each
// transaction whole. What none of us has sent is left out.
func (j *joiner) join(text string) (payload []byte, complete bool) {
	i := strings.IndexAny(text, string([]rune{lastPart, morePart}))
	if i < 0 {
		return nil, false
	}
	number, err := strconv.ParseInt(text[:i], 10, 64)
	if err != nil {
		return nil, false
	}
	part, err := base64.RawStdEncoding.DecodeString(text[i+1:])
	if err != nil {
		return nil, false
	}
	if j.within && number != j.number+1 {
		j.within, j.payload = false, nil
	}
	j.number, j.payload = number, append(j.payload, part...)
	if j.within = text[i] == morePart; j.within {
		return nil, false
	}
	payload, j.payload = j.payload, nil
	return payload, true
}
