package storetest

import (
	"context"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/report"
)

var statusTests = map[string]test{
	"marks mean what the institution says, and what is usual after an undo": marksMeanAsSaid,
	"a course counts by the set that it has chosen":                         coursesChooseSets,
	"a mark keeps its status in the log, on boards, in reports and undone":  marksKeepStatuses,
}

// withOnline is the default set with a status beside the marks.
func withOnline(points int) attendance.StatusSet {
	set := *attendance.DefaultStatusSet()
	set.Meanings = append(set.Meanings, attendance.Meaning{Mark: attendance.Present, Key: "online", Name: "Online", Letter: "O", Points: points, Counts: attendance.CountsThere})
	return set
}

func marksMeanAsSaid(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	usual := []attendance.StatusSet{*attendance.DefaultStatusSet()}
	sets := func() []attendance.StatusSet {
		t.Helper()
		all, err := c.StatusSets(t.Context())
		must(t, err)
		return all
	}
	same(t, "at first", usual, sets())
	want := withOnline(50)
	id, r, err := c.ChangeStatusSet(t.Context(), header(changes.Rules, 0), want)
	must(t, err)
	same(t, "changed", []attendance.StatusSet{want}, sets())
	if id != want.ID || r.Rows != 1 {
		t.Errorf("set %d, %+v", id, r)
	}
	if _, again, err := c.ChangeStatusSet(t.Context(), header(changes.Rules, 0), want); err != nil || again.ID != 0 {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	_, err = c.UndoChanges(t.Context(), header(changes.Undo, 0), r.ID, false)
	must(t, err)
	same(t, "after the undo", usual, sets())
	want.Meanings[4].Letter = "p"
	if _, _, err := c.ChangeStatusSet(t.Context(), header(changes.Rules, 0), want); attendance.AsError(err).Field != "statuses[4].letter" {
		t.Errorf("two statuses with a letter: %v", err)
	}
}

func coursesChooseSets(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	lab := withOnline(50)
	lab.ID, lab.Name = 0, "Labs"
	var made []attendance.StatusSetID
	for range 2 {
		id, r, err := c.ChangeStatusSet(t.Context(), header(changes.Rules, 0), lab)
		must(t, err)
		made = append(made, id)
		if len(made) == 1 {
			_, err := c.UndoChanges(t.Context(), header(changes.Undo, 0), r.ID, false)
			must(t, err)
		}
	}
	lab.ID = made[1]
	if made[0] == made[1] || lab.ID == attendance.DefaultStatusSetID {
		t.Errorf("sets %v were made: the id of one that is gone is not given out again", made)
	}
	h := header(changes.Rules, 0)
	h.Course = c.course
	r, err := c.ChooseStatusSet(t.Context(), h, lab.ID)
	must(t, err)
	course, err := c.Course(t.Context(), c.course)
	must(t, err)
	same(t, "the course's set", lab.ID, course.StatusSet)

	cmd := c.set("m", 0, attendance.Present, "")
	cmd.Marks[0].Status = "online"
	c.must(t, cmd)
	c.must(t, c.set("n", 1, attendance.Present, ""))
	term, _, err := c.Term(t.Context(), c.course)
	must(t, err)
	same(t, "points", []float64{0.5, 1}, []float64{term.OfStudent(0).Points, term.OfStudent(1).Points})
	tallies := func(set attendance.StatusSetID, course attendance.CourseID) (all []report.CourseTally) {
		t.Helper()
		must(t, c.EachTally(t.Context(), set, course, func(one *report.CourseTally) error {
			all = append(all, *one)
			return nil
		}))
		return all
	}
	some, err := c.CoursesAfter(t.Context(), 0, 1)
	must(t, err)
	rep, _, err := c.SessionReport(t.Context(), c.session)
	must(t, err)
	same(t, "the sets of exports", []attendance.StatusSetID{lab.ID, lab.ID}, []attendance.StatusSetID{some[0].Set, rep.Statuses.ID})
	online, here := attendance.Marking{Mark: attendance.Present, Status: "online"}, attendance.Marking{Mark: attendance.Present}
	got := tallies(lab.ID, 0)
	if len(got) != 2 || got[0].Person != c.students[0] || got[0].Course.ID != c.course || got[0].Tally[online] != 1 || got[1].Tally[here] != 1 || len(tallies(1, 0)) != 0 || len(tallies(1, c.course)) != 2 {
		t.Errorf("what each student has: %+v", got)
	}
	after := lab
	after.Meanings = attendance.DefaultStatusSet().Meanings
	shift, err := report.ShiftOf(t.Context(), &lab, &after, 1, func(ctx context.Context, fn func(*report.CourseTally) error) error {
		return c.EachTally(ctx, lab.ID, 0, fn)
	})
	must(t, err)
	if shift.Courses != 1 || shift.Students != 2 || shift.Up != 1 || shift.Down != 0 || len(shift.Most) != 1 || shift.Most[0].Before.Points != 0.5 || shift.Most[0].After.Points != 1 {
		t.Errorf("without its status: %+v", shift)
	}
	_, err = c.UndoChanges(t.Context(), header(changes.Undo, 0), r.ID, false)
	must(t, err)
	if course, err = c.Course(t.Context(), c.course); err != nil || course.StatusSet != attendance.DefaultStatusSetID {
		t.Errorf("after the undo: %+v, %v", course, err)
	}
}

func marksKeepStatuses(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	cmd := c.set("m", 0, attendance.Late, "bus")
	cmd.Marks[0].Status = "left_early"
	made := c.must(t, cmd)
	want := attendance.Marking{Mark: attendance.Late, Status: "left_early"}
	if r := c.must(t, cmd); r.Outcome != made.Outcome {
		t.Errorf("the same again: %+v", r)
	}
	cmd.ID = "again"
	if r := c.must(t, cmd); len(r.Events) != 0 {
		t.Errorf("the same mark again makes %+v", r.Events)
	}
	events, err := c.Events(t.Context(), c.session, 1, 10)
	must(t, err)
	same(t, "in the log", made.Events, events)
	rec, err := c.Record(t.Context(), c.session)
	must(t, err)
	same(t, "on boards", want, rec.Entries[c.students[0]].Marking())
	rows, err := c.MarksOf(t.Context(), c.session)
	must(t, err)
	same(t, "in exports", want, rows[0].Marking())
	g, _, err := c.Grid(t.Context(), c.course)
	must(t, err)
	same(t, "in the grid", want, g.Marks[0].Marking)
	courses, err := c.History(t.Context(), c.students[0])
	must(t, err)
	same(t, "in the history", want, courses[0].Sessions[0].Marking)

	h := header(changes.Marks, c.teacher)
	h.Course = c.course
	r, err := c.ChangeMarks(t.Context(), h, []attendance.Command{{Session: c.session, Kind: attendance.SetMarks, Marks: []attendance.MarkChange{{Person: c.students[0], Mark: attendance.Absent}}}})
	must(t, err)
	_, err = c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	rows, err = c.MarksOf(t.Context(), c.session)
	must(t, err)
	same(t, "after an undo", want, rows[0].Marking())
}
