package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

var mergeTests = map[string]test{
	"two records of a person are merged and parted again": recordsAreMergedAndPartedAgain,
	"whoever is merged away can do nothing until parted":  whoIsMergedCanDoNothingUntilParted,
	"excuses are handed over and given back":              excusesAreHandedOverAndGivenBack,
	"files may go on naming who was merged":               filesMayGoOnNamingWhoWasMerged,
	"who is not there cannot be merged":                   whoIsNotThereCannotBeMerged,
}

// twice is a class in which the first two students are one: in the first session the
// first is absent and the second present, in the second the first present and the other
// late; and the second alone is in another course.
func twice(t *testing.T, s Store) (c, second *class, other attendance.CourseID) {
	t.Helper()
	c = newClass(t, s, 3)
	keep, drop := c.students[0], c.students[1]
	second = c.another(t, "Week 2")
	set := func(c *class, id string, p attendance.PersonID, m attendance.Mark) {
		cmd := c.command(id, c.teacher, attendance.SetMarks)
		cmd.Marks = []attendance.MarkChange{{Person: p, Mark: m}}
		c.must(t, cmd)
	}
	set(c, "a", keep, attendance.Absent)
	set(c, "b", drop, attendance.Present)
	set(second, "c", keep, attendance.Present)
	set(second, "d", drop, attendance.Late)
	other, err := s.AddCourse(t.Context(), roster.NewCourse{Course: roster.Course{Code: "CS102", Title: "Compilers", Rules: attendance.DefaultRules()},
		Members: []roster.Member{{ID: drop, Role: attendance.Assistant}}})
	must(t, err)
	return c, second, other
}

// stands says who is in the courses, and with what marks in the sessions.
func stands(t *testing.T, s Store, courses []attendance.CourseID, sessions ...attendance.SessionID) (lines []string) {
	t.Helper()
	for _, id := range courses {
		members, err := s.Members(t.Context(), id)
		must(t, err)
		for _, m := range members {
			lines = append(lines, fmt.Sprintf("%d: %s %d %s", id, m.Role, m.ID, m.Family))
		}
	}
	for _, id := range sessions {
		rep, _, err := s.SessionReport(t.Context(), id)
		must(t, err)
		for _, r := range rep.Rows {
			lines = append(lines, fmt.Sprintf("session %d: %d %s %s", id, r.Person, r.Mark, r.Source))
		}
	}
	slices.Sort(lines)
	return lines
}

func recordsAreMergedAndPartedAgain(t *testing.T, open Open) {
	s := open(t)
	c, second, other := twice(t, s)
	keep, drop := c.students[0], c.students[1]
	email := "ada@example.edu"
	if _, _, err := s.ChangePerson(t.Context(), attendance.Author{}, drop, roster.PersonChange{Email: &email}, tenFifteen); err != nil {
		t.Fatal(err)
	}
	courses := []attendance.CourseID{c.course, other}
	before := stands(t, s, courses, c.session, second.session)

	r, err := s.ApplyMerge(t.Context(), header(changes.Merge, c.teacher), keep, drop, roster.PlanMerge)
	must(t, err)
	same(t, "merged", []string{
		fmt.Sprintf("1: student %d F0000", keep), fmt.Sprintf("1: student %d F0002", c.students[2]), fmt.Sprintf("1: teacher %d F0003", c.teacher),
		fmt.Sprintf("2: assistant %d F0000", keep),
		fmt.Sprintf("session 1: %d present hand", keep), fmt.Sprintf("session 1: %d unset ", c.students[2]),
		fmt.Sprintf("session 2: %d present hand", keep), fmt.Sprintf("session 2: %d unset ", c.students[2]),
	}, stands(t, s, courses, c.session, second.session))
	if len(r.Events) != 3 || !slices.Equal(r.Touched, courses) || !slices.Equal(r.Locked, []attendance.PersonID{drop}) {
		t.Errorf("got %d events, touched %v, locked %v", len(r.Events), r.Touched, r.Locked)
	}
	people, _, err := s.People(t.Context(), roster.Page{Limit: 10})
	must(t, err)
	if i := slices.IndexFunc(people, func(p roster.Person) bool { return p.ID == keep }); len(people) != 3 || people[i].Email != email {
		t.Errorf("got %+v", people)
	}
	if _, err := s.ApplyMerge(t.Context(), header(changes.Merge, c.teacher), c.students[2], drop, roster.PlanMerge); err == nil {
		t.Error("merged twice")
	}

	_, err = s.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	same(t, "parted again", before, stands(t, s, courses, c.session, second.session))
}

func filesMayGoOnNamingWhoWasMerged(t *testing.T, open Open) {
	o := newOffice(open(t))
	sch := newSchool()
	sch["users"] = append(sch["users"], "twin,,true,student,,Ada,Lovelace,,")
	sch["enrollments"] = append(sch["enrollments"], "e3,,c1,twin,student")
	b := sch.bundle(t)
	o.apply(t, b)
	r, err := o.store.ApplyMerge(t.Context(), header(changes.Merge, 1), 2, 3, roster.PlanMerge)
	must(t, err)
	if r.ID == 0 {
		t.Fatal("nothing was merged")
	}
	cs := o.apply(t, b)
	if n := cs.Counts.Changes(); n != 0 || cs.Counts.Rejects != 0 {
		t.Errorf("the same file changes %d things and has %d rejects: %+v", n, cs.Counts.Rejects, cs.Rows)
	}
}

