package attendance_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/muster-live/muster/attendance"
)

var opened = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

// lecture returns an open session with students 1 to 3, late after 15 minutes.
func lecture() *State {
	return &State{
		Session:     Session{ID: 7, Status: Open, OpenedAt: opened, Seq: 1},
		Rules:       DefaultRules(),
		Students:    map[PersonID]Entry{1: {}, 2: {}, 3: {}},
		Done:        map[CommandKey]Outcome{},
		UsedTickets: map[string]PersonID{},
	}
}

const teacher PersonID = 100

func checkIn(id string, p PersonID, after time.Duration) *Command {
	return &Command{ID: id, Session: 7, Actor: p, Kind: CheckIn, At: opened.Add(after)}
}

func mark(id string, p PersonID, m Mark) *Command {
	return &Command{ID: id, Session: 7, Actor: teacher, Kind: SetMarks, At: opened, Marks: []MarkChange{{Person: p, Mark: m}}}
}

func do(t *testing.T, s *State, c *Command) ([]Event, Outcome) {
	t.Helper()
	events, out, err := Decide(s, c)
	if err != nil {
		t.Fatalf("command %s refused: %v", c.ID, err)
	}
	return events, out
}

func refusedWith(t *testing.T, s *State, c *Command, want Code) {
	t.Helper()
	_, _, err := Decide(s, c)
	var e *Error
	if !errors.As(err, &e) || e.Code != want {
		t.Errorf("command %s: got error %v, want %s", c.ID, err, want)
	}
}

func TestCheckInIsLateOnlyAfterTheLimit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after time.Duration
		limit time.Duration
		want  Mark
	}{
		{"at once", 0, 15 * time.Minute, Present},
		{"at the limit", 15 * time.Minute, 15 * time.Minute, Present},
		{"a moment later", 15*time.Minute + time.Millisecond, 15 * time.Minute, Late},
		{"with a limit of nothing", time.Second, 0, Late},
		{"when nobody is ever late", 5 * time.Hour, NeverLate, Present},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := lecture()
			s.Rules.LateAfter = tt.limit
			_, out := do(t, s, checkIn("c", 1, tt.after))
			want := Entry{Mark: tt.want, At: opened.Add(tt.after), Source: ByCode, Actor: 1}
			if d := cmp.Diff(want, out.Entry); d != "" {
				t.Errorf("entry (-want +got):\n%s", d)
			}
		})
	}
}

func TestCheckInLeavesWhatATeacherSetExceptExcuses(t *testing.T) {
	for before, want := range map[Mark]Mark{Present: Present, Late: Late, Absent: Absent, Excused: Present} {
		s := lecture()
		do(t, s, mark("m", 1, before))
		_, out := do(t, s, checkIn("c", 1, time.Minute))
		if out.Entry.Mark != want {
			t.Errorf("check-in after a teacher's %v: got %v, want %v", before, out.Entry.Mark, want)
		}
	}
}

func TestCommandGivenTwiceIsDoneOnceAndAnsweredAlike(t *testing.T) {
	s := lecture()
	first, want := do(t, s, checkIn("c", 1, time.Minute))
	again, got := do(t, s, checkIn("c", 1, time.Hour))
	if len(first) != 1 || len(again) != 0 {
		t.Errorf("events: got %d and then %d, want 1 and then 0", len(first), len(again))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("second answer (-first +second):\n%s", d)
	}
}

func TestClosingFillsInTheUnmarkedAndReopeningTakesThatBack(t *testing.T) {
	s := lecture()
	do(t, s, checkIn("c", 2, 0))
	do(t, s, &Command{ID: "close", Actor: teacher, Kind: CloseSession, At: opened.Add(time.Hour)})
	marks := func() (m []Mark) {
		for _, p := range []PersonID{1, 2, 3} {
			m = append(m, s.Students[p].Mark)
		}
		return m
	}
	if got, want := marks(), []Mark{Absent, Present, Absent}; !slices.Equal(got, want) {
		t.Errorf("after closing: %v, want %v", got, want)
	}
	refusedWith(t, s, checkIn("late", 1, time.Hour), CodeNotOpen)
	do(t, s, mark("excuse", 3, Absent))
	do(t, s, &Command{ID: "reopen", Actor: teacher, Kind: ReopenSession, At: opened.Add(2 * time.Hour)})
	if got, want := marks(), []Mark{Unset, Present, Absent}; !slices.Equal(got, want) {
		t.Errorf("after reopening: %v, want %v (what a hand set stays)", got, want)
	}
	leave := LeaveUnset
	do(t, s, &Command{ID: "close2", Actor: teacher, Kind: CloseSession, Unset: &leave})
	if got, want := marks(), []Mark{Unset, Present, Absent}; !slices.Equal(got, want) {
		t.Errorf("after closing and leaving: %v, want %v", got, want)
	}
}

// Who opens the room ten minutes early takes nobody ten minutes away.
func TestLatenessCountsFromThePlannedStart(t *testing.T) {
	for _, tt := range []struct {
		starts time.Duration // after the opening
		after  time.Duration
		want   Mark
	}{
		{10 * time.Minute, 25 * time.Minute, Present},
		{10 * time.Minute, 25*time.Minute + time.Millisecond, Late},
		{-10 * time.Minute, 15 * time.Minute, Present}, // opened late
		{EarlyOpening, 2*time.Hour + 15*time.Minute, Present},
		{EarlyOpening + time.Minute, 16 * time.Minute, Late}, // opened on another occasion
	} {
		s := lecture()
		s.Session.Starts = opened.Add(tt.starts)
		do(t, s, checkIn("c", 1, tt.after))
		if got := s.Students[1].Mark; got != tt.want {
			t.Errorf("start %v after the opening, check-in after %v: %v, want %v", tt.starts, tt.after, got, tt.want)
		}
	}
}

