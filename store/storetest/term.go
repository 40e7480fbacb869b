package storetest

import (
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/roster"
)

// termTests are about reports of many sessions.
var termTests = map[string]test{
	"a term has every student by every session that was held": termHasAll,
	"marks are read session by session":                       marksBySession,
	"totals are of what counts":                               totalsOfWhatCounts,
	"totals and courses come in pages":                        totalsInPages,
}

// nextSession makes another session of the class, so many weeks later, and opens it.
func (c *class) nextSession(t *testing.T, title string, weeks int) {
	t.Helper()
	n := roster.Schedule(c.course, title, tenFifteen)
	n.Starts = tenFifteen.AddDate(0, 0, 7*weeks)
	n.Ends = n.Starts.Add(90 * time.Minute)
	var err error
	c.session, err = c.AddSession(t.Context(), n)
	must(t, err)
	c.must(t, c.command("open", c.teacher, attendance.OpenSession))
}

// newTerm is a class of three with four sessions: the first, one that came before it,
// one after, and one that is only planned. The last student has left.
func newTerm(t *testing.T, s Store) (c *class, first attendance.SessionID) {
	c = newClass(t, s, 3)
	first = c.session
	c.must(t, c.checkIn("in", 0, ""))
	c.must(t, c.set("late", 2, attendance.Late, "bus"))
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	c.nextSession(t, "Before", -1)
	c.must(t, c.set("excused", 0, attendance.Excused, ""))
	c.nextSession(t, "After", 1)
	c.must(t, c.set("absent", 0, attendance.Absent, ""))
	_, err := c.AddSession(t.Context(), roster.Schedule(c.course, "Planned", tenFifteen))
	must(t, err)
	leave(t, c, 2)
	return c, first
}

func termHasAll(t *testing.T, open Open) {
	c, _ := newTerm(t, open(t))
	newClass(t, c.Store, 2) // somebody else's
	term, ok, err := c.Term(t.Context(), c.course)
	must(t, err)
	if !ok {
		t.Fatal("no such course")
	}
	same(t, "course", report.About{ID: c.course, Code: "CS101", Title: "Algorithms", Set: attendance.DefaultStatusSetID}, term.Course)
	var titles []string
	for _, h := range term.Sessions {
		titles = append(titles, h.Title)
	}
	same(t, "sessions", []string{"Before", "Week 1", "After"}, titles)
	if h := term.Sessions[0]; !h.Starts.Equal(tenFifteen.AddDate(0, 0, -7)) || !h.OpenedAt.Equal(tenFifteen) || h.Status != attendance.Open {
		t.Errorf("planned and opened: %+v", h)
	}
	if h := term.Sessions[1]; !h.Starts.Equal(tenFifteen) || !h.ClosedAt.Equal(tenFifteen) || h.Status != attendance.Closed {
		t.Errorf("opened without a plan: %+v", h)
	}
	same(t, "students", []report.Student{
		{Person: c.students[0], Family: "F0000", Given: "G0"}, {Person: c.students[1], Family: "F0001", Given: "G1"},
		{Person: c.students[2], Family: "F0002", Given: "G2", Left: true},
	}, term.Students)
	same(t, "marks", [][]attendance.Marking{
		{{Mark: attendance.Excused}, {Mark: attendance.Present}, {Mark: attendance.Absent}},
		{{}, {Mark: attendance.Absent}, {}},
		{{}, {Mark: attendance.Late}, {}},
	}, term.Marks)
	same(t, "counts", attendance.Counts{attendance.Unset: 2, attendance.Present: 1, attendance.Late: 1, attendance.Absent: 2, attendance.Excused: 1}, term.All().Counts)
	if _, ok, err := c.Term(t.Context(), 999); ok || err != nil {
		t.Errorf("a course that there is not: %v, %v", ok, err)
	}
}

