package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/muster-live/muster/attendance"
)

// logTests are about recording: [recorder.Log].
var logTests = map[string]test{
	"what is committed is there after reopening":        committedIsThereAfterReopening,
	"a command given twice is carried out once":         twiceIsOnce,
	"through two stores at the same time as well":       twiceAtTheSameTimeIsOnce,
	"one bad command does not harm its group":           badCommandAlone,
	"a ticket checks one person in":                     ticketOnce,
	"a session that is not open takes no check-ins":     notOpen,
	"closing marks the absent and reopening takes back": closingAndReopening,
	"a group may concern several sessions":              severalSessions,
	"seq has no gaps however many write":                seqWithoutGaps,
	"groups of any size are written whole":              groupsOfAnySize,
	"texts come back as they were":                      textsAsTheyWere,
}

func committedIsThereAfterReopening(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 3)
	first := c.must(t, c.checkIn("a", 1, "T"))
	c.must(t, c.set("m", 2, attendance.Excused, ""))
	before, err := c.Record(t.Context(), c.session)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	c = c.in(open(t))
	after, err := c.Record(t.Context(), c.session)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "record", before, after)
	again := c.must(t, c.checkIn("a", 1, "T"))
	want, got := first.Outcome, again.Outcome
	want.Entry.Actor, got.Entry.Actor = 0, 0 // not part of the answer
	same(t, "answer to the same command", want, got)
	c.refused(t, c.checkIn("b", 2, "T"), attendance.CodeTicketUsed)
}

