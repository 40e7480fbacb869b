package attendance

import (
	"maps"
	"slices"
	"time"
)

// State is as much of a session as the commands about to be decided need to know.
// Decide keeps it up to date, so that one State serves a whole group of commands.
type State struct {
	Session Session
	Rules   Rules
	// Students holds the line of every student concerned: of all students of the
	// course if All is set, else of those the commands name. Someone who is not a
	// student of the course has no line.
	Students map[PersonID]Entry
	// Excuses has those who are excused from the session, if a command [NeedsExcuses].
	Excuses map[PersonID]Excuse
	// CheckIns says when those who checked in did so, if a command is [JudgeAgain].
	CheckIns map[PersonID]time.Time
	// Done has the outcomes of the commands that were carried out before.
	Done map[CommandKey]Outcome
	// UsedTickets has the ids of tickets that are used up, and by whom.
	UsedTickets map[string]PersonID
}

// CommandKey names a command within its session.
type CommandKey struct {
	Actor PersonID
	ID    string
}

// Key returns the command's name within its session.
func (c *Command) Key() CommandKey { return CommandKey{c.Actor, c.ID} }

// Needs says which students' lines must be in the [State] for these commands to be
// decided: all of the course's, or only some.
func Needs(cmds []Command) (some []PersonID, all bool) {
	for i := range cmds {
		switch c := &cmds[i]; c.Kind {
		case CheckIn:
			some = append(some, c.Actor)
		case SetMarks, FollowExcuses, JudgeAgain:
			for _, m := range c.Marks {
				some = append(some, m.Person)
			}
		case OpenSession, CloseSession, ReopenSession:
			return nil, true
		}
	}
	return some, false
}

// Decide carries out a command on the state. It returns the events to be committed,
// numbered on from the state's, and the command's outcome; or an [Error] that says
// why the command is refused, and then the state is as before.
//
// A command that is in state.Done changes nothing and gets its first outcome again.
func Decide(s *State, c *Command) ([]Event, Outcome, error) {
	if first, ok := s.Done[c.Key()]; ok {
		return nil, first, nil
	}
	d := decision{state: s, command: c, next: s.Session.Seq}
	if err := d.decide(); err != nil {
		return nil, Outcome{}, err
	}
	out := Outcome{From: s.Session.Seq + 1, To: d.next}
	s.apply(d.events)
	if c.Kind == CheckIn {
		out.Entry = s.Students[c.Actor]
		if c.Ticket != "" {
			s.UsedTickets[c.Ticket] = c.Actor
		}
	}
	s.Done[c.Key()] = out
	return d.events, out, nil
}

// decision gathers the events of one command.
type decision struct {
	state   *State
	command *Command
	next    int64 // seq of the last event gathered
	events  []Event
}

func (d *decision) decide() error {
	status := d.state.Session.Status
	if kind := d.command.Kind; !d.state.Session.CancelledAt.IsZero() && (kind == CheckIn || kind == OpenSession || kind == ReopenSession) {
		return Refuse(CodeCancelled, "This session was cancelled. Whoever runs the course can restore it in the timetable.")
	}
	switch d.command.Kind {
	case CheckIn:
		return d.checkIn()
	case SetMarks:
		if status == Scheduled {
			return Refuse(CodeNotOpen, "This session has not been opened yet. Open it first.")
		}
		return d.setMarks()
	case OpenSession:
		switch status {
		case Open:
			return Refuse(CodeAlreadyOpen, "This session is open already.")
		case Closed:
			return Refuse(CodeAlreadyClosed, "This session was closed. Reopen it instead.")
		}
		d.add(Event{Kind: SessionOpened})
		d.eachStudent(d.excuse)
	case CloseSession:
		return d.close()
	case ReopenSession:
		switch status {
		case Open:
			return Refuse(CodeAlreadyOpen, "This session is open already.")
		case Scheduled:
			return Refuse(CodeNotOpen, "This session has not been opened yet. Open it instead.")
		}
		d.add(Event{Kind: SessionReopened})
		d.eachStudent(func(p PersonID, e Entry) {
			if e.absentByRule() {
				d.mark(p, Entry{Mark: Unset, Source: ByRule})
			}
		})
	case FollowExcuses:
		d.followExcuses()
	case JudgeAgain:
		d.judgeAgain()
	}
	return nil
}

