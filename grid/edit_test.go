package grid_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/grid"
)

const (
	present = attendance.Present
	late    = attendance.Late
	absent  = attendance.Absent
	excused = attendance.Excused
	unset   = attendance.Unset
)

// term is a course of two held sessions and one to come, and three students, one of
// whom has left.
func term() *grid.Grid {
	day := time.Date(2026, 11, 2, 9, 15, 0, 0, time.UTC)
	return &grid.Grid{
		Course: 5, Code: "CS101", Title: "Algorithms",
		Sessions: []grid.Session{
			{ID: 41, Title: "Week 1", Starts: day, Status: attendance.Closed},
			{ID: 42, Title: "Week 2", Starts: day.AddDate(0, 0, 7), Status: attendance.Open},
			{ID: 43, Title: "Week 3", Starts: day.AddDate(0, 0, 14), Status: attendance.Scheduled},
		},
		Students: []grid.Student{
			{ID: 1, Family: "Lovelace", Given: "Ada", Ref: "0041815"}, {ID: 2, Family: "Turing", Given: "Alan", Ref: "0041816"},
			{ID: 3, Family: "Woolf", Given: "Virginia", Ref: "17", Left: true},
		},
		Marks: []grid.Mark{
			{Session: 41, Person: 1, Marking: attendance.Marking{Mark: present}, Source: attendance.ByCode}, {Session: 41, Person: 2, Marking: attendance.Marking{Mark: absent}, Source: attendance.ByRule, Note: ""},
			{Session: 42, Person: 2, Marking: attendance.Marking{Mark: excused}, Source: attendance.ByHand, Note: "ill"}, {Session: 41, Person: 3, Marking: attendance.Marking{Mark: late}, Source: attendance.ByCode},
		},
	}
}

func TestEachEditIsLookedAtByItself(t *testing.T) {
	note, long := "bus", string(make([]byte, 600))
	edits := []grid.Edit{
		{Person: 1, Session: 41, Marking: attendance.Marking{Mark: late}},
		{Person: 1, Session: 42, Marking: attendance.Marking{Mark: present}, Note: &note},
		{Person: 2, Session: 41, Marking: attendance.Marking{Mark: absent}},
		{Person: 2, Session: 42, Marking: attendance.Marking{Mark: late}},
		{Person: 1, Session: 43, Marking: attendance.Marking{Mark: present}},
		{Person: 3, Session: 41, Marking: attendance.Marking{Mark: present}},
		{Person: 9, Session: 41, Marking: attendance.Marking{Mark: present}},
		{Person: 1, Session: 99, Marking: attendance.Marking{Mark: present}},
		{Person: 1, Session: 41, Marking: attendance.Marking{Mark: absent}},
		{Person: 2, Session: 41, Marking: attendance.Marking{Mark: absent}, Note: &long},
	}
	p := term().Make(edits, 100)
	var got []string
	for _, o := range p.Outcomes {
		got = append(got, o.String())
	}
	want := []string{"set", "set", "same", "set", "refused", "refused", "refused", "refused", "refused", "refused"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if p.Added != 1 || p.Changed != 2 || len(p.Refused) != 6 || p.Title() != "3 marks in 2 sessions" {
		t.Errorf("%+v, %s", p, p.Title())
	}
	hand := func(m attendance.Mark, note string) *attendance.Entry {
		return &attendance.Entry{Mark: m, Source: attendance.ByHand, Actor: 100, Note: note}
	}
	commands := []attendance.Command{
		{Session: 41, Kind: attendance.SetMarks, Marks: []attendance.MarkChange{{Person: 1, Mark: late, As: hand(late, "")}}},
		{Session: 42, Kind: attendance.SetMarks, Marks: []attendance.MarkChange{{Person: 1, Mark: present, As: hand(present, "bus")}, {Person: 2, Mark: late, As: hand(late, "ill")}}},
	}
	if d := cmp.Diff(commands, p.Commands); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestSessionsThatWereNeverOpenedAreOpenedForTheMarksOfASheet(t *testing.T) {
	edits := []grid.Edit{{Person: 1, Session: 43, Marking: attendance.Marking{Mark: present}}}
	starts := term().Sessions[2].Starts
	if p := term().MakeOpening(edits, 100, starts); p.Outcomes[0] != grid.Refused {
		t.Errorf("before it was to begin: %+v", p)
	}
	p := term().MakeOpening(edits, 100, starts.Add(time.Hour))
	var kinds []string
	for _, c := range p.Commands {
		kinds = append(kinds, c.Kind.String())
	}
	if d := cmp.Diff([]string{"open", "mark", "close"}, kinds); d != "" || p.Opened != 1 {
		t.Errorf("%+v (-want +got):\n%s", p, d)
	}
}

func TestTakingAMarkAwayTakesItsNote(t *testing.T) {
	p := term().Make([]grid.Edit{{Person: 2, Session: 42, Marking: attendance.Marking{Mark: unset}}, {Person: 1, Session: 42, Marking: attendance.Marking{Mark: unset}}}, 100)
	if p.Removed != 1 || p.Outcomes[1] != grid.Same || p.Commands[0].Marks[0].As.Note != "" {
		t.Errorf("%+v", p)
	}
}
