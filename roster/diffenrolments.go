package roster

import (
	"fmt"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// place is what there is one enrolment of at the most: a person in a course.
type place struct {
	course attendance.CourseID
	person attendance.PersonID
}

// enrolments compares enrolments.
type enrolments struct {
	*differ
	byPlace *index[place] // in cur.Enrolments
	byRef   *index[string]
	to      map[int]StoredEnrolment // what becomes of those in cur.Enrolments
	places  []place                 // what each row of the bundle means
	rowOf   *index[place]           // in the bundle
	ends    map[int]table.Origin
}

func (d *differ) diffEnrolments() {
	stored := d.cur.Enrolments
	d.zeros.ids = [len(kindNames)]*table.IDs{} // what is known now is what the bundle's keys mean
	e := &enrolments{
		differ:  d,
		byPlace: newIndex(len(stored), func(i int) place { return place{stored[i].Course, stored[i].Person} }),
		byRef:   newIndex(len(stored), func(i int) string { return stored[i].Ref }),
		to:      make(map[int]StoredEnrolment), ends: make(map[int]table.Origin),
		places: make([]place, len(d.bundle.Enrolments)),
	}
	e.rowOf = newIndex(len(e.places), func(i int) place { return e.places[i] })
	for i := range stored {
		e.byPlace.add(i)
		if stored[i].Ref != "" {
			e.byRef.add(i)
		}
	}
	for i := range d.bundle.Enrolments {
		if !d.bundle.Enrolments[i].Ended {
			e.diffRow(i)
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
func (e *enrolments) diffRow(n int) {
	row := &e.bundle.Enrolments[n]
	course, person := lookUp(e, CourseKind, e.courseOf, row.Course, row.Origin), lookUp(e, PersonKind, e.personOf, row.Person, row.Origin)
	at := place{course, person}
	fail := func(field, want string) {
		e.reject(Reject{Origin: row.Origin, What: EnrolmentKind, Key: row.Ref, Name: e.nameOf(person), Field: field, Want: want})
	}
	_, gone := e.gone[person]
	switch {
	case row.Ref == "" && (e.rejected[CourseKind][row.Course] || e.rejected[PersonKind][row.Person]):
		return // the row of a plain file, which has been rejected
	case course == 0:
		fail(e.dangling(CourseKind, row.Course))
		return
	case person == 0:
		fail(e.dangling(PersonKind, row.Person))
		return
	case gone || !e.courses[course].Active:
		e.out.Counts.Same++ // with the person it ends anyway; with the course it stays as it is
		return
	}
	e.places[n] = at
	if i := e.rowOf.add(n); i != n {
		if first := &e.bundle.Enrolments[i]; first.Role == row.Role {
			e.out.Counts.Same++ // it says the same again, under another id
		} else {
			fail("role", fmt.Sprintf("By line %d this person has another role in this course. Keep one of the two rows.", first.Line))
		}
		return
	}
	if i := e.byPlace.get(at); i >= 0 {
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

// lookUp finds what a key of the bundle means, if need be with the zeros that it has
// lost.
func lookUp[ID any](e *enrolments, what Kind, of map[string]ID, key string, from table.Origin) ID {
	id, ok := of[key]
	if ok || e.rejected[what][key] {
		return id
	}
	if full, ok := e.zeros.find(what, key, from, func(add func(string)) {
		for known := range of {
			add(known)
		}
	}); ok {
		return of[full]
	}
	return id
}

func (e *enrolments) changeRow(row *EnrolmentRow, i int) {
	was := e.cur.Enrolments[i]
	to := was
	var diff differences
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
	i := e.byRef.get(ref)
	if i < 0 || (place{e.cur.Enrolments[i].Course, e.cur.Enrolments[i].Person}) == at {
		return
	}
	if to, changed := e.to[i]; changed && to.Ref != ref {
		return // it has got another ref itself
	}
	was := e.cur.Enrolments[i]
	was.Ref = ""
	e.to[i] = was
	if !was.Ended {
		e.ends[i] = table.Origin{}
	}
}

// inBundle reports whether a row says that an enrolment goes on.
func (e *enrolments) inBundle(s *StoredEnrolment) bool {
	return e.rowOf.get(place{s.Course, s.Person}) >= 0
}

// endRow takes in a row that says of an enrolment that it has ended.
func (e *enrolments) endRow(row *EnrolmentRow) {
	i := e.byRef.get(row.Ref)
	if row.Ref == "" { // it says who and where instead
		i = e.byPlace.get(place{e.courseOf[row.Course], e.personOf[row.Person]})
	}
	if i < 0 {
		e.out.Counts.Same++
		return
	}
	was := e.cur.Enrolments[i]
	if was.Ended || e.inBundle(&was) {
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
		if !e.inBundle(was) && c.Ref != "" && c.Active {
			if _, known := e.ends[i]; !known {
				e.ends[i] = table.Origin{}
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
		if ends && e.inBundle(&to) {
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