// checkIn fills in the student's mark. What somebody set by hand stays, unless it
// was an excuse: who is excused and comes anyway is here.
func (d *decision) checkIn() error {
	s, c := d.state, d.command
	e, enrolled := s.Students[c.Actor]
	if !enrolled {
		return Refuse(CodeNotEnrolled, "You are not a student of this course. Ask your teacher to add you.")
	}
	if s.Session.Status != Open {
		return Refuse(CodeNotOpen, "This session is not open for check-in.")
	}
	if by, used := s.UsedTickets[c.Ticket]; used && c.Ticket != "" && by != c.Actor {
		return Refuse(CodeTicketUsed, "That scan has checked somebody else in. Scan the code on the screen yourself.")
	}
	if e.Mark != Unset && e.Mark != Excused && !e.absentByRule() {
		return nil
	}
	m := s.Rules.Judge(c.made().Sub(s.Session.LateFrom()))
	source := ByCode
	if c.Card {
		source = ByCard
	}
	line := Entry{Mark: m, Source: source, Actor: c.Actor}
	if c.Stands.Mark == m {
		line.Status = c.Stands.Status
	}
	d.mark(c.Actor, line)
	return nil
}

func (d *decision) setMarks() error {
	for _, m := range d.command.Marks {
		if _, enrolled := d.state.Students[m.Person]; !enrolled && m.As == nil {
			return &Error{Code: CodeUnknownPerson, Field: "marks", Message: "Somebody in the list is not a student of this course. Load the page again."}
		}
	}
	for _, m := range d.command.Marks {
		e, enrolled := d.state.Students[m.Person]
		want := m.entry(d.command)
		if enrolled && e.Marking() == want.Marking() && (want.Mark == Unset || e.Source == want.Source && e.Note == want.Note) {
			continue
		}
		d.mark(m.Person, want)
	}
	return nil
}

func (d *decision) close() error {
	switch d.state.Session.Status {
	case Scheduled:
		return Refuse(CodeNotOpen, "This session has not been opened yet.")
	case Closed:
		return Refuse(CodeAlreadyClosed, "This session is closed already.")
	}
	d.add(Event{Kind: SessionClosed})
	d.eachStudent(func(p PersonID, e Entry) {
		if _, excused := d.state.Excuses[p]; excused && e.Mark == Unset {
			d.excuse(p, e) // enrolled since the session was opened
		}
	})
	rule := d.state.Rules.OnClose
	if d.command.Unset != nil {
		rule = *d.command.Unset
	}
	if rule == MarkAbsent {
		d.eachStudent(func(p PersonID, e Entry) {
			if _, excused := d.state.Excuses[p]; e.Mark == Unset && !excused {
				d.mark(p, Entry{Mark: Absent, Source: ByRule})
			}
		})
	}
	return nil
}

// eachStudent goes through the students in a fixed order, so that the same state
// and command always make the same events.
func (d *decision) eachStudent(fn func(PersonID, Entry)) {
	for _, p := range slices.Sorted(maps.Keys(d.state.Students)) {
		fn(p, d.state.Students[p])
	}
}

func (d *decision) mark(p PersonID, e Entry) {
	d.add(Event{Kind: MarkSet, Person: p, Mark: e.Mark, Source: e.Source, Actor: e.Actor, Note: e.Note, Status: e.Status})
}

func (d *decision) add(e Event) {
	d.next++
	e.Session, e.Seq, e.At, e.From = d.state.Session.ID, d.next, d.command.made(), d.command.From
	if e.Kind != MarkSet {
		if e.Source, e.Actor = ByHand, d.command.Actor; e.Actor == 0 {
			e.Source = ByRule
		}
	}
	d.events = append(d.events, e)
}

func (s *State) apply(events []Event) {
	for _, e := range events {
		s.Session.Apply(e)
		s.Session.Chain = e.Chain(s.Session.Chain)
		if e.Kind == MarkSet {
			s.Students[e.Person] = e.Entry()
		}
	}
}

// Apply brings the session up to the event, which must be its next one.
func (s *Session) Apply(e Event) {
	s.Seq = e.Seq
	switch e.Kind {
	case SessionOpened:
		s.Status, s.OpenedAt = Open, e.At
	case SessionClosed:
		s.Status, s.ClosedAt = Closed, e.At
	case SessionReopened:
		s.Status, s.ClosedAt = Open, time.Time{}
	}
}
