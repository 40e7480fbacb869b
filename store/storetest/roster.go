package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// rosterTests are about people, courses and planned sessions.
var rosterTests = map[string]test{
	"pages of people are in order and complete":           pagesOfPeople,
	"pages of courses name their teachers":                pagesOfCourses,
	"searching finds words in any case":                   searchInAnyCase,
	"a change of name shows in all courses of the person": nameShowsInCourses,
	"changes to one course at the same time all count":    changesAtOnceCount,
	"a refused change changes nothing":                    refusedChange,
	"somebody's courses come with the open session":       coursesOfSomebody,
	"sessions are listed newest first with their counts":  sessionsWithCounts,
	"what is unknown is said to be":                       unknownThings,
}

func pagesOfPeople(t *testing.T, open Open) {
	s := open(t)
	var people []roster.Person
	for i := range 25 {
		people = append(people, roster.Person{Given: fmt.Sprintf("G%02d", i%7), Family: []string{"abel", "Abel", "Zorn", "Åberg", "de Boer"}[i%5]})
	}
	ids, err := s.AddPeople(t.Context(), people, tenFifteen)
	must(t, err)
	all, next, err := s.People(t.Context(), roster.Page{Limit: 100})
	must(t, err)
	if len(all) != len(ids) || next != "" {
		t.Fatalf("%d people, and then %q", len(all), next)
	}
	var paged []roster.Person
	page := roster.Page{Limit: 4}
	for range 7 {
		some, next, err := s.People(t.Context(), page)
		must(t, err)
		paged = append(paged, some...)
		if page.After = next; next == "" {
			break
		}
	}
	same(t, "pages, one after the other", all, paged)
	if all[0].Family != "abel" && all[0].Family != "Abel" || all[24].Family != "Åberg" {
		t.Errorf("from %s to %s", all[0].Family, all[24].Family)
	}
}

func pagesOfCourses(t *testing.T, open Open) {
	s := open(t)
	ids, err := s.AddPeople(t.Context(), []roster.Person{{Given: "Alan", Family: "Turing"}}, tenFifteen)
	must(t, err)
	var titles []string
	for _, title := range []string{"botany", "Algebra", "Zoology", "algorithms"} {
		_, err := s.AddCourse(t.Context(), roster.NewCourse{
			Course:  roster.Course{Code: "C", Title: title, Term: "Autumn", Rules: attendance.DefaultRules()},
			Members: []roster.Member{{ID: ids[0], Role: attendance.Teacher}},
		})
		must(t, err)
	}
	page := roster.Page{Limit: 3}
	for range 2 {
		some, next, err := s.Courses(t.Context(), page)
		must(t, err)
		for _, c := range some {
			titles = append(titles, c.Title)
			same(t, "teachers", []string{"Alan Turing"}, c.Teachers)
		}
		page.After = next
	}
	same(t, "titles", []string{"Algebra", "algorithms", "botany", "Zoology"}, titles)
}

func searchInAnyCase(t *testing.T, open Open) {
	s := open(t)
	_, err := s.AddPeople(t.Context(), []roster.Person{
		{Given: "Ada", Family: "Lovelace", Ref: "R-7"}, {Given: "Alan", Family: "Turing", Username: "alan"}, {Given: "Grace", Family: "Hopper", Email: "grace@navy.example"},
	}, tenFifteen)
	must(t, err)
	for query, want := range map[string]int{"": 3, "LOVE": 1, "ada love": 1, "ada turing": 0, "r-7": 1, "NAVY": 1, "alan": 1, "%": 0, "a": 3} {
		found, _, err := s.People(t.Context(), roster.Page{Query: query, Limit: 10})
		must(t, err)
		if len(found) != want {
			t.Errorf("%q finds %d, want %d", query, len(found), want)
		}
	}
}

func nameShowsInCourses(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	heads := func() int64 {
		h, err := c.Heads(t.Context(), []attendance.SessionID{c.session})
		must(t, err)
		return h[c.session].Roster
	}
	before := heads()
	family, mail := "King", "ada@example.edu"
	p, courses, err := c.ChangePerson(t.Context(), attendance.Author{Person: c.teacher}, c.students[0], roster.PersonChange{Family: &family}, tenFifteen)
	must(t, err)
	same(t, "courses", []attendance.CourseID{c.course}, courses)
	if p.Family != family || heads() != before+1 {
		t.Errorf("%+v, roster %d after %d", p, heads(), before)
	}
	if _, courses, err = c.ChangePerson(t.Context(), attendance.Author{Person: c.teacher}, c.students[0], roster.PersonChange{Email: &mail}, tenFifteen); err != nil || len(courses) > 0 || heads() != before+1 {
		t.Errorf("an address: courses %v, roster %d, error %v", courses, heads(), err)
	}
}