func TestACancelledSessionDoesNotOpen(t *testing.T) {
	for status, kind := range map[Status]CommandKind{Scheduled: OpenSession, Closed: ReopenSession} {
		s := lecture()
		s.Session.Status, s.Session.CancelledAt = status, opened
		refusedWith(t, s, &Command{ID: "o", Actor: teacher, Kind: kind}, CodeCancelled)
		refusedWith(t, s, checkIn("c", 1, 0), CodeCancelled)
	}
}

func TestWhatTheProgramDoesIsByRule(t *testing.T) {
	s := lecture()
	s.Session.Status, s.Session.Seq = Scheduled, 0
	events, _ := do(t, s, &Command{ID: "auto-open", Session: 7, Kind: OpenSession, At: opened, From: "schedule"})
	if e := events[0]; e.Source != ByRule || e.Actor != 0 || e.From != "schedule" {
		t.Errorf("%+v", e)
	}
}

func TestTicketChecksOnePersonIn(t *testing.T) {
	s := lecture()
	mine, friends := checkIn("c", 1, 0), checkIn("c", 2, 0)
	mine.Ticket, friends.Ticket = "T", "T"
	do(t, s, mine)
	refusedWith(t, s, friends, CodeTicketUsed)
	again := checkIn("c2", 1, 0)
	again.Ticket = "T"
	do(t, s, again) // one's own second tap is no offence
}

func TestCommandsThatDoNotFitTheSessionAreRefused(t *testing.T) {
	with := func(status Status) *State { s := lecture(); s.Session.Status = status; return s }
	run := func(k CommandKind) *Command { return &Command{ID: "x", Actor: teacher, Kind: k} }
	for _, tt := range []struct {
		status  Status
		command *Command
		want    Code
	}{
		{Open, run(OpenSession), CodeAlreadyOpen},
		{Closed, run(OpenSession), CodeAlreadyClosed},
		{Scheduled, run(CloseSession), CodeNotOpen},
		{Closed, run(CloseSession), CodeAlreadyClosed},
		{Scheduled, run(ReopenSession), CodeNotOpen},
		{Open, run(ReopenSession), CodeAlreadyOpen},
		{Scheduled, mark("m", 1, Present), CodeNotOpen},
		{Scheduled, checkIn("c", 1, 0), CodeNotOpen},
		{Closed, checkIn("c", 1, 0), CodeNotOpen},
		{Open, checkIn("c", 9, 0), CodeNotEnrolled},
		{Open, mark("m", 9, Present), CodeUnknownPerson},
	} {
		s := with(tt.status)
		before := s.Session
		refusedWith(t, s, tt.command, tt.want)
		if d := cmp.Diff(before, s.Session); d != "" {
			t.Errorf("refused command changed the session:\n%s", d)
		}
	}
}

func TestMarkingManyIsAllOrNothing(t *testing.T) {
	s := lecture()
	c := mark("m", 1, Present)
	c.Marks = append(c.Marks, MarkChange{Person: 9, Mark: Present})
	refusedWith(t, s, c, CodeUnknownPerson)
	if s.Students[1].Mark != Unset || s.Session.Seq != 1 {
		t.Errorf("a refused command left %v at seq %d behind", s.Students[1], s.Session.Seq)
	}
}

// Whatever is asked of a session in whatever order: its events are numbered without
// gaps, and replaying them gives the same marks.
func TestEventsTellTheWholeStory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := lecture()
		log := []Event{}
		for range rapid.IntRange(1, 60).Draw(rt, "commands") {
			c := &Command{
				ID:      rapid.StringMatching(`[a-d]`).Draw(rt, "id"),
				Session: 7, Actor: PersonID(rapid.IntRange(1, 4).Draw(rt, "actor")),
				Kind: CommandKind(rapid.IntRange(0, int(ReopenSession)).Draw(rt, "kind")),
				At:   opened.Add(time.Duration(rapid.IntRange(0, 30).Draw(rt, "minute")) * time.Minute),
				Marks: []MarkChange{{
					Person: PersonID(rapid.IntRange(1, 4).Draw(rt, "person")),
					Mark:   Mark(rapid.IntRange(0, MarkCount-1).Draw(rt, "mark")),
				}},
			}
			events, out, err := Decide(s, c)
			if err == nil && len(events) > 0 && (out.From != events[0].Seq || out.To != events[len(events)-1].Seq) {
				rt.Fatalf("outcome %d…%d for events %d…%d", out.From, out.To, events[0].Seq, events[len(events)-1].Seq)
			}
			log = append(log, events...)
		}
		replayed := map[PersonID]Entry{1: {}, 2: {}, 3: {}}
		for i, e := range log {
			if e.Seq != int64(i)+2 { // the lecture's opening was seq 1
				rt.Fatalf("event %d has seq %d", i, e.Seq)
			}
			if e.Kind == MarkSet {
				replayed[e.Person] = e.Entry()
			}
		}
		if !maps.Equal(replayed, s.Students) {
			rt.Fatalf("replayed %v, want %v", replayed, s.Students)
		}
	})
}