func whoIsNotThereCannotBeMerged(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 1)
	_, err := s.Merging(t.Context(), c.teacher, 99)
	wantCode(t, err, attendance.CodeNotFound)
	_, err = s.ApplyMerge(t.Context(), header(changes.Merge, 1), c.teacher, c.teacher, roster.PlanMerge)
	wantCode(t, err, attendance.CodeConflict)
}

func whoIsMergedCanDoNothingUntilParted(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 2)
	keep, drop := c.students[0], c.students[1]
	addToken(t, s, 1, drop, identity.RosterRead)
	revoked := addToken(t, s, 2, drop, identity.RosterRead)
	must(t, s.SetFeed(t.Context(), identity.Feed{Hash: token(3), Person: drop, Created: tenFifteen}))
	must(t, s.AddJoinLinks(t.Context(), []identity.JoinLink{{Token: token(4), Person: drop, Expires: tenFifteen.Add(1e12)}}, tenFifteen))
	must(t, s.AddSignIns(t.Context(), identity.SignIn{Token: token(5), Person: drop, Created: tenFifteen, Expires: tenFifteen.Add(1e12)}))
	counts := func() (all []string) {
		t.Helper()
		for n := byte(1); n <= 2; n++ {
			if v, ok, err := s.TokenViewer(t.Context(), token(n), tenFifteen); ok && err == nil {
				all = append(all, fmt.Sprintf("token %d of %d", n, v.Person))
			}
		}
		if f, ok, err := s.FeedOf(t.Context(), token(3), tenFifteen); ok && err == nil {
			all = append(all, fmt.Sprint("feed of ", f.Person))
		}
		if _, acc, ok, err := s.JoinLink(t.Context(), token(4)); ok && err == nil && acc.Active {
			all = append(all, fmt.Sprint("join link of ", acc.Person))
		}
		if found, err := s.SignInViewers(t.Context(), []identity.TokenHash{token(5)}, tenFifteen); err == nil && len(found) > 0 {
			all = append(all, fmt.Sprint("sign-in of ", found[token(5)].Person))
		}
		return all
	}
	same(t, "before", []string{
		fmt.Sprintf("token 1 of %d", drop), fmt.Sprintf("token 2 of %d", drop), fmt.Sprint("feed of ", drop), fmt.Sprint("join link of ", drop), fmt.Sprint("sign-in of ", drop),
	}, counts())

	var said []string
	r, err := s.ApplyMerge(t.Context(), header(changes.Merge, c.teacher), keep, drop, func(m *roster.Merging) (*roster.Merge, error) {
		merge, err := roster.PlanMerge(m)
		for _, l := range merge.Lines {
			if l.What == "API token" || l.What == "calendar feed" {
				said = append(said, fmt.Sprint(l.Change, " ", l.What))
			}
		}
		return merge, err
	})
	must(t, err)
	same(t, "said", []string{"end API token", "end API token", "end calendar feed"}, said)
	same(t, "merged", []string(nil), counts())

	// Nor does switching them on again bring it back, and it may be revoked for good.
	yes := true
	_, _, err = s.ChangePerson(t.Context(), attendance.Author{}, drop, roster.PersonChange{Active: &yes}, tenFifteen)
	wantCode(t, err, attendance.CodeConflict)
	same(t, "still merged", []string(nil), counts())
	_, _, err = s.RevokeToken(t.Context(), 0, revoked, attendance.Author{}, tenFifteen)
	must(t, err)

	_, err = s.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	same(t, "parted", []string{fmt.Sprintf("token 1 of %d", drop), fmt.Sprint("feed of ", drop), fmt.Sprint("join link of ", drop)}, counts())
}

func excusesAreHandedOverAndGivenBack(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 2)
	keep, drop := c.students[0], c.students[1]
	c.must(t, c.command("close", c.teacher, attendance.CloseSession)) // both absent
	c.excuse(t, c.wanted(week, 1))
	const e, a = attendance.Excused, attendance.Absent
	c.wantMarks(t, "of two records", a, e)
	holders := func() (all []attendance.PersonID) {
		list, err := s.Excuses(t.Context(), c.course)
		must(t, err)
		for _, one := range list {
			all = append(all, one.Person)
		}
		return all
	}
	r, err := s.ApplyMerge(t.Context(), header(changes.Merge, c.teacher), keep, drop, roster.PlanMerge)
	must(t, err)
	same(t, "merged", []attendance.PersonID{keep}, holders())
	c.wantMarks(t, "merged", e, attendance.Unset)
	_, err = s.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	same(t, "parted", []attendance.PersonID{drop}, holders())
	c.wantMarks(t, "parted", a, e)
}
