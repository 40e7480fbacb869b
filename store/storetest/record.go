package storetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/roster"
)

// recordTests are about what rooms and the server read of sessions.
var recordTests = map[string]test{
	"a record is all that a room shows":               recordIsWhole,
	"a record has the newest events":                  recordHasNewest,
	"a record is as of one moment while others write": recordAsOfOneMoment,
	"events are read from any seq on":                 eventsFromAnySeq,
	"heads are those of the sessions asked for":       headsAskedFor,
	"an unknown session is said to be unknown":        unknownSession,
	"what was done is known":                          doneIsKnown,
	"roles are those of now":                          rolesOfNow,
	"processes agree on a secret":                     secretsAgree,
}

func recordIsWhole(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 2)
	late, err := s.AddPeople(t.Context(), []roster.Person{
		{Given: "Ada", Family: "de Lovelace", Ref: "u2"}, {Given: "Alan", Family: "Turing"}, {Given: "Bo", Family: "TURING"},
	}, tenFifteen)
	if err != nil {
		t.Fatal(err)
	}
	n := roster.NewCourse{Course: roster.Course{Code: "BIO", Title: "Botany", Rules: attendance.Rules{LateAfter: attendance.NeverLate, OnClose: attendance.LeaveUnset, CodeStep: 7e9, CodeGrace: 2}}}
	for _, id := range late {
		n.Members = append(n.Members, roster.Member{ID: id, Role: attendance.Student})
	}
	n.Members = append(n.Members, roster.Member{ID: c.teacher, Role: attendance.Teacher})
	if c.course, err = s.AddCourse(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	planned := roster.Schedule(c.course, "Leaves", tenFifteen)
	if c.session, err = s.AddSession(t.Context(), planned); err != nil {
		t.Fatal(err)
	}
	c.students = late
	opened := c.must(t, c.command("open", c.teacher, attendance.OpenSession))
	set := c.must(t, c.set("m", 1, attendance.Late, "bus"))

	got, err := s.Record(t.Context(), c.session)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "record", &live.Record{
		Session: attendance.Session{ID: c.session, Course: c.course, Title: planned.Title, Starts: planned.Starts, Ends: planned.Ends,
			Status: attendance.Open, OpenedAt: tenFifteen, Secret: planned.Secret, Seq: 2,
			Chain: chainOf(append(opened.Events, set.Events...))},
		Rules: n.Rules, Roster: 1, CourseCode: "BIO", CourseTitle: "Botany",
		Students: []live.Person{{ID: late[0], Given: "Ada", Family: "de Lovelace", Ref: "u2"}, {ID: late[1], Given: "Alan", Family: "Turing"}, {ID: late[2], Given: "Bo", Family: "TURING"}},
		Entries:  map[attendance.PersonID]attendance.Entry{late[1]: set.Events[0].Entry()},
		Recent:   append(opened.Events, set.Events...),
	}, got)
}

// chainOf is the hash that events, a session's first, lead to.
func chainOf(events []attendance.Event) (chain []byte) {
	for i := range events {
		chain = events[i].Chain(chain)
	}
	return chain
}

func recordHasNewest(t *testing.T, open Open) {
	c := newClass(t, open(t), 600)
	var in, out []attendance.Command
	for i := range c.students {
		in, out = append(in, c.checkIn("in", i, "")), append(out, c.set(fmt.Sprint("out", i), i, attendance.Absent, ""))
	}
	c.do(t, in...)
	c.do(t, out...)
	rec, err := c.Record(t.Context(), c.session)
	if err != nil {
		t.Fatal(err)
	}
	all := c.log(t)
	if len(all) != 1201 || len(rec.Recent) == 0 || len(rec.Recent) == len(all) {
		t.Fatalf("%d of %d events", len(rec.Recent), len(all))
	}
	same(t, "the newest events", all[len(all)-len(rec.Recent):], rec.Recent)
}

