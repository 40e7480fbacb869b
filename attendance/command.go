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
	FollowExcuses                    // excuses have been given or withdrawn: marks follow
	JudgeAgain                       // the course's rules have changed: marks follow
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
	case FollowExcuses:
		return "excuse"
	case JudgeAgain:
		return "judge"
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
	From    string    // where it came from: an address, "change set 12"; empty for check-ins

	Ticket string        // CheckIn: id of the ticket that it uses up, if it came with one
	Card   bool          // CheckIn: by a card reader at the door
	Waited time.Duration // CheckIn: how long it was kept where there was no line
	Stands Marking       // CheckIn: the status that it stands for, if it comes to the mark of that; empty: none
	Marks  []MarkChange  // SetMarks; of FollowExcuses and JudgeAgain, the Person of each
	Note   string        // SetMarks: for all of Marks
	Unset  *OnClose      // CloseSession: overrides the course's rule; JudgeAgain: closing does this now
}

// made is when the command was given, where that was.
func (c *Command) made() time.Time { return c.At.Add(-c.Waited) }

// MarkChange asks for a student's new mark.
type MarkChange struct {
	Person PersonID
	Mark   Mark
	Status string // which status of the mark; empty: the mark itself
	// As, if it is not nil, is the whole line to be written instead (all but its At),
	// for what knows better than "by hand": an undo, an excuse, a rule, a merge. It may
	// be about somebody who was a student of the course and is none any more.
	As *Entry
}

// entry returns the line that the change asks for.
func (m *MarkChange) entry(c *Command) Entry {
	if m.As != nil {
		return *m.As
	}
	return Entry{Mark: m.Mark, Source: ByHand, Actor: c.Actor, Note: c.Note, Status: m.Status}
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
		if m.Status != "" && (m.Mark == Unset || !ValidStatusKey(m.Status)) {
			return BadField(fmt.Sprintf("marks[%d]", i), "a mark with the key of one of its statuses")
		}
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