func twiceIsOnce(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	first := c.must(t, c.checkIn("a", 0, ""))
	if len(first.Events) != 1 || first.Outcome.From != 2 || first.Outcome.To != 2 {
		t.Fatalf("first: %+v", first)
	}
	again := c.do(t, c.checkIn("a", 0, ""), c.checkIn("b", 1, ""), c.checkIn("b", 1, ""))
	for i, want := range []struct{ events, seq int }{{0, 2}, {1, 3}, {0, 3}} {
		if r := again[i]; r.Err != nil || len(r.Events) != want.events || r.Outcome.To != int64(want.seq) {
			t.Errorf("command %d: %+v, want %d events and seq %d", i, r, want.events, want.seq)
		}
	}
	// An id is one actor's own.
	if r := c.must(t, c.checkIn("a", 1, "")); r.Outcome.To >= r.Outcome.From {
		t.Errorf("somebody who is present checks in again: %+v", r)
	}
	if n := len(c.log(t)); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func twiceAtTheSameTimeIsOnce(t *testing.T, open Open) {
	const students, stores = 40, 3
	first := newClass(t, open(t), students)
	classes := []*class{first}
	for range stores - 1 {
		classes = append(classes, first.in(open(t)))
	}
	var answers [students][stores]attendance.Outcome
	var all sync.WaitGroup
	for k, c := range classes {
		all.Go(func() {
			for i := range students {
				results, err := c.Append(context.Background(), []attendance.Command{c.checkIn("a", i, fmt.Sprint("T", i))})
				if err != nil || results[0].Err != nil {
					t.Error(err, results)
					return
				}
				answers[i][k] = results[0].Outcome
				answers[i][k].Entry.Actor = 0
			}
		})
	}
	all.Wait()
	for i := range answers {
		for _, other := range answers[i][1:] {
			same(t, fmt.Sprintf("answers to student %d", i), answers[i][0], other)
		}
	}
	if n := len(first.log(t)); n != students+1 {
		t.Errorf("%d events, want %d", n, students+1)
	}
}

func badCommandAlone(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	nowhere := c.checkIn("x", 0, "")
	nowhere.Session += 1000
	results := c.do(t, c.checkIn("a", 0, ""), nowhere, c.command("b", c.teacher, attendance.CheckIn), c.checkIn("c", 1, ""))
	var got []attendance.Code
	for _, r := range results {
		if r.Err == nil {
			got = append(got, "")
		} else {
			got = append(got, attendance.AsError(r.Err).Code)
		}
	}
	same(t, "answers", []attendance.Code{"", attendance.CodeUnknownSession, attendance.CodeNotEnrolled, ""}, got)
	same(t, "marks", []attendance.Mark{attendance.Present, attendance.Present, attendance.Unset}, c.marks(t))
}

func ticketOnce(t *testing.T, open Open) {
	c := newClass(t, open(t), 4)
	other := c.in(open(t))
	c.must(t, c.checkIn("a", 0, "T"))
	other.refused(t, c.checkIn("b", 1, "T"), attendance.CodeTicketUsed)
	c.must(t, c.checkIn("c", 0, "T")) // their own, once more
	both := other.do(t, c.checkIn("d", 2, "U"), c.checkIn("e", 3, "U"))
	if both[0].Err != nil || both[1].Err == nil || attendance.AsError(both[1].Err).Code != attendance.CodeTicketUsed {
		t.Errorf("two with one ticket in one group: %v and %v", both[0].Err, both[1].Err)
	}
}

func notOpen(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	c.refused(t, c.command("again", c.teacher, attendance.OpenSession), attendance.CodeAlreadyOpen)
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	c.refused(t, c.checkIn("late", 0, ""), attendance.CodeNotOpen)
	c.refused(t, c.command("again2", c.teacher, attendance.CloseSession), attendance.CodeAlreadyClosed)
	c.must(t, c.set("m", 0, attendance.Late, "")) // by hand it stays possible
}

func closingAndReopening(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	c.must(t, c.checkIn("a", 0, ""))
	closed := c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	if len(closed.Events) != 3 {
		t.Errorf("closing made %d events, want 3", len(closed.Events))
	}
	same(t, "marks when closed", []attendance.Mark{attendance.Present, attendance.Absent, attendance.Absent}, c.marks(t))
	c.must(t, c.command("reopen", c.teacher, attendance.ReopenSession))
	same(t, "marks when reopened", []attendance.Mark{attendance.Present, attendance.Unset, attendance.Unset}, c.marks(t))
	// One student goes through several marks in one group.
	c.do(t, c.set("m1", 1, attendance.Late, ""), c.set("m2", 1, attendance.Unset, ""), c.checkIn("b", 2, ""), c.set("m3", 2, attendance.Excused, "ill"))
	same(t, "marks at the end", []attendance.Mark{attendance.Present, attendance.Unset, attendance.Excused}, c.marks(t))
	c.log(t)
}

func severalSessions(t *testing.T, open Open) {
	s := open(t)
	a, b := newClass(t, s, 2), newClass(t, s, 2)
	for i, r := range a.do(t, b.checkIn("1", 0, ""), a.checkIn("1", 0, ""), b.checkIn("2", 1, ""), a.checkIn("2", 1, "")) {
		if r.Outcome.To != int64(2+i/2) {
			t.Errorf("command %d got seq %d, want %d", i, r.Outcome.To, 2+i/2)
		}
	}
	for _, c := range []*class{a, b} {
		same(t, "marks", []attendance.Mark{attendance.Present, attendance.Present}, c.marks(t))
		if n := len(c.log(t)); n != 3 {
			t.Errorf("%d events, want 3", n)
		}
	}
}

func seqWithoutGaps(t *testing.T, open Open) {
	const writers, groups = 4, 25
	first := newClass(t, open(t), writers*groups*2)
	classes := []*class{first, first.in(open(t))}
	var all sync.WaitGroup
	for k := range writers {
		all.Go(func() {
			c := classes[k%2]
			for i := range groups {
				at := 2 * (k*groups + i)
				if _, err := c.Append(context.Background(), []attendance.Command{c.checkIn("a", at, ""), c.checkIn("a", at+1, "")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(first.log(t)); n != writers*groups*2+1 {
		t.Errorf("%d events, want %d", n, writers*groups*2+1)
	}
	for i, m := range first.marks(t) {
		if m != attendance.Present {
			t.Errorf("student %d is %v", i, m)
		}
	}
}

func groupsOfAnySize(t *testing.T, open Open) {
	c := newClass(t, open(t), 400)
	next := 0
	for _, size := range []int{1, 2, 3, 63, 64, 65, 130} {
		var group []attendance.Command
		for range size {
			group = append(group, c.checkIn("a", next, fmt.Sprint("T", next)))
			next++
		}
		c.do(t, group...)
		rec, err := c.Record(t.Context(), c.session)
		if err != nil || rec.Session.Seq != int64(next)+1 || len(rec.Entries) != next {
			t.Fatalf("after a group of %d: seq %d, %d marks, error %v; want %d marks", size, rec.Session.Seq, len(rec.Entries), err, next)
		}
	}
}

func textsAsTheyWere(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	const note = "naïve “note”, with 'quotes', {braces}, \\ and \x01, NULL, 日本語 🙂\n"
	made := c.must(t, c.set("m", 0, attendance.Excused, note))
	log := c.log(t)
	same(t, "event", made.Events[0], log[len(log)-1])
	rec, err := c.Record(t.Context(), c.session)
	if err != nil || rec.Entries[c.students[0]].Note != note {
		t.Errorf("note %q, error %v", rec.Entries[c.students[0]].Note, err)
	}
}