func marksBySession(t *testing.T, open Open) {
	c, first := newTerm(t, open(t))
	other, _ := newTerm(t, c.Store)
	rows, err := c.MarksOf(t.Context(), first)
	must(t, err)
	if len(rows) != 3 || rows[2].Mark != attendance.Late || rows[2].Note != "bus" || rows[2].ActorName != "G3 F0003" || rows[2].Family != "F0002" ||
		rows[0].Source != attendance.ByCode || rows[0].ActorName != "" || rows[1].Source != attendance.ByRule {
		t.Errorf("%+v", rows)
	}
	var got []string
	var n int64
	scope := report.Scope{From: tenFifteen}
	must(t, report.EachSession(t.Context(), c, scope, func(l *report.Lines) error {
		got = append(got, l.Session.Title)
		n += int64(len(l.Rows))
		return nil
	}))
	same(t, "sessions on the day or later, of all courses", []string{"Week 1", "After", "Week 1", "After"}, got)
	if n != 8 {
		t.Errorf("%d marks, want 8", n)
	}
	got = nil
	must(t, report.EachSession(t.Context(), c, report.Scope{Course: other.course, To: tenFifteen}, func(l *report.Lines) error {
		got = append(got, l.Course.Code+" "+l.Session.Title)
		return nil
	}))
	same(t, "sessions of one course before the day", []string{"CS101 Before"}, got)
	for course, want := range map[attendance.CourseID]int64{0: 10, other.course: 5, 999: 0} {
		if n, err := c.CountMarks(t.Context(), course); n != want || err != nil {
			t.Errorf("course %d has %d marks (%v), want %d", course, n, err, want)
		}
	}
}

func totalsOfWhatCounts(t *testing.T, open Open) {
	c, _ := newTerm(t, open(t))
	courses, err := c.CourseTotals(t.Context(), 0, 10)
	must(t, err)
	same(t, "courses", []report.CourseTotal{{About: report.About{ID: c.course, Code: "CS101", Title: "Algorithms", Set: attendance.DefaultStatusSetID}, Students: 2, Sessions: 3,
		Tally: tally(attendance.Present, attendance.Late, attendance.Absent, attendance.Absent, attendance.Excused)}}, courses)
	students, err := c.StudentTotals(t.Context(), 0, 10)
	must(t, err)
	same(t, "students", []report.StudentTotal{
		{Student: report.Student{Person: c.students[0], Family: "F0000", Given: "G0"}, Courses: 1, Tallies: usually(attendance.Present, attendance.Absent, attendance.Excused)},
		{Student: report.Student{Person: c.students[1], Family: "F0001", Given: "G1"}, Courses: 1, Tallies: usually(attendance.Absent)},
		{Student: report.Student{Person: c.students[2], Family: "F0002", Given: "G2"}, Courses: 1, Tallies: usually(attendance.Late)},
	}, students)
}

func tally(marks ...attendance.Mark) report.Tally {
	t := make(report.Tally)
	for _, m := range marks {
		t[attendance.Marking{Mark: m}]++
	}
	return t
}

// usually is a tally by the default set.
func usually(marks ...attendance.Mark) map[attendance.StatusSetID]report.Tally {
	return map[attendance.StatusSetID]report.Tally{attendance.DefaultStatusSetID: tally(marks...)}
}

func totalsInPages(t *testing.T, open Open) {
	s := open(t)
	for range 3 {
		newTerm(t, s)
	}
	var courses, totals []attendance.CourseID
	var people []attendance.PersonID
	for after := attendance.CourseID(0); ; {
		some, err := s.CoursesAfter(t.Context(), after, 2)
		must(t, err)
		sums, err := s.CourseTotals(t.Context(), after, 2)
		must(t, err)
		if len(some) == 0 {
			break
		}
		for i := range some {
			courses, totals = append(courses, some[i].ID), append(totals, sums[i].ID)
			after = some[i].ID
		}
	}
	for after := attendance.PersonID(0); ; {
		some, err := s.StudentTotals(t.Context(), after, 4)
		must(t, err)
		if len(some) == 0 {
			break
		}
		for i := range some {
			people = append(people, some[i].Person)
			after = some[i].Person
		}
	}
	same(t, "courses", courses, totals)
	if len(courses) != 3 || len(people) != 9 {
		t.Errorf("%d courses and %d students, want 3 and 9", len(courses), len(people))
	}
}
