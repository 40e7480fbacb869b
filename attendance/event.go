package attendance

import "time"

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
	At      time.Time // when the server received the command
	Kind    EventKind
	Person  PersonID // whose mark; 0 unless Kind is MarkSet
	Mark    Mark     // the new mark; Unset unless Kind is MarkSet
	Source  Source
	Actor   PersonID // who asked for it; 0 when a rule did
	Note    string
}

// Entry returns the line of the record that a MarkSet event leaves behind.
func (e Event) Entry() Entry {
	if e.Mark == Unset {
		return Entry{}
	}
	return Entry{Mark: e.Mark, At: e.At, Source: e.Source, Actor: e.Actor, Note: e.Note}
}
