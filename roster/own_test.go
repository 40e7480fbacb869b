package roster

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
)

// handMade is a course that somebody made by hand, so that nothing of it has a ref.
func handMade() *Current {
	return &Current{
		Installation: "abc",
		Terms:        []StoredTerm{{ID: 1, Title: "Autumn"}},
		Courses:      []StoredCourse{{ID: 5, Code: "CS101", Title: "Algorithms", Term: 1, Active: true}},
		People:       []StoredPerson{{ID: 7, Given: "Ada", Family: "Lovelace", Active: true}, {ID: 8, Given: "Grace", Family: "Hopper", Active: true}},
		Enrolments:   []StoredEnrolment{{Course: 5, Person: 7, Role: attendance.Student}, {Course: 5, Person: 8, Role: attendance.Teacher}},
	}
}

// exported is what an export of all of it says.
func exported(cur *Current) *Bundle {
	refs := Refs{cur.Installation}
	b := &Bundle{TermsHold: Bulk, CoursesHold: Bulk, PeopleHold: Bulk, EnrolmentsHold: Bulk}
	for i := range cur.Terms {
		b.Terms = append(b.Terms, TermRow{Ref: refs.Term(&cur.Terms[i]), Title: cur.Terms[i].Title})
	}
	for i := range cur.Courses {
		c := &cur.Courses[i]
		b.Courses = append(b.Courses, CourseRow{Ref: refs.Course(c), Code: c.Code, Title: c.Title, Term: refs.Term(&cur.Terms[0])})
	}
	people := make(map[attendance.PersonID]string)
	for i := range cur.People {
		p := &cur.People[i]
		people[p.ID] = refs.Person(p)
		b.People = append(b.People, PersonRow{Ref: refs.Person(p), Given: p.Given, Family: p.Family, Active: Yes})
	}
	for i := range cur.Enrolments {
		e := &cur.Enrolments[i]
		b.Enrolments = append(b.Enrolments, EnrolmentRow{Ref: refs.Enrolment(e), Course: refs.Course(&cur.Courses[0]), Person: people[e.Person], Role: e.Role})
	}
	return b
}

func TestWhatHasNoRefComesBackUnchanged(t *testing.T) {
	t.Parallel()
	b := exported(handMade())
	if cs := Diff(b, handMade()); cs.Counts.Changes() != 0 || cs.Counts.Rejects != 0 {
		t.Errorf("%+v\n%+v", cs.Counts, cs.Rows)
	}
	// What is changed in the bundle changes, and still gets no ref.
	b.People[0].Family = "King"
	cs := Diff(b, handMade())
	if diff := cmp.Diff([]StoredPerson{{ID: 7, Given: "Ada", Family: "King", Active: true}}, cs.People); diff != "" {
		t.Error(diff)
	}
	// What is missing from it does not end: it did not come from such a file.
	b.People, b.Enrolments = b.People[1:], b.Enrolments[1:]
	if cs := Diff(b, handMade()); cs.Counts.Changes() != 0 {
		t.Errorf("%+v", cs.Rows)
	}
}

func TestOwnRefsMeanTheirThingsWhateverHasBecomeOfThem(t *testing.T) {
	t.Parallel()
	b := exported(handMade())
	cur := handMade()
	cur.Courses[0].Ref, cur.People[0].Ref, cur.Enrolments[0].Ref = "class-1", "student-1", "e1"
	if cs := Diff(b, cur); cs.Counts.Changes() != 0 || cs.Counts.Rejects != 0 {
		t.Errorf("%+v\n%+v", cs.Counts, cs.Rows)
	}
}

func TestOwnRefsAreOrdinaryToOthers(t *testing.T) {
	t.Parallel()
	b := exported(handMade())
	for name, installation := range map[string]string{"another": "xyz", "one without a name": ""} {
		cur := handMade()
		cur.Installation = installation
		cs := Diff(b, cur)
		if cs.Counts.People.Add != 2 || cs.Counts.Courses.Add != 1 || cs.Counts.Enrolments.Add != 2 || cs.People[0].Ref != "muster-abc-p7" {
			t.Errorf("%s: %+v", name, cs.Counts)
		}
	}
}
