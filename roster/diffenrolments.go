package roster

import (
	"fmt"
	"strings"

	"github.com/muster-live/muster/attendance"
)

// place is what there is one enrolment of at the most: a person in a course.
type place struct {
	course attendance.CourseID
	person attendance.PersonID
}

// enrolments compares enrolments.
type enrolments struct {
	*differ
	byPlace map[place]int // index into cur.Enrolments
	byRef   map[string]int
	to      map[int]StoredEnrolment // what becomes of those in cur.Enrolments
	rowOf   map[place]*EnrolmentRow // in the bundle
	ends    map[int]Origin
}

func (d *differ) diffEnrolments() {
	stored := d.cur.Enrolments
	e := &enrolments{
		differ: d, byPlace: make(map[place]int, len(stored)), byRef: make(map[string]int, len(stored)),
		to: make(map[int]StoredEnrolment), rowOf: make(map[place]*EnrolmentRow, len(d.bundle.Enrolments)), ends: make(map[int]Origin),
	}
	for i := range stored {
		e.byPlace[place{stored[i].Course, stored[i].Person}] = i
		if stored[i].Ref != "" {
			e.byRef[stored[i].Ref] = i
		}
	}
	for i := range d.bundle.Enrolments {
		if row := &d.bundle.Enrolments[i]; !row.Ended {
			e.diffRow(row)
		}
	}
	for i := range d.bundle.Enrolments {
		if row := &d.bundle.Enrolments[i]; row.Ended {
			e.endRow(row)
		}
	}
	e.endOthers()
	e.write()
}

// diffRow compares an enrolment that goes on.
func (e *enrolments) diffRow(row *EnrolmentRow) {
	course, person := e.courseOf[row.Course], e.personOf[row.Person]
	at := place{course, person}
	fail := func(field, want string) {
		e.reject(Reject{Origin: row.Origin, What: EnrolmentKind, Key: row.Ref, Name: e.nameOf(person), Field: field, Want: want})
	}
	_, gone := e.gone[person]
	switch {
	case row.Ref == "" && (course == 0 || person == 0):
		return // the row of a plain file, which has been rejected
	case course == 0:
		fail("classSourcedId", e.dangling(CourseKind, row.Course, classesName))
		return
	case person == 0:
		fail("userSourcedId", e.dangling(PersonKind, row.Person, usersName))
		return
	case gone || !e.courses[course].Active:
		e.out.Counts.Same++ // with the person it ends anyway; with the course it stays as it is
		return
	}
	if first := e.rowOf[at]; first != nil {
		if first.Role == row.Role {
			e.out.Counts.Same++ // it says the same again, under another id
		} else {
			fail("role", fmt.Sprintf("By line %d this person has another role in this course. Keep one of the two rows.", first.Line))
		}
		return
	}
	e.rowOf[at] = row
	if i, known := e.byPlace[at]; known {
		e.changeRow(row, i)
		return
	}
	e.releaseRef(row.Ref, at)
	role := row.Role
	if role == attendance.NoRole {
		role = attendance.Student
	}
	e.out.Enrolments = append(e.out.Enrolments, StoredEnrolment{Course: course, Person: person, Ref: row.Ref, Role: role})
	e.touched[course] = true
	e.note(Adds, EnrolmentKind, row.Origin, func() (string, string) { return e.nameOf(person), role.String() + " in " + e.titleOf(course) })
}

func (e *enrolments) changeRow(row *EnrolmentRow, i int) {
	was := e.cur.Enrolments[i]
	to := was
	var diff changes
	if row.Role != attendance.NoRole && row.Role != was.Role {
		diff = append(diff, "role: "+was.Role.String()+" → "+row.Role.String())
		to.Role = row.Role
	}
	if row.Ref != "" && row.Ref != was.Ref {
		e.releaseRef(row.Ref, place{was.Course, was.Person})
		diff.text("ref", &to.Ref, row.Ref)
	}
	to.Ended = false
	switch {
	case was.Ended:
		e.note(Adds, EnrolmentKind, row.Origin, func() (string, string) {
			return e.nameOf(to.Person), to.Role.String() + " in " + e.titleOf(to.Course) + ", again"
		})
	case len(diff) > 0:
		e.note(Changes, EnrolmentKind, row.Origin, func() (string, string) {
			return e.nameOf(to.Person), strings.Join(diff, ", ") + " in " + e.titleOf(to.Course)
		})
	default:
		e.out.Counts.Same++
		return
	}
	e.to[i] = to
	e.touched[to.Course] = true
}

// releaseRef ends the enrolment that has a ref which is now that of another place.
func (e *enrolments) releaseRef(ref string, at place) {
	if ref == "" {
		return
	}
	i, known := e.byRef[ref]
	if !known || (place{e.cur.Enrolments[i].Course, e.cur.Enrolments[i].Person}) == at {
		return
	}
	if to, changed := e.to[i]; changed && to.Ref != ref {
		return // it has got another ref itself
	}
	was := e.cur.Enrolments[i]
	was.Ref = ""
	e.to[i] = was
	if !was.Ended {
		e.ends[i] = Origin{}
	}
}

// endRow takes in a row that says of an enrolment that it has ended.
func (e *enrolments) endRow(row *EnrolmentRow) {
	i, known := e.byRef[row.Ref]
	if !known {
		e.out.Counts.Same++
		return
	}
	was := e.cur.Enrolments[i]
	if was.Ended || e.rowOf[place{was.Course, was.Person}] != nil {
		e.out.Counts.Same++ // or another row says that it goes on
		return
	}
	e.ends[i] = row.Origin
}

// endOthers ends what is missing from a bulk file, and what people have who are gone.
func (e *enrolments) endOthers() {
	bulk := e.bundle.EnrolmentsHold == Bulk && !e.holes[EnrolmentKind]
	for i := range e.cur.Enrolments {
		was := &e.cur.Enrolments[i]
		if was.Ended {
			continue
		}
		if from, gone := e.gone[was.Person]; gone {
			e.ends[i] = from
			continue
		}
		if !bulk || was.Ref == "" || e.rejected[EnrolmentKind][was.Ref] {
			continue
		}
		c := e.courses[was.Course]
		if e.rowOf[place{was.Course, was.Person}] == nil && c.Ref != "" && c.Active {
			if _, known := e.ends[i]; !known {
				e.ends[i] = Origin{}
			}
		}
	}
}

// write puts down what becomes of the enrolments that are stored.
func (e *enrolments) write() {
	for i := range e.cur.Enrolments {
		from, ends := e.ends[i]
		to, changed := e.to[i]
		if !changed {
			to = e.cur.Enrolments[i]
		}
		if e.rowOf[place{to.Course, to.Person}] != nil {
			ends = false // it only had to give its ref away
		}
		if ends {
			to.Ended = true
			e.touched[to.Course] = true
			e.note(Ends, EnrolmentKind, from, func() (string, string) {
				return e.nameOf(to.Person), strings.TrimSuffix(to.Role.String()+" in "+e.titleOf(to.Course)+", "+missing(from), ", ")
			})
		}
		if ends || changed {
			e.out.Enrolments = append(e.out.Enrolments, to)
		}
	}
}

func (e *enrolments) nameOf(id attendance.PersonID) string {
	if p := e.people[id]; p != nil {
		return p.Name()
	}
	return ""
}

func (e *enrolments) titleOf(id attendance.CourseID) string {
	c := e.courses[id]
	if c.Code == c.Title {
		return c.Title
	}
	return c.Code + " " + c.Title
}