func recordAsOfOneMoment(t *testing.T, open Open) {
	c := newClass(t, open(t), 300)
	reader := c.in(open(t))
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range c.students {
			if _, err := c.Append(context.Background(), []attendance.Command{c.checkIn("a", i, "")}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	defer writing.Wait()
	for seq := int64(0); seq < 301 && !t.Failed(); {
		rec, err := reader.Record(t.Context(), c.session)
		if err != nil {
			t.Fatal(err)
		}
		seq = rec.Session.Seq
		if len(rec.Entries) != int(seq)-1 || len(rec.Recent) != int(seq) {
			t.Fatalf("at seq %d: %d marks and %d events", seq, len(rec.Entries), len(rec.Recent))
		}
	}
}

func eventsFromAnySeq(t *testing.T, open Open) {
	c := newClass(t, open(t), 5)
	for i := range c.students {
		c.must(t, c.checkIn("a", i, ""))
	}
	all := c.log(t)
	for _, tt := range []struct{ after, limit, first, end int }{{0, 3, 0, 3}, {4, 10, 4, 6}, {6, 10, 6, 6}, {99, 10, 6, 6}} {
		got, err := c.Events(t.Context(), c.session, int64(tt.after), tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != tt.end-tt.first || len(got) > 0 && got[0] != all[tt.first] {
			t.Errorf("%d after %d: got %+v", tt.limit, tt.after, got)
		}
	}
}

func headsAskedFor(t *testing.T, open Open) {
	s := open(t)
	a, b := newClass(t, s, 1), newClass(t, s, 1)
	newClass(t, s, 1) // not asked for
	b.must(t, b.checkIn("a", 0, ""))
	heads, err := s.Heads(t.Context(), []attendance.SessionID{a.session, b.session, 12345})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "heads", map[attendance.SessionID]live.Head{a.session: {Seq: 1, Roster: 1}, b.session: {Seq: 2, Roster: 1}}, heads)
	if heads, err = s.Heads(t.Context(), nil); len(heads) != 0 || err != nil {
		t.Errorf("of no session: %v, error %v", heads, err)
	}
}

func unknownSession(t *testing.T, open Open) {
	s := open(t)
	if _, err := s.Record(t.Context(), 5); err == nil || attendance.AsError(err).Code != attendance.CodeUnknownSession {
		t.Errorf("record: %v", err)
	}
	if events, err := s.Events(t.Context(), 5, 0, 10); len(events) != 0 || err != nil {
		t.Errorf("events: %v, error %v", events, err)
	}
	if _, ok, err := s.CourseOf(t.Context(), 5); ok || err != nil {
		t.Errorf("course: found %v, error %v", ok, err)
	}
}

func doneIsKnown(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	cmd := c.checkIn("a", 0, "")
	for _, want := range []bool{false, true} {
		if done, err := c.CommandDone(t.Context(), c.session, cmd.Key()); done != want || err != nil {
			t.Errorf("done is %v, error %v; want %v", done, err, want)
		}
		c.must(t, cmd)
	}
}

func rolesOfNow(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	for person, want := range map[attendance.PersonID]attendance.Role{c.students[0]: attendance.Student, c.teacher: attendance.Teacher, 12345: attendance.NoRole} {
		if role, err := c.RoleIn(t.Context(), c.course, person); role != want || err != nil {
			t.Errorf("person %d: role %v, error %v; want %v", person, role, err, want)
		}
	}
	if course, ok, err := c.CourseOf(t.Context(), c.session); course != c.course || !ok || err != nil {
		t.Errorf("course %d, found %v, error %v", course, ok, err)
	}
}

// Whichever of several processes asks first, all sign with the same key.
func secretsAgree(t *testing.T, open Open) {
	secrets := make([][]byte, 4)
	var all sync.WaitGroup
	for i := range secrets {
		s := open(t)
		all.Go(func() {
			var err error
			if secrets[i], err = s.Secret(t.Context(), "ticket"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, s := range secrets {
		if len(s) != 32 || !bytes.Equal(s, secrets[0]) {
			t.Errorf("process %d got %d other bytes", i, len(s))
		}
	}
}
