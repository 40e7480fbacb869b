package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/timetable"
)

// timetableTests are about planned sessions, holidays and what happens by the clock.
var timetableTests = map[string]test{
	"a timetable is kept as it was planned":                timetableIsKept,
	"the same timetable again changes nothing":             timetableAgain,
	"the same timetable at once is planned once":           timetableAtOnce,
	"a timetable is taken back, but for what was opened":   timetableUndone,
	"what was moved and cancelled is put back":             timetableEditUndone,
	"a cancelled session does not open and does not count": cancelledDoesNotCount,
	"a session may have rules of its own":                  rulesOfItsOwn,
	"sessions open and close by themselves when due":       dueSessions,
	"several processes open a session by itself once":      openedOnce,
	"a session that is kept open closes later, or by hand": keptOpen,
	"holidays and the time zone are kept, and put back":    institutionIsKept,
	"a course says when its sessions open by themselves":   timingIsKept,
	"a subscription is fetched when it is due":             subscriptions,
	"courses come with the days of their terms":            coursesWithTerms,
	"a plan that fails leaves the timetable as it was":     timetableFails,
}

var timetableHeader = changes.Header{Kind: changes.Timetable, Title: "t.ics", From: "test", At: tenFifteen}

// weeks are n planned sessions of a course, a week apart, the first tomorrow.
func weeks(course attendance.CourseID, n int) timetable.Input {
	in := timetable.Input{Reading: &timetable.Reading{}, Source: "file:t.ics", Missing: timetable.CancelVanished, Courses: []attendance.CourseID{course}, Now: tenFifteen}
	for i := range n {
		starts := tenFifteen.AddDate(0, 0, 1+7*i)
		in.Sessions = append(in.Sessions, timetable.Planned{Course: course, Ref: starts.Format(time.DateOnly), Title: "Lecture", Starts: starts, Ends: starts.Add(90 * time.Minute)})
	}
	return in
}

// take takes an input in.
func (c *class) take(t testing.TB, in timetable.Input) changes.Result {
	t.Helper()
	h := timetableHeader
	h.Course, h.Actor = c.course, c.teacher
	r, err := c.ApplyTimetable(t.Context(), h, in.Courses, func(cur *timetable.Current) (*timetable.Plan, error) {
		return timetable.Diff(cur, in), nil
	})
	must(t, err)
	return r
}

// edit does something to sessions.
func (c *class) edit(t testing.TB, e timetable.Edit) changes.Result {
	t.Helper()
	h := timetableHeader
	h.Course, h.Actor = c.course, c.teacher
	r, err := c.ApplyTimetable(t.Context(), h, []attendance.CourseID{c.course}, func(cur *timetable.Current) (*timetable.Plan, error) {
		return timetable.Change(cur, &e, tenFifteen)
	})
	must(t, err)
	return r
}

// timetable returns the planned sessions of the course, by their start.
func (c *class) timetable(t testing.TB) (all []timetable.Session) {
	t.Helper()
	cur, err := c.Timetable(t.Context(), c.course)
	must(t, err)
	for _, s := range cur.Sessions {
		if !s.Starts.IsZero() {
			all = append(all, s)
		}
	}
	return all
}

func timetableIsKept(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	yes, no, never, leave := true, false, attendance.NeverLate, attendance.LeaveUnset
	in := weeks(c.course, 2)
	in.Sessions[0].Location, in.Sessions[0].Settings = "Hall 1", timetable.Settings{AutoOpen: &yes, AutoClose: &no, LateAfter: &never, OnClose: &leave}
	r := c.take(t, in)
	if r.ID == 0 || r.Rows != 2 || len(r.Touched) != 1 {
		t.Errorf("%+v", r)
	}
	want := []timetable.Session{
		{Course: c.course, CourseCode: "CS101", Source: "file:t.ics", Ref: in.Sessions[0].Ref, Title: "Lecture", Location: "Hall 1", Settings: in.Sessions[0].Settings,
			Starts: in.Sessions[0].Starts, Ends: in.Sessions[0].Ends, PlannedAt: tenFifteen},
		{Course: c.course, CourseCode: "CS101", Source: "file:t.ics", Ref: in.Sessions[1].Ref, Title: "Lecture",
			Starts: in.Sessions[1].Starts, Ends: in.Sessions[1].Ends, PlannedAt: tenFifteen},
	}
	got := c.timetable(t)
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(timetable.Session{}, "ID", "Said")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	m, err := c.Meeting(t.Context(), got[0].ID)
	must(t, err)
	if m.Location != "Hall 1" || !m.Starts.Equal(in.Sessions[0].Starts) {
		t.Errorf("%+v", m)
	}
	all, err := c.Timetable(t.Context())
	must(t, err)
	if len(all.Sessions) != 3 {
		t.Errorf("of all courses there are %d sessions", len(all.Sessions))
	}
}

