package attendance

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// EventKind says what an [Event] changed.
type EventKind uint8

// The kinds of events.
const (
	MarkSet         EventKind = iota // one student's mark
	SessionOpened                    // the session
	SessionClosed                    // the session
	SessionReopened                  // the session
)

var eventNames = [...]string{"mark", "open", "close", "reopen"}

// String returns the kind's name as it stands in the log and in messages.
func (k EventKind) String() string { return eventNames[k] }

// ParseEventKind is the inverse of [EventKind.String].
func ParseEventKind(s string) (EventKind, bool) {
	for i, name := range eventNames {
		if name == s {
			return EventKind(i), true
		}
	}
	return MarkSet, false
}

// Event is one committed change to a session. Events of a session are numbered
// 1, 2, 3, … without gaps; they never change.
type Event struct {
	Session SessionID
	Seq     int64
	At      time.Time // when the server received the command; of a card that waited for a line, when it was read
	Kind    EventKind
	Person  PersonID // whose mark; 0 unless Kind is MarkSet
	Mark    Mark     // the new mark; Unset unless Kind is MarkSet
	Source  Source
	Actor   PersonID // who asked for it; 0 when closing did
	Note    string
	Status  string // which status of the mark; empty: the mark itself
	From    string // as [Command].From; for the log and its hashes, shown on no screen
}

// Chain returns the hash that the event is chained with: SHA-256 over the hash of the
// event before it (nil before the first) and all that the event says, which is its
// session, its seq (each 64 bits, big-endian) and its [Event.Body]. Whoever changes or
// removes an event of the past breaks the chain.
func (e *Event) Chain(before []byte) []byte {
	b := make([]byte, 0, 160)
	b = append(b, before...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Session))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	sum := sha256.Sum256(e.appendBody(b))
	return sum[:]
}

// Body is what the event says but for its session and seq, as it is hashed. A store may
// number events itself, and so has to chain them.
func (e *Event) Body() []byte { return e.appendBody(make([]byte, 0, 96)) }

func (e *Event) appendBody(b []byte) []byte {
	for _, n := range [...]int64{e.At.UnixMilli(), int64(e.Kind), int64(e.Person), int64(e.Mark), int64(e.Source), int64(e.Actor), int64(len(e.Note))} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, e.Note...)
	b = append(b, e.From...)
	if e.Status != "" { // events had none at first, and hash as before
		b = append(append(b, 0), e.Status...)
	}
	return b
}

// Entry returns the line of the record that a MarkSet event leaves behind.
func (e Event) Entry() Entry {
	if e.Mark == Unset {
		return Entry{}
	}
	return Entry{Mark: e.Mark, At: e.At, Source: e.Source, Actor: e.Actor, Note: e.Note, Status: e.Status}
}
