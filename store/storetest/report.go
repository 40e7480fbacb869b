package storetest

import (
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
)

// reportTests are about what was, in one session and for one student.
var reportTests = map[string]test{
	"a report has everybody, by name, with what set the mark": reportHasEverybody,
	"who has left is in the reports of their time":            reportKeepsWhoLeft,
	"a history is a student's own, newest first":              historyIsOnesOwn,
}

func reportHasEverybody(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	in := c.must(t, c.checkIn("in", 2, ""))
	c.must(t, c.set("late", 0, attendance.Late, "bus"))
	rep, ok, err := c.SessionReport(t.Context(), c.session)
	must(t, err)
	if !ok || rep.CourseCode != "CS101" || len(rep.Rows) != 3 {
		t.Fatalf("%v, %+v", ok, rep)
	}
	for i, r := range rep.Rows {
		if r.Person != c.students[i] {
			t.Errorf("row %d is of person %d, want %d", i, r.Person, c.students[i])
		}
	}
	if r := rep.Rows[0]; r.Mark != attendance.Late || r.Note != "bus" || r.ActorName != "G3 F0003" {
		t.Errorf("by hand: %+v", r)
	}
	if r := rep.Rows[2]; r.Entry != in.Events[0].Entry() || r.ActorName != "" {
		t.Errorf("checked in: %+v", r)
	}
	var want attendance.Counts
	want[attendance.Late], want[in.Events[0].Mark], want[attendance.Unset] = 1, 1, 1
	same(t, "counts", want, rep.Counts)
	if _, ok, err := c.SessionReport(t.Context(), 999); ok || err != nil {
		t.Errorf("a session that there is not: %v, %v", ok, err)
	}
}

// leave ends the enrolment of the student by an import.
func leave(t *testing.T, c *class, i int) {
	t.Helper()
	_, err := c.ApplyImport(t.Context(), changes.Header{Kind: changes.Import, At: tenFifteen}, func(*roster.Current) (*roster.ChangeSet, error) {
		cs := &roster.ChangeSet{Touched: []attendance.CourseID{c.course}}
		cs.Enrolments = []roster.StoredEnrolment{{Course: c.course, Person: c.students[i], Role: attendance.Student, Ended: true}}
		cs.Counts.Enrolments.End = 1
		return cs, nil
	})
	must(t, err)
}

func reportKeepsWhoLeft(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	c.must(t, c.checkIn("in", 0, ""))
	leave(t, c, 0)
	leave(t, c, 1)
	rep, _, err := c.SessionReport(t.Context(), c.session)
	must(t, err)
	if len(rep.Rows) != 1 || rep.Rows[0].Person != c.students[0] {
		t.Errorf("%+v", rep.Rows)
	}
}

func historyIsOnesOwn(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	first := c.session
	c.must(t, c.checkIn("in", 0, ""))
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	var err error
	later := tenFifteen.AddDate(0, 0, 7)
	c.session, err = c.AddSession(t.Context(), roster.Schedule(c.course, "Week 2", later))
	must(t, err)
	opening := c.command("open", c.teacher, attendance.OpenSession)
	opening.At = later
	c.must(t, opening)
	got, err := c.History(t.Context(), c.students[1])
	must(t, err)
	if len(got) != 1 || len(got[0].Sessions) != 2 {
		t.Fatalf("%+v", got)
	}
	if s := got[0].Sessions; s[0].Session != c.session || s[1].Session != first || s[0].Mark != attendance.Unset || s[1].Mark != attendance.Absent {
		t.Errorf("%+v", s)
	}
	leave(t, c, 0)
	got, err = c.History(t.Context(), c.students[0])
	must(t, err)
	if len(got) != 1 || len(got[0].Sessions) != 1 || got[0].Sessions[0].Session != first {
		t.Errorf("of a course that was left: %+v", got)
	}
	if none, err := c.History(t.Context(), c.teacher); len(none) > 0 || err != nil {
		t.Errorf("of the teacher: %+v, %v", none, err)
	}
}