func timetableAgain(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	c.take(t, weeks(c.course, 3))
	before := c.timetable(t)
	if r := c.in(open(t)).take(t, weeks(c.course, 3)); r.ID != 0 {
		t.Errorf("%+v", r)
	}
	same(t, "timetable", before, c.timetable(t))
	moved := weeks(c.course, 2) // the third has vanished
	moved.Sessions[1].Starts = moved.Sessions[1].Starts.Add(time.Hour)
	if r := c.take(t, moved); r.Rows != 2 {
		t.Errorf("%+v", r)
	}
	after := c.timetable(t)
	if !after[1].Starts.Equal(before[1].Starts.Add(time.Hour)) || after[1].Cancelled() || !after[2].Cancelled() || after[0].Cancelled() {
		t.Errorf("%+v", after)
	}
}

func timetableAtOnce(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	var all sync.WaitGroup
	for range 4 {
		other := c.in(open(t))
		all.Go(func() { other.take(t, weeks(c.course, 20)) })
	}
	all.Wait()
	if n := len(c.timetable(t)); n != 20 {
		t.Errorf("%d sessions", n)
	}
}

func timetableUndone(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	r := c.take(t, weeks(c.course, 3))
	first := c.timetable(t)[0]
	opens := attendance.Command{ID: "o", Session: first.ID, Actor: c.teacher, Kind: attendance.OpenSession, At: tenFifteen}
	c.must(t, opens)
	if _, err := c.UndoChanges(t.Context(), timetableHeader, r.ID, false); attendance.AsError(err).Code != attendance.CodeConflict {
		t.Errorf("all of it: %v", err)
	}
	u, err := c.UndoChanges(t.Context(), timetableHeader, r.ID, true)
	must(t, err)
	if u.Rows != 2 || len(u.Contradicted) != 1 {
		t.Errorf("%+v", u)
	}
	got := c.timetable(t)
	if got[0].Cancelled() || !got[1].Cancelled() || !got[2].Cancelled() {
		t.Errorf("%+v", got)
	}
	if r := c.take(t, weeks(c.course, 3)); r.ID != 0 {
		t.Errorf("what was taken back came back: %+v", r)
	}
}

func timetableEditUndone(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	c.take(t, weeks(c.course, 3))
	before := c.timetable(t)
	room := "Hall 2"
	for _, e := range []timetable.Edit{
		{Sessions: []attendance.SessionID{before[0].ID, before[1].ID}, Days: 1, Location: &room},
		{Sessions: []attendance.SessionID{before[2].ID}, Cancel: true},
	} {
		r := c.edit(t, e)
		if len(e.Sessions) != r.Rows {
			t.Errorf("%+v: %+v", e, r)
		}
		u, err := c.UndoChanges(t.Context(), timetableHeader, r.ID, false)
		must(t, err)
		if u.Rows != r.Rows || !slices.Equal(u.Touched, []attendance.CourseID{c.course}) {
			t.Errorf("%+v", u)
		}
		same(t, "timetable", before, c.timetable(t))
	}
}

func cancelledDoesNotCount(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	c.must(t, c.checkIn("in", 0, ""))
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	c.take(t, weeks(c.course, 1))
	next := c.timetable(t)[0].ID
	c.edit(t, timetable.Edit{Sessions: []attendance.SessionID{next, c.session}, Cancel: true})
	c.refused(t, attendance.Command{ID: "o", Session: next, Actor: c.teacher, Kind: attendance.OpenSession, At: tenFifteen}, attendance.CodeCancelled)
	c.refused(t, c.command("again", c.teacher, attendance.ReopenSession), attendance.CodeCancelled)
	m, err := c.Meeting(t.Context(), next)
	must(t, err)
	rec, err := c.Record(t.Context(), next)
	must(t, err)
	if !m.CancelledAt.Equal(tenFifteen) || !rec.Session.CancelledAt.Equal(tenFifteen) {
		t.Errorf("%v, %v", m.CancelledAt, rec.Session.CancelledAt)
	}
	count := func() (n int) {
		history, err := c.History(t.Context(), c.students[0])
		must(t, err)
		held, err := c.Held(t.Context(), c.course)
		must(t, err)
		return len(history[0].Sessions) + len(held)
	}
	if n := count(); n != 0 {
		t.Errorf("%d count", n)
	}
	c.edit(t, timetable.Edit{Sessions: []attendance.SessionID{next, c.session}, Restore: true})
	if n := count(); n != 2 {
		t.Errorf("%d count again", n)
	}
	c.must(t, attendance.Command{ID: "o2", Session: next, Actor: c.teacher, Kind: attendance.OpenSession, At: tenFifteen})
}

