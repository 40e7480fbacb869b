package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/excuse"
	"github.com/muster-live/muster/roster"
)

var excuseTests = map[string]test{
	"an excuse marks sessions that were held and those that open later":   excusesPastAndFuture,
	"an excuse is for sessions that have a moment in common with it":      excusesByTime,
	"the same excuse twice changes nothing":                               excuseTwice,
	"withdrawing takes back what the excuse set, and nothing else":        withdrawTakesBack,
	"an undone excuse is gone from sessions that opened since as well":    undoneExcuse,
	"another excuse for the same time stands when one is withdrawn":       anotherExcuseStands,
	"an excuse for all courses is for each, one for a course is not":      excusesByCourse,
	"an excuse for thousands of marks is recorded and taken back whole":   excuseThousands,
	"a session that opens while an excuse is given has it":                excuseWhileOpening,
	"excuses of a course are listed with whose they are and what they do": excusesAreListed,
	"excuses of the whole institution are listed page by page":            allExcusesAreListed,
}

// excuseThousands has more marks than a store sends at once.
func excuseThousands(t *testing.T, open Open) {
	const students, sessions = 2100, 3
	c := newClass(t, open(t), students)
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	for i := range sessions - 1 {
		held := c.at(c.plan(t, tenFifteen.Add(time.Duration(i+1)*time.Hour)))
		held.must(t, held.command("open", c.teacher, attendance.OpenSession))
		held.must(t, held.command("close", c.teacher, attendance.CloseSession))
	}
	r := c.excuse(t, &excuse.Wanted{Reason: "strike", By: c.teacher, At: tenFifteen,
		Scope: excuse.Scope{Courses: []attendance.CourseID{c.course}, From: tenFifteen.Add(-week), Until: tenFifteen.Add(week)}})
	if len(r.Events) != students*sessions || r.Rows != students*(sessions+1) {
		t.Errorf("%d events and %d rows", len(r.Events), r.Rows)
	}
	keys, n := make(map[string]bool), 0
	for {
		rows, err := c.ChangeRows(t.Context(), r.ID, n, changes.MaxPage)
		must(t, err)
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			if n++; row.N != n || keys[row.What+row.Key] {
				t.Fatalf("row %d is %+v", n, row)
			}
			keys[row.What+row.Key] = true
		}
	}
	if n != r.Rows {
		t.Errorf("%d rows are there", n)
	}
	if v := verify(t, c, ""); len(v.Faults) > 0 {
		t.Errorf("the chains: %+v", v)
	}
	_, err := c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	for i, mark := range c.marks(t) {
		if mark != attendance.Absent {
			t.Fatalf("student %d is %v", i, mark)
		}
	}
}

const week = 7 * 24 * time.Hour

// plan makes a session of the class that begins at a time, for an hour and a half.
func (c *class) plan(t testing.TB, at time.Time) attendance.SessionID {
	t.Helper()
	n := roster.Schedule(c.course, at.Format(time.DateOnly), at)
	n.Starts, n.Ends = at, at.Add(90*time.Minute)
	id, err := c.AddSession(t.Context(), n)
	must(t, err)
	return id
}

// at is the class in another session.
func (c *class) at(session attendance.SessionID) *class {
	other := *c
	other.session = session
	return &other
}

// wanted excuses students of the class from 10:00 today for so long.
func (c *class) wanted(length time.Duration, students ...int) *excuse.Wanted {
	w := &excuse.Wanted{Reason: "team away", Status: "sport", By: c.teacher, At: tenFifteen}
	for _, i := range students {
		w.People = append(w.People, c.students[i])
	}
	w.Courses = []attendance.CourseID{c.course}
	w.From, w.Until = tenFifteen.Add(-15*time.Minute), tenFifteen.Add(length)
	return w
}

