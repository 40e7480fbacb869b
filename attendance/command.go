package attendance

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// CommandKind is what a [Command] asks for.
type CommandKind uint8

// The kinds of commands.
const (
	CheckIn       CommandKind = iota // a student asks to be marked
	SetMarks                         // somebody sets marks by hand
	OpenSession                      // scheduled → open
	CloseSession                     // open → closed
	ReopenSession                    // closed → open
)

// String returns the kind's name in docs/protocol.md.
func (k CommandKind) String() string {
	switch k {
	case CheckIn:
		return "check_in"
	case SetMarks:
		return "mark"
	case OpenSession:
		return "open"
	case CloseSession:
		return "close"
	case ReopenSession:
		return "reopen"
	}
	return "unknown"
}

// Command asks for a change to one session. It has been checked by whoever took
// it in: its fields are well formed ([Command.Validate]) and its actor may give it.
type Command struct {
	ID      string // made by the client; unique for an actor in a session
	Session SessionID
	Actor   PersonID
	Kind    CommandKind
	At      time.Time // when the server received it

	Ticket string       // CheckIn: id of the ticket that it uses up, if it came with one
	Marks  []MarkChange // SetMarks
	Note   string       // SetMarks: for all of Marks
	Unset  *OnClose     // CloseSession: overrides the course's rule
}

// MarkChange asks for a student's new mark.
type MarkChange struct {
	Person PersonID
	Mark   Mark
}

// Limits of a [Command].
const (
	MaxCommandID = 64   // characters
	MaxMarks     = 2000 // marks in one command
	MaxNote      = 500  // characters
)

// Validate checks what can be checked without knowing the session, and returns an
// [Error] that names the field at fault.
func (c *Command) Validate() error {
	if !validCommandID(c.ID) {
		return BadField("id", "1 to 64 characters of A-Z a-z 0-9 _ -")
	}
	if c.Kind != SetMarks {
		return nil
	}
	if len(c.Marks) == 0 || len(c.Marks) > MaxMarks {
		return BadField("marks", fmt.Sprintf("a list of 1 to %d pairs [person, mark]", MaxMarks))
	}
	if utf8.RuneCountInString(c.Note) > MaxNote || !IsText(c.Note) {
		return BadField("note", fmt.Sprintf("text of at most %d characters, none of them U+0000", MaxNote))
	}
	seen := make(map[PersonID]bool, len(c.Marks))
	for i, m := range c.Marks {
		if seen[m.Person] {
			return BadField(fmt.Sprintf("marks[%d]", i), "about a person who is not in the list already")
		}
		seen[m.Person] = true
	}
	return nil
}

func validCommandID(id string) bool {
	if len(id) == 0 || len(id) > MaxCommandID {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// Outcome is the answer to a command that was carried out. A command that is given
// again gets the Outcome of the first time.
type Outcome struct {
	From, To int64 // seqs of the events it made; To < From when it changed nothing
	Entry    Entry // CheckIn: the student's line in the record after it
}