func rulesOfItsOwn(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	five, never, leave := 5*time.Minute, attendance.NeverLate, attendance.LeaveUnset
	in := weeks(c.course, 2)
	in.Sessions[0].Settings = timetable.Settings{LateAfter: &five, OnClose: &leave}
	in.Sessions[1].Settings = timetable.Settings{LateAfter: &never}
	c.take(t, in)
	for i, want := range []struct{ in, out attendance.Mark }{{attendance.Late, attendance.Unset}, {attendance.Present, attendance.Absent}} {
		c.session = c.timetable(t)[i].ID
		c.must(t, c.command("open", c.teacher, attendance.OpenSession))
		in := c.checkIn("in", 0, "")
		in.At = tenFifteen.Add(time.Hour)
		c.must(t, in)
		c.must(t, c.command("close", c.teacher, attendance.CloseSession))
		same(t, "marks", []attendance.Mark{want.in, want.out}, c.marks(t))
	}
}

func dueSessions(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	yes, no := true, false
	in := weeks(c.course, 4)
	in.Sessions[1].AutoOpen, in.Sessions[1].AutoClose = &no, &no
	in.Sessions[2].AutoOpen = &yes
	c.take(t, in)
	all := c.timetable(t)
	due := func(now time.Time, after time.Duration) []timetable.Due {
		t.Helper()
		d, err := c.Due(t.Context(), now, now.Add(after))
		must(t, err)
		return d
	}
	at := func(i int, d time.Duration) time.Time { return all[i].Starts.Add(d) }
	if d := due(at(0, time.Minute), 0); len(d) != 0 {
		t.Errorf("though the course does not say so: %+v", d)
	}
	opens := func(i int, at time.Time) []timetable.Due {
		return []timetable.Due{{Session: all[i].ID, Kind: attendance.OpenSession, At: at}}
	}
	same(t, "a session that says so itself", opens(2, at(2, 0)), due(at(2, 0), 0))
	_, err := c.ChangeTiming(t.Context(), changes.Header{Kind: changes.Timetable, Course: c.course, At: tenFifteen},
		timetable.Timing{AutoOpen: true, OpenBefore: 10 * time.Minute, AutoClose: true, CloseAfter: 5 * time.Minute})
	must(t, err)
	same(t, "before it is due", []timetable.Due(nil), due(at(0, -10*time.Minute-time.Millisecond), 0))
	same(t, "in a moment", opens(0, at(0, -10*time.Minute)), due(at(0, -11*time.Minute), time.Minute))
	same(t, "when it is due", opens(0, at(0, -10*time.Minute)), due(at(0, -10*time.Minute), 0))
	same(t, "before its end", opens(0, at(0, -10*time.Minute)), due(at(0, 90*time.Minute-time.Millisecond), 0))
	same(t, "after its end", []timetable.Due(nil), due(at(0, 90*time.Minute), 0))
	same(t, "one that says it does not", []timetable.Due(nil), due(at(1, time.Minute), 0))
	c.edit(t, timetable.Edit{Sessions: []attendance.SessionID{all[3].ID}, Cancel: true})
	same(t, "a cancelled one", []timetable.Due(nil), due(at(3, time.Minute), 0))

	do := func(i int, id string, kind attendance.CommandKind, actor attendance.PersonID, at time.Time) {
		t.Helper()
		c.must(t, attendance.Command{ID: id, Session: all[i].ID, Kind: kind, Actor: actor, At: at})
	}
	closes := []timetable.Due{{Session: all[0].ID, Kind: attendance.CloseSession, At: at(0, 95*time.Minute)}}
	do(0, "auto-open", attendance.OpenSession, 0, at(0, -10*time.Minute))
	same(t, "once it is open", []timetable.Due(nil), due(at(0, 0), time.Minute))
	same(t, "when it closes", closes, due(at(0, 95*time.Minute), 0))
	do(0, "c1", attendance.CloseSession, c.teacher, at(0, time.Minute))
	do(0, "r1", attendance.ReopenSession, c.teacher, at(0, 2*time.Minute))
	same(t, "reopened before its end", closes, due(at(0, 24*time.Hour), 0))
	do(0, "c2", attendance.CloseSession, 0, at(0, 95*time.Minute))
	do(0, "r2", attendance.ReopenSession, c.teacher, at(0, 96*time.Minute))
	same(t, "reopened after its end", []timetable.Due(nil), due(at(0, 24*time.Hour), 0))
	do(1, "o", attendance.OpenSession, c.teacher, at(1, 0))
	same(t, "one that says it does not close", []timetable.Due(nil), due(at(1, 2*time.Hour), 0))
}

