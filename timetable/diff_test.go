package timetable_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	. "github.com/muster-live/muster/timetable"
)

var now = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// book is a course's timetable, as a store keeps it.
type book struct {
	Current
	t testing.TB
}

func newBook(t testing.TB) *book {
	b := &book{t: t}
	b.SetZone("Europe/Berlin")
	return b
}

// take takes what is planned in, and says what that did.
func (b *book) take(source string, missing Missing, sessions ...Planned) *Plan {
	p := Diff(&b.Current, Input{Reading: &Reading{Sessions: sessions}, Source: source, Missing: missing, Courses: []attendance.CourseID{1}, Now: now})
	b.apply(p)
	return p
}

func (b *book) apply(p *Plan) {
	for _, s := range p.Adds {
		s.ID = attendance.SessionID(len(b.Sessions) + 1)
		b.Sessions = append(b.Sessions, s)
	}
	for _, s := range p.Changes {
		b.Sessions[s.ID-1] = s
	}
}

// wants compares the plan's lines, and that a second time there would be none.
func (b *book) wants(what string, p *Plan, want ...string) {
	b.t.Helper()
	var got []string
	for _, l := range p.Lines {
		got = append(got, l.Change.String()+": "+l.Name+": "+l.Detail)
	}
	if d := cmp.Diff(want, got); d != "" {
		b.t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// lecture is a session on a day of October, at 10:15 in Berlin.
func lecture(ref string, day int) Planned {
	starts := time.Date(2026, 10, day, 8, 15, 0, 0, time.UTC)
	return Planned{Course: 1, Ref: ref, Title: "Lecture", Starts: starts, Ends: starts.Add(90 * time.Minute)}
}

func later(p Planned, d time.Duration) Planned {
	p.Starts, p.Ends = p.Starts.Add(d), p.Ends.Add(d)
	return p
}

const file1, url1 = "file:t.ics", "url:1"

func TestDiffAddsMovesAndCancels(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	a, c := lecture("a", 12), lecture("c", 19)
	b.wants("at first", b.take(file1, CancelVanished, a, c), "add: Lecture, Mon 12 Oct 2026, 10:15–11:45: ", "add: Lecture, Mon 19 Oct 2026, 10:15–11:45: ")
	if p := b.take(file1, CancelVanished, a, c); p.Same != 2 || len(p.Lines) != 0 || p.Total() != 0 {
		t.Errorf("again: %+v", p)
	}
	a.Location = "Hall 1"
	b.wants("moved", b.take(file1, CancelVanished, a, later(c, 24*time.Hour)),
		"change: Lecture, Mon 12 Oct 2026, 10:15–11:45: in Hall 1", "change: Lecture, Mon 19 Oct 2026, 10:15–11:45: moved to Tue 20 Oct 2026, 10:15–11:45")
	b.wants("vanished, but kept", b.take(file1, KeepMissing, a))
	b.wants("vanished from another file", b.take("file:other.ics", CancelVanished))
	b.wants("vanished", b.take(file1, CancelVanished, a), "end: Lecture, Tue 20 Oct 2026, 10:15–11:45: cancelled: the timetable does not have it")
	b.wants("still so", b.take(file1, CancelVanished, a))
	b.wants("back", b.take(file1, CancelVanished, a, later(c, 24*time.Hour)), "change: Lecture, Tue 20 Oct 2026, 10:15–11:45: takes place after all")
	c.Cancelled = true
	b.wants("cancelled there", b.take(file1, CancelVanished, a, later(c, 24*time.Hour)), "end: Lecture, Tue 20 Oct 2026, 10:15–11:45: cancelled")
	if len(b.Sessions) != 2 {
		t.Errorf("%d sessions", len(b.Sessions))
	}
}

func TestWhatWasChangedByHandStays(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	a, c := lecture("a", 12), lecture("c", 19)
	b.take(url1, CancelVanished, a, c)
	room, title := "Hall 9", "My title"
	for _, e := range []Edit{{Sessions: []attendance.SessionID{1}, Days: 1, Title: &title, Location: &room}, {Sessions: []attendance.SessionID{2}, Cancel: true}} {
		p, err := Change(&b.Current, &e, now)
		if err != nil {
			t.Fatal(err)
		}
		b.apply(p)
	}
	b.wants("the same again", b.take(url1, CancelVanished, a, c))
	a.Title = "Lecture one"
	b.wants("something else is new", b.take(url1, CancelVanished, a, c), "change: My title, Tue 13 Oct 2026, 10:15–11:45: called “Lecture one”")
	if s := b.Sessions[0]; s.Location != room || s.Starts.Day() != 13 {
		t.Errorf("%+v", s)
	}
	b.wants("moved there as well", b.take(url1, CancelVanished, later(a, 48*time.Hour), c), "change: Lecture one, Tue 13 Oct 2026, 10:15–11:45: moved to Wed 14 Oct 2026, 10:15–11:45")
}

func TestWhatWasOpenedIsNeverTouched(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(*Session){
		"opened":    func(s *Session) { s.Status, s.Seq = attendance.Open, 1 },
		"closed":    func(s *Session) { s.Status, s.Seq = attendance.Closed, 2 },
		"has marks": func(s *Session) { s.Seq = 1 },
	} {
		b := newBook(t)
		a := lecture("a", 12)
		b.take(file1, CancelVanished, a)
		hold(&b.Sessions[0])
		before := b.Sessions[0]
		b.wants(name, b.take(file1, CancelVanished, later(a, time.Hour)),
			"reject: Lecture, Mon 12 Oct 2026, 10:15–11:45: It was opened or has marks, so it stays as it is. The timetable says: moved to Mon 12 Oct 2026, 11:15–12:45.")
		b.wants(name+", vanished", b.take(file1, CancelVanished))
		b.wants(name+", everything else", b.take("rule", CancelEverything))
		if d := cmp.Diff(before, b.Sessions[0]); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestTheSameTimeIsTheSameSession(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.Sessions = []Session{{ID: 1, Course: 1, Title: "By hand", Starts: lecture("", 12).Starts, Ends: lecture("", 12).Ends}}
	b.wants("planned by hand", b.take(RuleSource, KeepMissing, lecture("r", 12), lecture("s", 19)),
		"change: By hand, Mon 12 Oct 2026, 10:15–11:45: follows this timetable from now on", "add: Lecture, Mon 19 Oct 2026, 10:15–11:45: ")
	b.wants("by a calendar", b.take(url1, CancelVanished, lecture("x", 12)), "change: By hand, Mon 12 Oct 2026, 10:15–11:45: follows this timetable from now on")
	b.wants("by the rule again", b.take(RuleSource, CancelVanished, lecture("r", 12), lecture("s", 19)))
	b.wants("by another calendar", b.take("url:2", CancelVanished, lecture("y", 12)))
	if len(b.Sessions) != 2 {
		t.Errorf("%+v", b.Sessions)
	}
	b.wants("everything else is cancelled", b.take("file:new.csv", CancelEverything, lecture("n", 26)),
		"end: By hand, Mon 12 Oct 2026, 10:15–11:45: cancelled: the timetable does not have it", "end: Lecture, Mon 19 Oct 2026, 10:15–11:45: cancelled: the timetable does not have it",
		"add: Lecture, Mon 26 Oct 2026, 09:15–10:45: ")
}

func TestWhatIsPastIsNotCancelled(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	past := later(lecture("p", 1), -100*time.Hour)
	b.take(url1, CancelVanished, past, lecture("a", 12))
	b.wants("calendars forget", b.take(url1, CancelVanished, lecture("a", 12)))
}

func TestNoSessionsOnHolidays(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.Holidays = []Holiday{{ID: 1, First: day("2026-10-19"), Last: day("2026-10-20"), Name: "Harvest"}}
	b.wants("planned", b.take(file1, CancelVanished, lecture("a", 12), lecture("b", 19), lecture("c", 20)),
		"reject: Lecture, Mon 19 Oct 2026, 10:15–11:45: That is Harvest; no sessions are planned on holidays.",
		"reject: Lecture, Tue 20 Oct 2026, 10:15–11:45: That is Harvest; no sessions are planned on holidays.",
		"add: Lecture, Mon 12 Oct 2026, 10:15–11:45: ")
	b.wants("moved onto one", b.take(file1, CancelVanished, later(lecture("a", 12), 7*24*time.Hour)), "end: Lecture, Mon 12 Oct 2026, 10:15–11:45: It would move to Harvest, so it is cancelled.")
	b = newBook(t)
	b.take(file1, CancelVanished, lecture("a", 12), lecture("b", 19))
	h := Holiday{First: day("2026-10-19"), Last: day("2026-10-19"), Name: "Late news"}
	b.Holidays = append(b.Holidays, h)
	b.wants("the same again does not cancel", b.take(file1, CancelVanished, lecture("a", 12), lecture("b", 19)))
	p := OnHolidays(&b.Current, h, now)
	b.apply(p)
	b.wants("what falls on it", p, "end: Lecture, Mon 19 Oct 2026, 10:15–11:45: cancelled")
}

func TestEdits(t *testing.T) {
	t.Parallel()
	at := func(n int) *int { return &n }
	yes := true
	title := "Exam"
	for name, tt := range map[string]struct {
		edit Edit
		want []string
	}{
		"a week on, across the end of summer time": {Edit{Sessions: []attendance.SessionID{1, 2}, Days: 7}, []string{
			"change: Lecture, Mon 12 Oct 2026, 10:15–11:45: moved to Mon 19 Oct 2026, 10:15–11:45",
			"change: Lecture, Mon 19 Oct 2026, 10:15–11:45: moved to Mon 26 Oct 2026, 10:15–11:45, which is Harvest"}},
		"an hour back":      {Edit{Sessions: []attendance.SessionID{1}, Minutes: -60}, []string{"change: Lecture, Mon 12 Oct 2026, 10:15–11:45: moved to Mon 12 Oct 2026, 09:15–10:45"}},
		"to a day and time": {Edit{Sessions: []attendance.SessionID{1}, To: day("2026-10-30"), Starts: at(14 * 60), Length: at(60)}, []string{"change: Lecture, Mon 12 Oct 2026, 10:15–11:45: moved to Fri 30 Oct 2026, 14:00–15:00"}},
		"other words":       {Edit{Sessions: []attendance.SessionID{1, 1}, Title: &title, AutoOpen: &Choice{&yes}}, []string{"change: Lecture, Mon 12 Oct 2026, 10:15–11:45: called “Exam”, opens by itself"}},
		"what was opened": {Edit{Sessions: []attendance.SessionID{3, 4}, Days: 1}, []string{
			"reject: Held, Tue 13 Oct 2026, 10:15–11:45: It was opened or has marks, so it stays when it was.", "reject: Open, Wed 14 Oct 2026, 10:15–11:45: It is open now. Close it first."}},
		"cancelling that": {Edit{Sessions: []attendance.SessionID{3, 4}, Cancel: true}, []string{
			"reject: Open, Wed 14 Oct 2026, 10:15–11:45: It is open now. Close it first.", "end: Held, Tue 13 Oct 2026, 10:15–11:45: cancelled; its marks are kept, but do not count"}},
		"what was cancelled":   {Edit{Sessions: []attendance.SessionID{5}, Days: 1}, []string{"reject: Off, Thu 15 Oct 2026, 10:15–11:45: It is cancelled. Restore it first."}},
		"restoring":            {Edit{Sessions: []attendance.SessionID{1, 5}, Restore: true}, []string{"change: Off, Thu 15 Oct 2026, 10:15–11:45: takes place after all"}},
		"too far into the day": {Edit{Sessions: []attendance.SessionID{1}, Length: at(1440)}, []string{"change: Lecture, Mon 12 Oct 2026, 10:15–11:45: moved to Mon 12 Oct 2026, 10:15–10:15"}},
	} {
		b := newBook(t)
		b.Holidays = []Holiday{{First: day("2026-10-26"), Last: day("2026-10-26"), Name: "Harvest"}}
		b.take(file1, KeepMissing, lecture("a", 12), lecture("b", 19), lecture("c", 13), lecture("d", 14), lecture("e", 15))
		byRef := map[string]attendance.SessionID{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
		ordered := make([]Session, 5)
		for _, s := range b.Sessions {
			s.ID = byRef[s.Ref]
			ordered[s.ID-1] = s
		}
		b.Sessions = ordered
		b.Sessions[2].Title, b.Sessions[2].Status, b.Sessions[2].Seq = "Held", attendance.Closed, 5
		b.Sessions[3].Title, b.Sessions[3].Status, b.Sessions[3].Seq = "Open", attendance.Open, 1
		b.Sessions[4].Title, b.Sessions[4].CancelledAt = "Off", now
		p, err := Change(&b.Current, &tt.edit, now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b.wants(name, p, tt.want...)
	}
}

func TestEditsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	one := []attendance.SessionID{1}
	n, long := -1, strings.Repeat("x", 201)
	for _, e := range []Edit{{Cancel: true}, {Sessions: one}, {Sessions: one, Cancel: true, Restore: true}, {Sessions: one, Cancel: true, Days: 1}, {Sessions: one, Days: 400},
		{Sessions: one, Minutes: 5000}, {Sessions: one, Starts: &n}, {Sessions: one, Length: &n}, {Sessions: one, Title: &long}, {Sessions: one, Location: &long}, {Sessions: []attendance.SessionID{7}, Days: 1}} {
		if _, err := Change(&newBook(t).Current, &e, now); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
}

// A title that only says the day says the new day.
func TestATitleThatIsTheDayMovesAlong(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	p := lecture("a", 12)
	p.Title = DefaultTitle(p.Starts)
	b.take(RuleSource, KeepMissing, p)
	plan, err := Change(&b.Current, &Edit{Sessions: []attendance.SessionID{1}, Days: 1}, now)
	if err != nil || plan.Changes[0].Title != "Tue 13 Oct" {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestADigestNamesWhatWouldBeDone(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	plan := func(at time.Time, p ...Planned) *Plan {
		return Diff(&b.Current, Input{Reading: &Reading{Sessions: p}, Source: file1, Courses: []attendance.CourseID{1}, Now: at})
	}
	a := plan(now, lecture("a", 12))
	if again := plan(now.Add(time.Hour), lecture("a", 12)); again.Digest != a.Digest || again.Check(a.Digest) != nil {
		t.Error("the same an hour later is something else")
	}
	if other := plan(now, lecture("a", 13)); other.Digest == a.Digest || attendance.AsError(other.Check(a.Digest)).Code != attendance.CodeConflict || other.Check("") != nil {
		t.Error("something else is the same")
	}
}

// Whatever was planned, opened and moved by hand before: the same input again changes
// nothing, and what was opened is as it was.
func TestTheSameAgainChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := newBook(t)
		sources := []string{RuleSource, file1, url1, "url:2"}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			var planned []Planned
			for _, ref := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.ID).Draw(rt, "refs") {
				p := lecture(ref, rapid.IntRange(5, 9).Draw(rt, "day"))
				p.Cancelled = rapid.IntRange(0, 5).Draw(rt, "cancelled") == 0
				planned = append(planned, p)
			}
			source, missing := rapid.SampledFrom(sources).Draw(rt, "source"), Missing(rapid.IntRange(0, 2).Draw(rt, "missing"))
			if len(b.Sessions) > 0 {
				i := rapid.IntRange(0, len(b.Sessions)-1).Draw(rt, "held")
				b.Sessions[i].Seq = rapid.Int64Range(0, 1).Draw(rt, "seq")
			}
			held := make(map[attendance.SessionID]Session)
			for _, s := range b.Sessions {
				if s.Held() {
					held[s.ID] = s
				}
			}
			b.take(source, missing, planned...)
			for id, s := range held {
				if d := cmp.Diff(s, b.Sessions[id-1]); d != "" {
					rt.Fatalf("session %d was held:\n%s", id, d)
				}
			}
			if again := b.take(source, missing, planned...); again.Counts[changes.Adds]+again.Counts[changes.Changed]+again.Counts[changes.Ends] != 0 {
				rt.Fatalf("again: %+v", again.Lines)
			}
		}
	})
}