// excuse gives an excuse, and returns what was done.
func (c *class) excuse(t testing.TB, w *excuse.Wanted) changes.Result {
	t.Helper()
	r, err := c.GiveExcuses(t.Context(), header(changes.Excuses, c.teacher), w.Scope, func(r *excuse.Reach) ([]excuse.Excuse, error) {
		p, err := w.Decide(r)
		return p.Add, err
	})
	must(t, err)
	return r
}

func (c *class) wantMarks(t testing.TB, when string, want ...attendance.Mark) {
	t.Helper()
	same(t, "marks "+when, want, c.marks(t))
}

func excusesPastAndFuture(t *testing.T, open Open) {
	c := newClass(t, open(t), 5)
	next, later := c.plan(t, tenFifteen.Add(week)), c.plan(t, tenFifteen.Add(3*week))
	c.must(t, c.checkIn("in", 1, ""))
	c.must(t, c.set("hand", 2, attendance.Absent, ""))
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	w := c.wanted(2*week, 0, 1, 2, 3)
	reach, err := c.Reach(t.Context(), w.Scope)
	must(t, err)
	plan, err := w.Decide(reach)
	must(t, err)
	if plan.Marks != 2 || plan.Left[excuse.CheckedIn] != 1 || plan.Left[excuse.ByHand] != 1 || plan.Held != 1 || plan.Coming != 1 || plan.People != 4 {
		t.Errorf("planned: %+v", plan)
	}
	r := c.excuse(t, w)
	if len(r.Events) != 2 || r.Rows != 6 {
		t.Errorf("%d events, %d rows", len(r.Events), r.Rows)
	}
	const p, a, e, u = attendance.Present, attendance.Absent, attendance.Excused, attendance.Unset
	c.wantMarks(t, "of the past", e, p, a, e, a)
	c.at(next).must(t, c.at(next).command("open", c.teacher, attendance.OpenSession))
	c.at(next).wantMarks(t, "next week", e, e, e, e, u)
	c.at(later).must(t, c.at(later).command("open", c.teacher, attendance.OpenSession))
	c.at(later).wantMarks(t, "after it", u, u, u, u, u)
	c.at(next).must(t, c.at(next).checkIn("in", 0, ""))
	c.at(next).must(t, c.at(next).command("close", c.teacher, attendance.CloseSession))
	c.at(next).wantMarks(t, "next week, closed", p, e, e, e, a)
	held, err := c.Record(t.Context(), c.session)
	must(t, err)
	if got := held.Entries[c.students[0]].Status; got != "sport" {
		t.Errorf("the mark of the past has status %q", got)
	}
	rec, err := c.Record(t.Context(), next)
	must(t, err)
	if got := rec.Entries[c.students[1]]; got.Status != "sport" || got.Source != attendance.ByRule || got.Actor != c.teacher || got.Note != "team away" {
		t.Errorf("the mark says %+v", got)
	}
}

func excusesByTime(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	for _, tt := range []struct {
		from, until time.Duration // after the session began
		want        bool
	}{
		{0, time.Minute, true}, {-time.Hour, 0, false}, {-time.Hour, time.Minute, true}, {89 * time.Minute, 2 * time.Hour, true},
		{90 * time.Minute, 2 * time.Hour, false}, {-time.Hour, 5 * time.Hour, true},
	} {
		begins := tenFifteen.Add(week)
		session := c.at(c.plan(t, begins))
		w := c.wanted(0, 0)
		w.From, w.Until, w.Reason = begins.Add(tt.from), begins.Add(tt.until), fmt.Sprint(tt)
		r := c.excuse(t, w)
		session.must(t, session.command("open", c.teacher, attendance.OpenSession))
		if got := session.marks(t)[0] == attendance.Excused; got != tt.want {
			t.Errorf("from %v until %v after the beginning: excused is %v", tt.from, tt.until, got)
		}
		_, err := c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
		must(t, err)
	}
}