func openedOnce(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	c.take(t, weeks(c.course, 1))
	c.session = c.timetable(t)[0].ID
	var all sync.WaitGroup
	for range 4 {
		other := c.in(open(t))
		all.Go(func() {
			other.must(t, attendance.Command{ID: "auto-open", Session: c.session, Kind: attendance.OpenSession, At: tenFifteen, From: "schedule"})
		})
	}
	all.Wait()
	if log := c.log(t); len(log) != 1 || log[0].Source != attendance.ByRule || log[0].Actor != 0 {
		t.Errorf("%+v", log)
	}
}

func keptOpen(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	yes := true
	in := weeks(c.course, 1)
	in.Sessions[0].AutoClose = &yes
	c.take(t, in)
	s := c.timetable(t)[0]
	by := attendance.Author{Person: c.teacher, From: "test"}
	if err := c.KeepOpen(t.Context(), by, s.ID, s.Ends.Add(time.Hour), s.Starts); attendance.AsError(err).Code != attendance.CodeNotOpen {
		t.Errorf("one that is not open: %v", err)
	}
	if err := c.KeepOpen(t.Context(), by, 4711, s.Ends, s.Starts); attendance.AsError(err).Code != attendance.CodeUnknownSession {
		t.Errorf("one that there is not: %v", err)
	}
	c.must(t, attendance.Command{ID: "o", Session: s.ID, Actor: c.teacher, Kind: attendance.OpenSession, At: s.Starts})
	closes := func() (at time.Time) {
		t.Helper()
		due, err := c.Due(t.Context(), s.Ends, s.Ends.Add(24*time.Hour))
		must(t, err)
		if len(due) > 0 {
			at = due[0].At
		}
		return at
	}
	if at := closes(); !at.Equal(s.Ends) {
		t.Errorf("closes %v", at)
	}
	must(t, c.KeepOpen(t.Context(), by, s.ID, s.Ends.Add(time.Hour), s.Starts))
	if at := closes(); !at.Equal(s.Ends.Add(time.Hour)) {
		t.Errorf("kept open for an hour, it closes %v", at)
	}
	must(t, c.KeepOpen(t.Context(), by, s.ID, time.Time{}, s.Starts))
	if at := closes(); !at.IsZero() {
		t.Errorf("kept open by hand, it closes %v", at)
	}
}

func timingIsKept(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	if timing, err := c.Timing(t.Context(), c.course); err != nil || timing != (timetable.Timing{}) {
		t.Errorf("%+v, %v", timing, err)
	}
	want := timetable.Timing{AutoOpen: true, OpenBefore: 5 * time.Minute, CloseAfter: time.Minute}
	h := timetableHeader
	h.Course = c.course
	r, err := c.ChangeTiming(t.Context(), h, want)
	must(t, err)
	got, err := c.Timing(t.Context(), c.course)
	must(t, err)
	same(t, "timing", want, got)
	_, err = c.UndoChanges(t.Context(), timetableHeader, r.ID, false)
	must(t, err)
	if timing, err := c.Timing(t.Context(), c.course); err != nil || timing != (timetable.Timing{}) {
		t.Errorf("%+v, %v", timing, err)
	}
	if _, err := c.Timing(t.Context(), 4711); attendance.AsError(err).Code != attendance.CodeNotFound {
		t.Errorf("%v", err)
	}
	if _, err := c.ChangeTiming(t.Context(), h, timetable.Timing{OpenBefore: 24 * time.Hour}); attendance.AsError(err).Field != "open_before" {
		t.Errorf("%v", err)
	}
}