func changesAtOnceCount(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	others := []Store{open(t), open(t), open(t)}
	want := attendance.DefaultRules()
	for round := range 20 {
		want.LateAfter, want.CodeStep, want.CodeGrace = time.Duration(20+round)*time.Minute, time.Duration(3+round)*time.Second, 1+round%3
		var all sync.WaitGroup
		for i, change := range []roster.RulesChange{{LateAfter: &want.LateAfter}, {CodeStep: &want.CodeStep}, {CodeGrace: &want.CodeGrace}} {
			all.Go(func() {
				if _, err := others[i].ChangeRules(t.Context(), attendance.Author{Person: c.teacher}, c.course, change, tenFifteen); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := c.Course(t.Context(), c.course)
		must(t, err)
		same(t, "rules", want, got.Rules)
	}
}

func refusedChange(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	late, wrong := 20*time.Minute, time.Duration(1)
	if _, err := c.ChangeRules(t.Context(), attendance.Author{Person: c.teacher}, c.course, roster.RulesChange{LateAfter: &late, CodeStep: &wrong}, tenFifteen); err == nil {
		t.Error("a step of a nanosecond was taken")
	}
	got, err := c.Course(t.Context(), c.course)
	must(t, err)
	same(t, "rules", attendance.DefaultRules(), got.Rules)
	_, err = c.AddPeople(t.Context(), []roster.Person{{Family: "One", Ref: "same"}, {Family: "Two", Ref: "same"}}, tenFifteen)
	if e := attendance.AsError(err); e.Code != attendance.CodeConflict || e.Field != "ref" {
		t.Errorf("two with one reference: %v", err)
	}
	found, _, err := c.People(t.Context(), roster.Page{Query: "one", Limit: 10})
	must(t, err)
	if len(found) > 0 {
		t.Errorf("the first of them is there: %+v", found)
	}
}

func coursesOfSomebody(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	got, err := c.Memberships(t.Context(), c.students[0])
	must(t, err)
	if len(got) != 1 || got[0].ID != c.course || got[0].Role != attendance.Student || got[0].Open != c.session || got[0].Students != 2 {
		t.Errorf("%+v", got)
	}
	c.must(t, c.command("close", c.teacher, attendance.CloseSession))
	if got, err = c.Memberships(t.Context(), c.students[0]); err != nil || got[0].Open != 0 {
		t.Errorf("after it was closed: %+v, error %v", got, err)
	}
}

func sessionsWithCounts(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	c.must(t, c.checkIn("in", 0, ""))
	next, err := c.AddSession(t.Context(), roster.Schedule(c.course, "Week 2", tenFifteen.AddDate(0, 0, 7)))
	must(t, err)
	all, err := c.Meetings(t.Context(), c.course)
	must(t, err)
	if len(all) != 2 || all[0].ID != next || all[1].ID != c.session {
		t.Fatalf("%+v", all)
	}
	var want attendance.Counts
	want[attendance.Present], want[attendance.Unset] = 1, 2
	same(t, "counts", want, all[1].Counts)
	one, err := c.Meeting(t.Context(), c.session)
	must(t, err)
	same(t, "the same, alone", all[1], one)
}

func unknownThings(t *testing.T, open Open) {
	s := open(t)
	for name, try := range map[string]struct {
		do   func() error
		want attendance.Code
	}{
		"a course":  {func() error { _, err := s.Course(t.Context(), 7); return err }, attendance.CodeNotFound},
		"a session": {func() error { _, err := s.Meeting(t.Context(), 7); return err }, attendance.CodeUnknownSession},
		"a person": {func() error {
			_, _, err := s.ChangePerson(t.Context(), attendance.Author{}, 7, roster.PersonChange{}, tenFifteen)
			return err
		}, attendance.CodeNotFound},
	} {
		if err := try.do(); err == nil || attendance.AsError(err).Code != try.want {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
	}
}
