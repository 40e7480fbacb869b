package roster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-live/muster/attendance"
)

// Installation names an installation to others without giving away the key that it is
// made of: it tells what one has exported from what another has.
func Installation(key []byte) string {
	sum := sha256.Sum256(append([]byte("name "), key...))
	return hex.EncodeToString(sum[:6])
}

// Refs gives a ref to what has none, so that it can be exported. Imported again by the
// same installation, such a ref means the thing with that id, which still gets none of
// its own; to any other it is a ref like others.
type Refs struct{ Installation string }

func (r Refs) prefix() string { return "muster-" + r.Installation + "-" }

// Term returns the ref of a term.
func (r Refs) Term(t *StoredTerm) string { return r.of(t.Ref, "t", t.ID) }

// Course returns the ref of a course.
func (r Refs) Course(c *StoredCourse) string { return r.of(c.Ref, "c", int64(c.ID)) }

// Person returns the ref of a person.
func (r Refs) Person(p *StoredPerson) string { return r.of(p.Ref, "p", int64(p.ID)) }

// Enrolment returns the ref of an enrolment.
func (r Refs) Enrolment(e *StoredEnrolment) string {
	if e.Ref != "" {
		return e.Ref
	}
	return fmt.Sprintf("%se%d-%d", r.prefix(), e.Course, e.Person)
}

func (r Refs) of(ref, kind string, id int64) string {
	if ref != "" {
		return ref
	}
	return r.prefix() + kind + strconv.FormatInt(id, 10)
}

// settle has a bundle with refs that we made ourselves say what they mean: what is
// stored and has no ref gets, in memory, the one that the bundle calls it by, and what
// has got a ref since is called by that one. It returns the bundle, and what takes those
// refs away again.
func settle(b *Bundle, cur *Current) (*Bundle, func(*ChangeSet)) {
	own := ownRefs{Refs: Refs{cur.Installation}, given: make(map[string]bool), real: make(map[string]string)}
	if cur.Installation == "" || !own.occur(b) {
		return b, func(*ChangeSet) {}
	}
	own.nameStored(cur)
	settled := *b
	settled.Terms, settled.Courses = slices.Clone(b.Terms), slices.Clone(b.Courses)
	settled.People, settled.Enrolments = slices.Clone(b.People), slices.Clone(b.Enrolments)
	for i := range settled.Terms {
		own.call(&settled.Terms[i].Ref)
	}
	for i := range settled.Courses {
		own.call(&settled.Courses[i].Ref)
		own.call(&settled.Courses[i].Term)
	}
	for i := range settled.People {
		own.call(&settled.People[i].Ref)
	}
	for i := range settled.Enrolments {
		e := &settled.Enrolments[i]
		own.call(&e.Ref)
		own.call(&e.Course)
		own.call(&e.Person)
	}
	return &settled, own.takeAway
}

// ownRefs are refs that we made.
type ownRefs struct {
	Refs
	given map[string]bool   // those that stored things got
	real  map[string]string // what those mean that have got another ref since
	asked map[string]bool   // those in the bundle
}

// occur notes which there are in a bundle, and reports whether there are any.
func (o *ownRefs) occur(b *Bundle) bool {
	o.asked = make(map[string]bool)
	prefix := o.prefix()
	ask := func(refs ...string) {
		for _, ref := range refs {
			if strings.HasPrefix(ref, prefix) {
				o.asked[ref] = true
			}
		}
	}
	for i := range b.Terms {
		ask(b.Terms[i].Ref)
	}
	for i := range b.Courses {
		ask(b.Courses[i].Ref, b.Courses[i].Term)
	}
	for i := range b.People {
		ask(b.People[i].Ref)
	}
	for i := range b.Enrolments {
		ask(b.Enrolments[i].Ref, b.Enrolments[i].Course, b.Enrolments[i].Person)
	}
	return len(o.asked) > 0
}

// nameStored gives stored things the refs that the bundle calls them by.
func (o *ownRefs) nameStored(cur *Current) {
	name := func(ref *string, own string) {
		switch {
		case !o.asked[own]:
		case *ref == "":
			*ref = own
			o.given[own] = true
		default:
			o.real[own] = *ref
		}
	}
	for i := range cur.Terms {
		t := &cur.Terms[i]
		name(&t.Ref, o.of("", "t", t.ID))
	}
	for i := range cur.Courses {
		c := &cur.Courses[i]
		name(&c.Ref, o.of("", "c", int64(c.ID)))
	}
	for i := range cur.People {
		p := &cur.People[i]
		name(&p.Ref, o.of("", "p", int64(p.ID)))
	}
	for i := range cur.Enrolments {
		e := &cur.Enrolments[i]
		bare := StoredEnrolment{Course: e.Course, Person: e.Person}
		name(&e.Ref, o.Enrolment(&bare))
	}
}

// call replaces a ref by the one that the thing has now.
func (o *ownRefs) call(ref *string) {
	if real, ok := o.real[*ref]; ok {
		*ref = real
	}
}

// takeAway takes the refs away that stored things got in memory alone.
func (o *ownRefs) takeAway(cs *ChangeSet) {
	take := func(ref *string) {
		if o.given[*ref] {
			*ref = ""
		}
	}
	for i := range cs.Terms {
		take(&cs.Terms[i].Ref)
	}
	for i := range cs.Courses {
		take(&cs.Courses[i].Ref)
	}
	for i := range cs.People {
		take(&cs.People[i].Ref)
	}
	for i := range cs.Enrolments {
		take(&cs.Enrolments[i].Ref)
	}
}

// CourseKey returns what rows of a bundle may call a course by its id.
func (r Refs) CourseKey(id attendance.CourseID) string { return r.of("", "c", int64(id)) }

// PersonKey returns what rows of a bundle may call a person by their id.
func (r Refs) PersonKey(id attendance.PersonID) string { return r.of("", "p", int64(id)) }