func subscriptions(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	by := attendance.Author{Person: c.teacher, From: "test"}
	sub := timetable.Subscription{Course: c.course, Address: "https://example.edu/a.ics", Only: "CS101", Fetched: timetable.Fetched{Next: tenFifteen}}
	id, err := c.AddSubscription(t.Context(), by, sub, tenFifteen)
	must(t, err)
	if _, err := c.AddSubscription(t.Context(), by, sub, tenFifteen); attendance.AsError(err).Code != attendance.CodeConflict {
		t.Errorf("the same again: %v", err)
	}
	sub.Course = 0
	all, err := c.AddSubscription(t.Context(), by, sub, tenFifteen)
	must(t, err)
	sub.Course, sub.ID = c.course, id
	got, err := c.SubscriptionsOf(t.Context(), c.course)
	must(t, err)
	same(t, "subscriptions of the course", []timetable.Subscription{sub}, got)
	if due, err := c.DueSubscriptions(t.Context(), tenFifteen.Add(-time.Millisecond)); err != nil || len(due) != 0 {
		t.Errorf("%+v, %v", due, err)
	}
	if due, err := c.DueSubscriptions(t.Context(), tenFifteen); err != nil || len(due) != 2 {
		t.Errorf("%+v, %v", due, err)
	}
	next := tenFifteen.Add(time.Hour)
	sub.Fetched = timetable.Fetched{At: tenFifteen, Next: next, ETag: `"x"`, LastModified: "Mon", Failures: 2, Outcome: "The server does not answer."}
	must(t, c.Fetched(t.Context(), id, sub.Fetched))
	one, err := c.Subscription(t.Context(), id)
	must(t, err)
	same(t, "subscription", sub, one)
	must(t, c.EndSubscription(t.Context(), by, id, tenFifteen))
	must(t, c.EndSubscription(t.Context(), by, all, tenFifteen))
	if err := c.EndSubscription(t.Context(), by, id, tenFifteen); attendance.AsError(err).Code != attendance.CodeNotFound {
		t.Errorf("again: %v", err)
	}
	if due, err := c.DueSubscriptions(t.Context(), next.Add(time.Hour)); err != nil || len(due) != 0 {
		t.Errorf("%+v, %v", due, err)
	}
}

func coursesWithTerms(t *testing.T, open Open) {
	s := open(t)
	_, err := s.ApplyImport(t.Context(), changes.Header{Kind: changes.Import, At: tenFifteen}, func(*roster.Current) (*roster.ChangeSet, error) {
		cs := &roster.ChangeSet{
			Terms:   []roster.StoredTerm{{ID: 1, Title: "Winter", Starts: "2026-10-12", Ends: "2027-02-05"}},
			Courses: []roster.StoredCourse{{ID: 7, Ref: "r7", Code: "CS7", Title: "Seven", Term: 1, Active: true}, {ID: 8, Code: "CS8", Title: "Eight", Active: true}, {ID: 9, Code: "CS9", Title: "Nine"}},
		}
		cs.Counts.Courses.Add = 3
		return cs, nil
	})
	must(t, err)
	got, err := s.TimetableCourses(t.Context())
	must(t, err)
	first, last := time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC), time.Date(2027, 2, 5, 0, 0, 0, 0, time.UTC)
	want := []timetable.Course{{ID: 7, Code: "CS7", Ref: "r7", Title: "Seven", Term: timetable.Term{First: first, Last: last}}, {ID: 8, Code: "CS8", Title: "Eight"}}
	same(t, "courses", want, got)
	got, err = s.TimetableCourses(t.Context(), 8)
	must(t, err)
	same(t, "one course", want[1:], got)
}

func timetableFails(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	_, err := c.ApplyTimetable(t.Context(), timetableHeader, []attendance.CourseID{c.course}, func(cur *timetable.Current) (*timetable.Plan, error) {
		return timetable.Diff(cur, weeks(c.course, 2)), context.Canceled
	})
	if err == nil || len(c.timetable(t)) != 0 {
		t.Errorf("%v, %+v", err, c.timetable(t))
	}
}
