package storetest

import (
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/grid"
)

var gridTests = map[string]test{
	"a grid has the marks of a term, and whoever has left but has one": gridHasTheTerm,
	"edits of a grid are one change set, and undone as one":            gridEdits,
}

func gridHasTheTerm(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	before := c.plan(t, tenFifteen.Add(-week))
	after := c.plan(t, tenFifteen.Add(week))
	c.must(t, c.checkIn("in", 1, ""))
	c.must(t, c.set("m", 0, attendance.Excused, "ill"))
	leave(t, c, 1)
	leave(t, c, 2)
	g, ok, err := c.Grid(t.Context(), c.course)
	must(t, err)
	if !ok || g.Code != "CS101" || len(g.Sessions) != 3 || len(g.Students) != 2 {
		t.Fatalf("%v, %+v", ok, g)
	}
	same(t, "sessions", []grid.Session{
		{ID: before, Title: "2026-11-16", Starts: tenFifteen.Add(-week)},
		{ID: c.session, Title: "Week 1", Starts: tenFifteen, Status: attendance.Open, Seq: 3},
		{ID: after, Title: "2026-11-30", Starts: tenFifteen.Add(week)},
	}, g.Sessions)
	if g.Students[0].Left || !g.Students[1].Left || g.Students[1].ID != c.students[1] {
		t.Errorf("students %+v", g.Students)
	}
	marks := make(map[attendance.PersonID]grid.Mark)
	for _, m := range g.Marks {
		marks[m.Person] = m
	}
	same(t, "marks", map[attendance.PersonID]grid.Mark{
		c.students[0]: {Session: c.session, Person: c.students[0], Marking: attendance.Marking{Mark: attendance.Excused}, Source: attendance.ByHand, Note: "ill"},
		c.students[1]: {Session: c.session, Person: c.students[1], Marking: attendance.Marking{Mark: attendance.Present}, Source: attendance.ByCode},
	}, marks)
	if _, ok, err := c.Grid(t.Context(), 999); ok || err != nil {
		t.Errorf("of no course: %v, %v", ok, err)
	}
}

func gridEdits(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	c.must(t, c.set("m", 0, attendance.Excused, "ill"))
	g, _, err := c.Grid(t.Context(), c.course)
	must(t, err)
	note := "bus"
	plan := g.Make([]grid.Edit{{Person: c.students[0], Session: c.session, Marking: attendance.Marking{Mark: attendance.Late}}, {Person: c.students[1], Session: c.session, Marking: attendance.Marking{Mark: attendance.Late}, Note: &note}}, c.teacher)
	r, err := c.ChangeMarks(t.Context(), header(changes.Marks, c.teacher), plan.Commands)
	must(t, err)
	rec, err := c.Record(t.Context(), c.session)
	must(t, err)
	for i, want := range []string{"ill", "bus"} {
		if e := rec.Entries[c.students[i]]; e.Mark != attendance.Late || e.Note != want || e.Actor != c.teacher || !e.At.Equal(tenFifteen.Truncate(time.Millisecond)) {
			t.Errorf("student %d: %+v", i, e)
		}
	}
	_, err = c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	c.wantMarks(t, "after the undo", attendance.Excused, attendance.Unset)
}
