package grid

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
)

// Edit is a cell to be changed.
type Edit struct {
	Person  attendance.PersonID
	Session attendance.SessionID
	attendance.Marking
	Note *string // nil: what stands there stays
}

// Outcome is what becomes of an Edit.
type Outcome uint8

// The outcomes.
const (
	Set     Outcome = iota // it is different now
	Same                   // it was so already
	Refused                // it stays as it was
)

var outcomeNames = [...]string{"set", "same", "refused"}

// String returns the outcome's name as it stands in the API.
func (o Outcome) String() string { return outcomeNames[o] }

// Refusal is why an Edit is refused.
type Refusal struct {
	At  int // which edit
	Why string
}

// Plan is what edits do: the outcome of each, and the commands that bring it about.
type Plan struct {
	Outcomes []Outcome
	Refused  []Refusal
	Commands []attendance.Command
	Added    int // marks where there was none
	Changed  int
	Removed  int
	Opened   int // sessions that are opened for their marks, and closed
}

// Changes is how many cells are different afterwards.
func (p *Plan) Changes() int { return p.Added + p.Changed + p.Removed }

type cell struct {
	person  attendance.PersonID
	session attendance.SessionID
}

// MaxEdits is how many cells may be changed at once.
const MaxEdits = 20_000

// Make works out what edits do to the grid. Each is looked at by itself: one that is
// refused keeps no other from being carried out.
func (g *Grid) Make(edits []Edit, actor attendance.PersonID) *Plan {
	return g.MakeOpening(edits, actor, time.Time{})
}

// MakeOpening is Make that takes marks for sessions, too, that were to begin before now
// and have never been opened: these are opened for them, and closed.
func (g *Grid) MakeOpening(edits []Edit, actor attendance.PersonID, now time.Time) *Plan {
	p := &Plan{Outcomes: make([]Outcome, len(edits))}
	marks := make(map[cell]Mark, len(g.Marks))
	for _, m := range g.Marks {
		marks[cell{m.Person, m.Session}] = m
	}
	students := make(map[attendance.PersonID]bool, len(g.Students))
	for _, s := range g.Students {
		students[s.ID] = !s.Left
	}
	status := make(map[attendance.SessionID]attendance.Status, len(g.Sessions))
	past := make(map[attendance.SessionID]bool)
	for _, s := range g.Sessions {
		status[s.ID] = s.Status
		past[s.ID] = s.Status == attendance.Scheduled && !s.Starts.IsZero() && s.Starts.Before(now)
	}
	changes := make(map[attendance.SessionID][]attendance.MarkChange)
	seen := make(map[cell]bool, len(edits))
	for i, e := range edits {
		at := cell{e.Person, e.Session}
		held, known := status[e.Session]
		refuse := func(why string) {
			p.Outcomes[i] = Refused
			p.Refused = append(p.Refused, Refusal{i, why})
		}
		switch {
		case !students[e.Person]:
			refuse("They are not students of this course now.")
			continue
		case !known:
			refuse("This course has no such session.")
			continue
		case held == attendance.Scheduled && !past[e.Session]:
			refuse("This session has not been opened yet.")
			continue
		case seen[at]:
			refuse("This mark is in the list already.")
			continue
		case e.Note != nil && (utf8.RuneCountInString(*e.Note) > attendance.MaxNote || !attendance.IsText(*e.Note)):
			refuse(fmt.Sprintf("A note must be text of at most %d characters.", attendance.MaxNote))
			continue
		}
		seen[at] = true
		was := marks[at]
		note := was.Note
		if e.Note != nil {
			note = *e.Note
		}
		if e.Mark == attendance.Unset {
			note = ""
		}
		if was.Marking == e.Marking && was.Note == note {
			p.Outcomes[i] = Same
			continue
		}
		p.count(was.Mark, e.Mark)
		changes[e.Session] = append(changes[e.Session], attendance.MarkChange{Person: e.Person, Mark: e.Mark, Status: e.Status,
			As: &attendance.Entry{Mark: e.Mark, Status: e.Status, Source: attendance.ByHand, Actor: actor, Note: note}})
	}
	for _, s := range g.Sessions {
		opens := past[s.ID] && len(changes[s.ID]) > 0
		if opens {
			p.Opened++
			p.Commands = append(p.Commands, attendance.Command{Session: s.ID, Kind: attendance.OpenSession})
		}
		for some := changes[s.ID]; len(some) > 0; {
			n := min(len(some), attendance.MaxMarks)
			p.Commands = append(p.Commands, attendance.Command{Session: s.ID, Kind: attendance.SetMarks, Marks: some[:n]})
			some = some[n:]
		}
		if opens {
			leave := attendance.LeaveUnset // the sheet says who was absent
			p.Commands = append(p.Commands, attendance.Command{Session: s.ID, Kind: attendance.CloseSession, Unset: &leave})
		}
	}
	return p
}

func (p *Plan) count(was, becomes attendance.Mark) {
	switch {
	case was == attendance.Unset:
		p.Added++
	case becomes == attendance.Unset:
		p.Removed++
	default:
		p.Changed++
	}
}

// Title is what people call the change set.
func (p *Plan) Title() string {
	sessions := make(map[attendance.SessionID]bool)
	for _, c := range p.Commands {
		sessions[c.Session] = true
	}
	return counted(p.Changes(), "mark") + " in " + counted(len(sessions), "session")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}