func excuseTwice(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	c.excuse(t, c.wanted(week, 0, 1))
	if r := c.excuse(t, c.wanted(week, 0, 1)); r.ID != 0 || r.Rows != 0 {
		t.Errorf("the second time: %+v", r)
	}
	if r := c.excuse(t, c.wanted(week, 0, 1, 2)); r.Rows != 2 {
		t.Errorf("with one more: %+v", r)
	}
	w := c.wanted(week)
	w.People = []attendance.PersonID{c.teacher}
	_, err := c.GiveExcuses(t.Context(), header(changes.Excuses, c.teacher), w.Scope, func(r *excuse.Reach) ([]excuse.Excuse, error) {
		p, err := w.Decide(r)
		return p.Add, err
	})
	if attendance.AsError(err).Code != attendance.CodeUnknownPerson {
		t.Errorf("a teacher was excused: %v", err)
	}
}

func withdrawTakesBack(t *testing.T, open Open) {
	c := newClass(t, open(t), 4)
	c.must(t, c.set("hand", 1, attendance.Excused, "mine"))
	c.excuse(t, c.wanted(2*week, 0, 1, 2, 3))
	next := c.at(c.plan(t, tenFifteen.Add(week)))
	next.must(t, next.command("open", c.teacher, attendance.OpenSession))
	next.must(t, next.checkIn("in", 2, ""))
	next.must(t, next.command("close", c.teacher, attendance.CloseSession))
	listed, err := c.Excuses(t.Context(), c.course)
	must(t, err)
	var ids []int64
	for _, l := range listed[:3] { // the last student stays excused
		ids = append(ids, l.ID)
	}
	r, err := c.WithdrawExcuses(t.Context(), header(changes.Excuses, c.teacher), ids)
	must(t, err)
	c.wantMarks(t, "of the open session", attendance.Unset, attendance.Excused, attendance.Unset, attendance.Excused)
	next.wantMarks(t, "of the closed session", attendance.Absent, attendance.Absent, attendance.Present, attendance.Excused)
	if again, err := c.WithdrawExcuses(t.Context(), header(changes.Excuses, c.teacher), ids); err != nil || again.ID != 0 {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	if all, err := c.ExcusesByID(t.Context(), append(ids, listed[3].ID, 999)); err != nil || len(all) != 4 {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	next.wantMarks(t, "after the withdrawal was taken back", attendance.Excused, attendance.Excused, attendance.Present, attendance.Excused)
}

func undoneExcuse(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	r := c.excuse(t, c.wanted(2*week, 0))
	next := c.at(c.plan(t, tenFifteen.Add(week)))
	next.must(t, next.command("open", c.teacher, attendance.OpenSession))
	u, err := c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	if len(u.Events) != 2 {
		t.Errorf("%d events", len(u.Events))
	}
	c.wantMarks(t, "then", attendance.Unset, attendance.Unset)
	next.wantMarks(t, "since", attendance.Unset, attendance.Unset)
	if listed, err := c.Excuses(t.Context(), c.course); err != nil || len(listed) > 0 {
		t.Errorf("%+v, %v", listed, err)
	}
}

func anotherExcuseStands(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	c.excuse(t, c.wanted(week, 0))
	other := c.wanted(2*week, 0)
	other.Reason = "ill"
	r := c.excuse(t, other)
	_, err := c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	c.wantMarks(t, "with the first one left", attendance.Excused)
	rec, err := c.Record(t.Context(), c.session)
	must(t, err)
	if got := rec.Entries[c.students[0]].Note; got != "team away" {
		t.Errorf("because of %q", got)
	}
}

func excusesByCourse(t *testing.T, open Open) {
	s := open(t)
	c, other := newClass(t, s, 2), newClass(t, s, 1)
	_, err := s.ApplyImport(t.Context(), header(changes.Import, 0), func(*roster.Current) (*roster.ChangeSet, error) {
		cs := &roster.ChangeSet{Enrolments: []roster.StoredEnrolment{{Course: other.course, Person: c.students[0], Role: attendance.Student}}}
		cs.Counts.Enrolments.Add = 1
		return cs, nil
	})
	must(t, err)
	other.students = append(other.students, c.students[0])
	one := c.wanted(week, 0)
	one.Reason = "one"
	c.excuse(t, one)
	other.wantMarks(t, "in the other course", attendance.Unset, attendance.Unset)
	all := c.wanted(week, 0)
	all.Courses, all.Reason = nil, "all"
	if r := c.excuse(t, all); r.Rows != 3 { // the excuse, and the marks in both courses
		t.Errorf("%d rows", r.Rows)
	}
	other.wantMarks(t, "in the other course, after one for all", attendance.Unset, attendance.Excused)
	everyone := c.wanted(week)
	everyone.People, everyone.Reason = nil, "whole class away"
	c.excuse(t, everyone)
	c.wantMarks(t, "with everybody excused", attendance.Excused, attendance.Excused)
}

// However an opening and an excuse fall together, the marks say it.
func excuseWhileOpening(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	other := c.in(open(t))
	for round := range 10 {
		begins := tenFifteen.Add(time.Duration(round+1) * week)
		session := c.at(c.plan(t, begins))
		w := c.wanted(0, 0)
		w.From, w.Until = begins, begins.Add(time.Hour)
		var both sync.WaitGroup
		both.Go(func() { session.must(t, session.command("open", c.teacher, attendance.OpenSession)) })
		both.Go(func() { other.excuse(t, w) })
		both.Wait()
		session.wantMarks(t, fmt.Sprint("in round ", round), attendance.Excused)
	}
}

func excusesAreListed(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	c.plan(t, tenFifteen.Add(time.Hour))
	c.must(t, c.checkIn("in", 1, ""))
	c.excuse(t, c.wanted(week, 0, 1))
	got, err := c.Excuses(t.Context(), c.course)
	must(t, err)
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for i, l := range got {
		if l.Person != c.students[i] || l.Family != fmt.Sprintf("F%04d", i) || l.ByName != "G3 F0003" || l.Sessions != 2 || l.Marks != 1-i || l.Reason != "team away" || l.Status != "sport" {
			t.Errorf("%d: %+v", i, l)
		}
	}
}

func allExcusesAreListed(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 3)
	other, err := s.AddCourse(t.Context(), roster.NewCourse{Course: roster.Course{Code: "CS102", Title: "Compilers", Rules: attendance.DefaultRules()},
		Members: []roster.Member{{ID: c.students[0], Role: attendance.Student}}})
	must(t, err)
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	c.excuse(t, c.wanted(week, 0))
	w := c.wanted(2*week, 0)
	w.Courses = nil
	c.excuse(t, w)
	w = c.wanted(0, 0)
	w.Courses, w.Reason = []attendance.CourseID{other}, "ill"
	c.excuse(t, w)
	withdrawn := c.wanted(3*week, 1)
	c.excuse(t, withdrawn)
	all, err := s.AllExcuses(t.Context(), 0, 10)
	must(t, err)
	_, err = s.WithdrawExcuses(t.Context(), header(changes.Excuses, c.teacher), []int64{all[0].ID})
	must(t, err)
	lines := func(before int64, limit int) (lines []string, last int64) {
		t.Helper()
		page, err := s.AllExcuses(t.Context(), before, limit)
		must(t, err)
		for _, l := range page {
			lines = append(lines, fmt.Sprintf("%d %q %s: %d of %d", l.Person, l.CourseCode, l.Reason, l.Marks, l.Sessions))
			last = l.ID
		}
		return lines, last
	}
	id := c.students[0]
	first, last := lines(0, 2)
	same(t, "the first page", []string{fmt.Sprintf(`%d "CS102" ill: 0 of 0`, id), fmt.Sprintf(`%d "" team away: 1 of 1`, id)}, first)
	rest, _ := lines(last, 2)
	same(t, "the rest", []string{fmt.Sprintf(`%d "CS101" team away: 1 of 1`, id)}, rest)
}
