package roster_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	. "github.com/muster-live/muster/roster"
)

func TestDuplicatesAreFoundAndTheSurestComeFirst(t *testing.T) {
	t.Parallel()
	cur := &Current{
		People: []StoredPerson{
			{ID: 1, Ref: "0042", Given: "Ada", Family: "Lovelace", Email: "ada@example.edu", Active: true},
			{ID: 2, Ref: "42", Given: "Ada", Family: "King", Email: "Ada@Example.edu", Username: "ada", Active: true},
			{ID: 3, Ref: "x3", Given: "José", Family: "García-Núñez", Active: true},
			{ID: 4, Ref: "x4", Given: "GARCIA NUNEZ", Family: "Jose", Active: true},
			{ID: 5, Ref: "x5", Given: "Alan", Family: "Turing", Email: "office@example.edu"}, {ID: 6, Ref: "x6", Given: "Alan", Family: "Turing", Email: "office@example.edu"},
			{ID: 7, Ref: "x7", Given: "A", Family: "B", Email: "office@example.edu"}, {ID: 8, Ref: "x8", Given: "C", Family: "D", Email: "office@example.edu"},
			{ID: 9, Ref: "x9", Given: "E", Family: "F", Email: "office@example.edu"},
			{ID: 10, Ref: "00042", Given: "Ada", Family: "Lovelace", MergedInto: 1},
			{ID: 11, Ref: "x11", Given: "José García", Family: "Núñez", Active: true},
		},
		Enrolments: []StoredEnrolment{{Course: 1, Person: 3}, {Course: 1, Person: 11, Ended: true}, {Course: 2, Person: 4}, {Course: 1, Person: 5}, {Course: 2, Person: 6}},
	}
	var got []string
	for _, c := range Duplicates(cur) {
		got = append(got, fmt.Sprint(c.Keep.ID, " and ", c.Drop.ID, ": ", c.Why))
	}
	want := []string{"2 and 1: [They have the same address, ada@example.edu. Their references differ only in zeros at the beginning, before 42.]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	cur.Enrolments = append(cur.Enrolments, StoredEnrolment{Course: 1, Person: 6})
	if got := Duplicates(cur); len(got) != 2 || got[1].Keep.ID != 5 || got[1].Drop.ID != 6 || got[1].Why[0] != "They have the same name and are in the same course." {
		t.Errorf("got %+v", got)
	}
}

func TestMergingSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	entry := func(m attendance.Mark) attendance.Entry { return attendance.Entry{Mark: m, Source: attendance.ByCode} }
	m := &Merging{
		Keep: StoredPerson{ID: 1, Ref: "0042", Given: "Ada", Family: "Lovelace"}, Drop: StoredPerson{ID: 2, Ref: "42", Given: "Ada", Family: "King", Email: "ada@example.edu", Username: "ada", Active: true},
		Courses:    map[attendance.CourseID]string{1: "CS101 Algorithms", 2: "CS102 Compilers", 3: "CS103 Past"},
		Enrolments: []StoredEnrolment{{Course: 1, Person: 1, Role: attendance.Student}, {Course: 1, Person: 2, Role: attendance.Assistant}, {Course: 2, Person: 2, Ref: "e2", Role: attendance.Student}, {Course: 3, Person: 2, Ended: true}},
		Marks: []StoredMark{{Session: 7, Title: "Week 1", Person: 1, Entry: entry(attendance.Absent)}, {Session: 7, Title: "Week 1", Person: 2, Entry: entry(attendance.Late)},
			{Session: 8, Title: "Week 2", Person: 1, Entry: entry(attendance.Late)}, {Session: 8, Title: "Week 2", Person: 2, Entry: entry(attendance.Excused)}},
		Excuses: []int64{4},
	}
	merge, err := PlanMerge(m)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range merge.Lines {
		got = append(got, fmt.Sprintf("%s %s of %s: %s", l.Change, l.What, l.Name, l.Detail))
	}
	want := []string{
		"change person of Ada Lovelace: email: ada@example.edu, from the other",
		"change person of Ada Lovelace: username: ada, from the other",
		"change person of Ada Lovelace: may sign in, as the other might",
		"end person of Ada King: is merged into Ada Lovelace, and may no longer sign in",
		"change enrolment of Ada Lovelace: assistant in CS101 Algorithms, as the other was",
		"end enrolment of Ada King: assistant in CS101 Algorithms",
		"add enrolment of Ada Lovelace: student in CS102 Compilers, from the other",
		"end enrolment of Ada King: student in CS102 Compilers",
		"change mark of Ada Lovelace: Week 1: absent → late",
		"end mark of Ada King: Week 1: late",
		"end mark of Ada King: Week 2: excused",
		"change excuse of Ada Lovelace: 1 of the other's excuses become theirs",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(merge.Marks) != 2 || len(merge.Marks[0].Marks) != 2 || len(merge.Marks[1].Marks) != 1 {
		t.Errorf("got %+v", merge.Marks)
	}
	m.Drop.Admin = true
	if _, err := PlanMerge(m); err == nil {
		t.Error("an administrator was merged away")
	}
}
