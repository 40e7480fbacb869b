package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/roster"
)

// tenFifteen is when everything happens.
var tenFifteen = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

// class is an open session of a course.
type class struct {
	Store
	course   attendance.CourseID
	session  attendance.SessionID
	students []attendance.PersonID
	teacher  attendance.PersonID
}

// newClass makes a course with so many students, and opens a session of it.
func newClass(t testing.TB, s Store, students int) *class {
	t.Helper()
	people := make([]roster.Person, students+1)
	for i := range people {
		people[i] = roster.Person{Given: fmt.Sprint("G", i), Family: fmt.Sprintf("F%04d", i)}
	}
	ids, err := s.AddPeople(t.Context(), people, tenFifteen)
	if err != nil {
		t.Fatal(err)
	}
	c := &class{Store: s, students: ids[:students], teacher: ids[students]}
	n := roster.NewCourse{Course: roster.Course{Code: "CS101", Title: "Algorithms", Rules: attendance.DefaultRules()}}
	for _, id := range c.students {
		n.Members = append(n.Members, roster.Member{ID: id, Role: attendance.Student})
	}
	n.Members = append(n.Members, roster.Member{ID: c.teacher, Role: attendance.Teacher})
	if c.course, err = s.AddCourse(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if c.session, err = s.AddSession(t.Context(), roster.Schedule(c.course, "Week 1", tenFifteen)); err != nil {
		t.Fatal(err)
	}
	c.must(t, c.command("open", c.teacher, attendance.OpenSession))
	return c
}

// in is the same class through another store.
func (c *class) in(s Store) *class {
	other := *c
	other.Store = s
	return &other
}

// another is another session of the same course, open too.
func (c *class) another(t testing.TB, title string) *class {
	t.Helper()
	other := *c
	var err error
	if other.session, err = c.AddSession(t.Context(), roster.Schedule(c.course, title, tenFifteen)); err != nil {
		t.Fatal(err)
	}
	other.must(t, other.command("open", c.teacher, attendance.OpenSession))
	return &other
}

// setFor gives somebody a mark by the teacher's hand.
func (c *class) setFor(p attendance.PersonID, mark attendance.Mark) attendance.Command {
	cmd := c.command("for", c.teacher, attendance.SetMarks)
	cmd.Marks = []attendance.MarkChange{{Person: p, Mark: mark}}
	return cmd
}

func (c *class) command(id string, actor attendance.PersonID, kind attendance.CommandKind) attendance.Command {
	return attendance.Command{ID: id, Session: c.session, Actor: actor, Kind: kind, At: tenFifteen}
}

// checkIn is the i-th student's, with a ticket unless that is empty.
func (c *class) checkIn(id string, i int, ticket string) attendance.Command {
	cmd := c.command(id, c.students[i], attendance.CheckIn)
	cmd.Ticket = ticket
	return cmd
}

// set gives the i-th student a mark by the teacher's hand.
func (c *class) set(id string, i int, mark attendance.Mark, note string) attendance.Command {
	cmd := c.command(id, c.teacher, attendance.SetMarks)
	cmd.Marks, cmd.Note = []attendance.MarkChange{{Person: c.students[i], Mark: mark}}, note
	return cmd
}

// do gives commands, as one group.
func (c *class) do(t testing.TB, group ...attendance.Command) []recorder.Result {
	t.Helper()
	results, err := c.Append(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(group) {
		t.Fatalf("%d results for %d commands", len(results), len(group))
	}
	return results
}

// must gives a command that is to be carried out.
func (c *class) must(t testing.TB, cmd attendance.Command) recorder.Result {
	t.Helper()
	r := c.do(t, cmd)[0]
	if r.Err != nil {
		t.Fatalf("command %s: %v", cmd.ID, r.Err)
	}
	return r
}

// refused gives a command that is to be refused with this code.
func (c *class) refused(t testing.TB, cmd attendance.Command, want attendance.Code) {
	t.Helper()
	if r := c.do(t, cmd)[0]; r.Err == nil || attendance.AsError(r.Err).Code != want {
		t.Errorf("command %s: got %v, want it refused: %s", cmd.ID, r.Err, want)
	}
}

// log returns all events, which must be numbered 1, 2, 3, …
func (c *class) log(t testing.TB) []attendance.Event {
	t.Helper()
	events, err := c.Events(t.Context(), c.session, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d of the log has seq %d", i+1, e.Seq)
		}
	}
	return events
}

// marks returns the students' marks as the record has them, by student.
func (c *class) marks(t testing.TB) []attendance.Mark {
	t.Helper()
	rec, err := c.Record(t.Context(), c.session)
	if err != nil {
		t.Fatal(err)
	}
	marks := make([]attendance.Mark, len(c.students))
	for i, id := range c.students {
		marks[i] = rec.Entries[id].Mark
	}
	return marks
}

// same compares two things of the same kind.
func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
