package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
)

var groupTests = map[string]test{
	"a group has the people and the name that it was given last": groupIsSaved,
	"a course has its groups and its part of the institution's":  groupsOfACourse,
	"a group is changed, ended and taken back":                   groupIsTakenBack,
	"who is merged is in the groups of both":                     groupsOfWhoIsMerged,
	"it is known when people have changed":                       peopleChange,
}

// members says who is in the groups that a course has.
func members(t *testing.T, s Store, course attendance.CourseID) (lines []string) {
	t.Helper()
	all, err := s.Groups(t.Context(), course)
	must(t, err)
	for _, g := range all {
		one, people, err := s.Group(t.Context(), course, g.ID)
		must(t, err)
		if one != g {
			t.Errorf("in the list %+v, by itself %+v", g, one)
		}
		line := fmt.Sprintf("%s (%d):", g.Name, g.Course)
		for _, p := range people {
			line += fmt.Sprint(" ", p.ID)
		}
		lines = append(lines, line)
	}
	return lines
}

func (c *class) group(t *testing.T, g roster.Group, people ...attendance.PersonID) (roster.GroupID, changes.Result) {
	t.Helper()
	id, r, err := c.SaveGroup(t.Context(), header(changes.Groups, c.teacher), g, people)
	must(t, err)
	return id, r
}

func groupIsSaved(t *testing.T, open Open) {
	c := newClass(t, open(t), 4)
	a, b, d := c.students[0], c.students[1], c.students[3]
	id, r := c.group(t, roster.Group{Course: c.course, Name: "team"}, a, b)
	if r.ID == 0 || r.Rows != 3 {
		t.Errorf("made: %+v", r)
	}
	same(t, "made", []string{fmt.Sprintf("team (%d): %d %d", c.course, a, b)}, members(t, c, c.course))
	if _, r := c.group(t, roster.Group{ID: id, Course: c.course, Name: "team"}, a, b); r.ID != 0 {
		t.Errorf("saved again as it is: %+v", r)
	}
	c.group(t, roster.Group{ID: id, Course: c.course, Name: "Team A"}, b, d)
	same(t, "changed", []string{fmt.Sprintf("Team A (%d): %d %d", c.course, b, d)}, members(t, c, c.course))

	refused := func(want attendance.Code, g roster.Group, people ...attendance.PersonID) {
		t.Helper()
		_, _, err := c.SaveGroup(t.Context(), header(changes.Groups, c.teacher), g, people)
		wantCode(t, err, want)
	}
	refused(attendance.CodeConflict, roster.Group{Course: c.course, Name: "team a"}, a)
	refused(attendance.CodeUnknownPerson, roster.Group{Course: c.course, Name: "staff"}, a, c.teacher)
	refused(attendance.CodeUnknownPerson, roster.Group{Name: "nobody"}, 999)
	refused(attendance.CodeNotFound, roster.Group{ID: id, Name: "of the institution"}, a)
	refused(attendance.CodeNotFound, roster.Group{ID: 99, Course: c.course, Name: "not there"}, a)
}

func groupsOfACourse(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 3)
	other, err := s.AddCourse(t.Context(), roster.NewCourse{Course: roster.Course{Code: "CS102", Title: "Compilers", Rules: attendance.DefaultRules()},
		Members: []roster.Member{{ID: c.students[0], Role: attendance.Student}, {ID: c.students[1], Role: attendance.Assistant}}})
	must(t, err)
	football, _ := c.group(t, roster.Group{Name: "football"}, c.students[0], c.students[1], c.teacher)
	mine, _ := c.group(t, roster.Group{Course: c.course, Name: "Lab 1"}, c.students[2])
	same(t, "the institution", []string{fmt.Sprintf("football (0): %d %d %d", c.students[0], c.students[1], c.teacher)}, members(t, s, 0))
	same(t, "the course", []string{
		fmt.Sprintf("football (0): %d %d", c.students[0], c.students[1]), fmt.Sprintf("Lab 1 (%d): %d", c.course, c.students[2]),
	}, members(t, s, c.course))
	same(t, "the other course", []string{fmt.Sprintf("football (0): %d", c.students[0])}, members(t, s, other))
	_, _, err = s.Group(t.Context(), other, mine)
	wantCode(t, err, attendance.CodeNotFound)
	_, err = s.EndGroup(t.Context(), header(changes.Groups, c.teacher), c.course, football)
	wantCode(t, err, attendance.CodeNotFound)
}

func groupIsTakenBack(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	undo := func(r changes.Result) {
		t.Helper()
		_, err := c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
		must(t, err)
	}
	id, made := c.group(t, roster.Group{Course: c.course, Name: "team"}, c.students[0], c.students[1])
	before := members(t, c, c.course)
	_, r := c.group(t, roster.Group{ID: id, Course: c.course, Name: "others"}, c.students[2])
	undo(r)
	same(t, "changed and taken back", before, members(t, c, c.course))
	r, err := c.EndGroup(t.Context(), header(changes.Groups, c.teacher), c.course, id)
	must(t, err)
	same(t, "ended", []string(nil), members(t, c, c.course))
	rows, err := c.ChangeRows(t.Context(), r.ID, 0, 10)
	must(t, err)
	if len(rows) != 1 || rows[0].Name != "team" || r.Title != "Group ended: team" {
		t.Errorf("the set says %q, %+v", r.Title, rows)
	}
	undo(r)
	same(t, "ended and taken back", before, members(t, c, c.course))
	undo(made)
	same(t, "never made", []string(nil), members(t, c, c.course))
}

func groupsOfWhoIsMerged(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	keep, drop, third := c.students[0], c.students[1], c.students[2]
	c.group(t, roster.Group{Name: "a"}, keep, drop)
	c.group(t, roster.Group{Name: "b"}, drop, third)
	c.group(t, roster.Group{Name: "c"}, third)
	before := members(t, c, 0)
	r, err := c.ApplyMerge(t.Context(), header(changes.Merge, c.teacher), keep, drop, roster.PlanMerge)
	must(t, err)
	same(t, "merged", []string{fmt.Sprint("a (0): ", keep), fmt.Sprint("b (0): ", keep, " ", third), fmt.Sprint("c (0): ", third)}, members(t, c, 0))
	_, err = c.UndoChanges(t.Context(), header(changes.Undo, c.teacher), r.ID, false)
	must(t, err)
	same(t, "parted", before, members(t, c, 0))
}

func peopleChange(t *testing.T, open Open) {
	s := open(t)
	c := newClass(t, s, 2)
	as := func() string {
		t.Helper()
		text, err := s.PeopleAsOf(t.Context())
		must(t, err)
		return text
	}
	seen := []string{as()}
	if as() != seen[0] {
		t.Error("nothing has changed")
	}
	name := "Byron"
	_, _, err := s.ChangePerson(t.Context(), attendance.Author{}, c.students[0], roster.PersonChange{Family: &name}, tenFifteen.Add(week))
	must(t, err)
	seen = append(seen, as())
	addPerson(t, s, "New")
	seen = append(seen, as())
	_, err = s.ApplyMerge(t.Context(), header(changes.Merge, c.teacher), c.students[0], c.students[1], roster.PlanMerge)
	must(t, err)
	seen = append(seen, as())
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 4 {
		t.Errorf("as of %q", seen)
	}
	all, err := s.Everybody(t.Context())
	must(t, err)
	if !slices.ContainsFunc(all, func(p roster.StoredPerson) bool { return p.Family == "Byron" }) ||
		slices.ContainsFunc(all, func(p roster.StoredPerson) bool { return p.ID == c.students[1] }) {
		t.Errorf("everybody: %+v", all)
	}
}
