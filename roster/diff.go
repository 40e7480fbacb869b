package roster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Diff returns what has to be done so that what is so becomes what the bundle says.
// New things get the ids that follow those in use.
//
// What a bulk file no longer has ends if it came from such a file, that is, if it
// has a ref. Rejected rows leave what they name as it is; where a rejected row does
// not even tell what it names, nothing of its kind ends for being missing.
func Diff(b *Bundle, cur *Current) *ChangeSet { return DiffRows(b, cur, nil) }

// DiffRows is Diff, and calls each, if it is not nil, with every row of which the change
// set shows the first: in the order that they are found in.
func DiffRows(b *Bundle, cur *Current, each func(ChangeRow)) *ChangeSet {
	b, unsettle := settle(b, cur)
	d := newDiffer(b, cur, each)
	d.diffTerms()
	d.diffCourses()
	d.diffPeople()
	d.diffEnrolments()
	d.finish()
	unsettle(d.out)
	d.out.Digest = d.out.digest()
	return d.out
}

// differ is a comparison under way.
type differ struct {
	bundle *Bundle
	cur    *Current
	out    *ChangeSet
	each   func(ChangeRow) // is told of every row; may be nil
	shown  [len(changeNames)][]ChangeRow

	// Of the rows that were rejected: their keys, and whether there are such that
	// have none.
	rejected [len(kindNames)]map[string]bool
	holes    [len(kindNames)]bool

	zeros zeros

	termOf   map[string]int64               // by ref
	courseOf map[string]attendance.CourseID // by the bundle's key
	personOf map[string]attendance.PersonID // by the bundle's key
	courses  map[attendance.CourseID]*StoredCourse
	people   map[attendance.PersonID]*StoredPerson
	gone     map[attendance.PersonID]table.Origin // whom the bundle ends, and where
	renamed  map[attendance.PersonID]bool         // whose name or ref is different now
	touched  map[attendance.CourseID]bool
}

func newDiffer(b *Bundle, cur *Current, each func(ChangeRow)) *differ {
	d := &differ{
		bundle: b, cur: cur, each: each, out: &ChangeSet{Ignored: b.Ignored, Notes: b.Notes},
		termOf:   make(map[string]int64),
		courseOf: make(map[string]attendance.CourseID, len(b.Courses)),
		personOf: make(map[string]attendance.PersonID, len(b.People)),
		courses:  make(map[attendance.CourseID]*StoredCourse, len(cur.Courses)),
		people:   make(map[attendance.PersonID]*StoredPerson, len(cur.People)),
		gone:     make(map[attendance.PersonID]table.Origin),
		renamed:  make(map[attendance.PersonID]bool),
		touched:  make(map[attendance.CourseID]bool),
	}
	for k := range d.rejected {
		d.rejected[k] = make(map[string]bool)
	}
	for _, r := range b.Rejects {
		d.reject(r)
	}
	for i := range cur.Courses {
		d.courses[cur.Courses[i].ID] = &cur.Courses[i]
	}
	for i := range cur.People {
		d.people[cur.People[i].ID] = &cur.People[i]
	}
	return d
}

// reject keeps a row out.
func (d *differ) reject(r Reject) {
	if r.Key == "" {
		d.holes[r.What] = true
	} else {
		d.rejected[r.What][r.Key] = true
	}
	d.out.Counts.Rejects++
	d.out.Rejects = append(d.out.Rejects, r)
	d.show(Rejected, r.What, r.Origin, func() (string, string) { return cmp.Or(r.Name, r.Key), r.reason() })
}

// note counts a change and shows it.
func (d *differ) note(c Change, what Kind, from table.Origin, say func() (name, detail string)) {
	t := d.out.Counts.tally(what)
	switch c {
	case Adds:
		t.Add++
	case Changes:
		t.Change++
	case Ends:
		t.End++
	}
	d.show(c, what, from, say)
}

func (d *differ) show(c Change, what Kind, from table.Origin, say func() (name, detail string)) {
	full := len(d.shown[c]) == MaxShown
	if full {
		d.out.More++
		if d.each == nil {
			return
		}
	}
	name, detail := say()
	if d.each != nil {
		d.each(ChangeRow{from, c, what, name, detail})
	}
	if full {
		return
	}
	d.shown[c] = append(d.shown[c], ChangeRow{from, c, what, name, detail})
}

// finish puts the change set together.
func (d *differ) finish() {
	cs := d.out
	for _, rows := range d.shown {
		cs.Rows = append(cs.Rows, rows...)
	}
	if len(cs.Rows) > MaxShown {
		cs.More += len(cs.Rows) - MaxShown
		cs.Rows = slices.Clip(cs.Rows[:MaxShown])
	}
	slices.SortFunc(cs.Enrolments, func(a, b StoredEnrolment) int {
		return cmp.Or(cmp.Compare(a.Course, b.Course), cmp.Compare(a.Person, b.Person))
	})
	if len(d.renamed) > 0 {
		for _, e := range d.cur.Enrolments {
			if d.renamed[e.Person] && !e.Ended {
				d.touched[e.Course] = true
			}
		}
	}
	for id := range d.touched {
		cs.Touched = append(cs.Touched, id)
	}
	slices.Sort(cs.Touched)
	cs.Notes = append(slices.Clip(cs.Notes), d.zeros.notes()...)
}

func (d *differ) diffTerms() {
	stored := make(map[string]*StoredTerm)
	var last int64
	for i := range d.cur.Terms {
		t := &d.cur.Terms[i]
		stored[t.Ref] = t
		last = max(last, t.ID)
		if d.bundle.TermsHold != Bulk {
			d.termOf[t.Ref] = t.ID
		}
	}
	for _, row := range d.bundle.Terms {
		was, known := stored[row.Ref]
		t := StoredTerm{Ref: row.Ref}
		if known {
			t = *was
		}
		var diff differences
		diff.text("title", &t.Title, row.Title)
		diff.text("starts", &t.Starts, row.Starts)
		diff.text("ends", &t.Ends, row.Ends)
		if !known {
			last++
			t.ID = last
		}
		d.termOf[row.Ref] = t.ID
		if d.noteDiff(known, diff, TermKind, row.Origin, t.Title, "") {
			d.out.Terms = append(d.out.Terms, t)
		}
	}
}

// differences tells what is different of a thing: a list "field: old → new".
type differences []string

// text changes a field to a text, if it is one.
func (c *differences) text(name string, field *string, to string) {
	if to == "" || to == *field {
		return
	}
	*c = append(*c, fmt.Sprintf("%s: %s → %s", name, cmp.Or(*field, "none"), to))
	*field = to
}

func (c *differences) flag(name string, field *bool, to bool) {
	if to == *field {
		return
	}
	word := map[bool]string{false: "no", true: "yes"}
	*c = append(*c, fmt.Sprintf("%s: %s → %s", name, word[*field], word[to]))
	*field = to
}

// noteDiff notes that a thing is added, or that it changes, and reports whether it
// does either.
func (d *differ) noteDiff(known bool, diff differences, what Kind, from table.Origin, name, added string) bool {
	switch {
	case !known:
		d.note(Adds, what, from, func() (string, string) { return name, added })
	case len(diff) > 0:
		d.note(Changes, what, from, func() (string, string) { return name, strings.Join(diff, ", ") })
	default:
		d.out.Counts.Same++
		return false
	}
	return true
}

func (d *differ) diffCourses() {
	byRef := make(map[string]*StoredCourse)
	byCode := make(map[string][]*StoredCourse)
	var last attendance.CourseID
	for i := range d.cur.Courses {
		c := &d.cur.Courses[i]
		byRef[c.Ref] = c
		last = max(last, c.ID)
		if c.Active {
			code := strings.ToLower(c.Code)
			byCode[code] = append(byCode[code], c)
		}
		if d.bundle.CoursesHold != Bulk && c.Ref != "" {
			d.courseOf[c.Ref] = c.ID
		}
	}
	inBundle := make(map[string]bool, len(d.bundle.Courses)) // by ref
	for i := range d.bundle.Courses {
		inBundle[d.bundle.Courses[i].Ref] = true
	}
	seen := make(map[attendance.CourseID]bool)
	for _, row := range d.bundle.Courses {
		found := byCode[strings.ToLower(row.Code)]
		if row.Ref != "" {
			found = nil
			c, ok := byRef[row.Ref]
			if !ok {
				full, _ := d.zeros.find(CourseKind, row.Ref, row.Origin, func(add func(string)) {
					for ref := range byRef {
						if !inBundle[ref] {
							add(ref)
						}
					}
				})
				c, ok = byRef[full]
			}
			if ok && c.Ref != "" {
				found = []*StoredCourse{c}
			}
		}
		if len(found) > 1 {
			d.reject(Reject{Origin: row.Origin, What: CourseKind, Key: row.Key(), Want: fmt.Sprintf("There are %d courses with the code %s, so it does not say which is meant.", len(found), row.Code)})
			continue
		}
		var was *StoredCourse
		if len(found) == 1 {
			was = found[0]
			seen[was.ID] = true
		}
		if row.Ended {
			if was == nil {
				was = &StoredCourse{ID: neverKnown, Ref: row.Ref}
			}
			d.endCourse(was, row.Origin)
			continue
		}
		term := d.termOf[row.Term]
		if row.Term != "" && term == 0 && d.bundle.TermsHold != Absent {
			column, want := d.dangling(TermKind, row.Term)
			d.reject(Reject{Origin: row.Origin, What: CourseKind, Key: row.Key(), Name: row.Title, Field: column, Want: want})
			continue
		}
		if was == nil {
			last++
			d.addCourse(row, last, term)
		} else {
			d.changeCourse(row, *was, term)
		}
	}
	if d.bundle.CoursesHold != Bulk || d.holes[CourseKind] {
		return
	}
	for i := range d.cur.Courses {
		if c := &d.cur.Courses[i]; c.Ref != "" && !seen[c.ID] && !d.rejected[CourseKind][c.Ref] {
			d.endCourse(c, table.Origin{})
		}
	}
}

func (d *differ) addCourse(row CourseRow, id attendance.CourseID, term int64) {
	c := &StoredCourse{ID: id, Ref: row.Ref, Code: cmp.Or(row.Code, row.Ref), Title: cmp.Or(row.Title, row.Code), Term: term, Active: true}
	d.keepCourse(row.Key(), c)
	d.note(Adds, CourseKind, row.Origin, func() (string, string) { return c.Title, "code " + c.Code })
	d.out.Courses = append(d.out.Courses, *c)
}

func (d *differ) changeCourse(row CourseRow, c StoredCourse, term int64) {
	var diff differences
	if row.Ref != "" { // else the code is what it was found by
		diff.text("code", &c.Code, row.Code)
	}
	diff.text("title", &c.Title, row.Title)
	diff.flag("active", &c.Active, true)
	if term != 0 && term != c.Term {
		diff = append(diff, "term: "+row.Term)
		c.Term = term
	}
	d.keepCourse(row.Key(), &c)
	if c.Ref != "" {
		d.keepCourse(c.Ref, &c) // its row may have lost zeros that others have
	}
	if d.noteDiff(true, diff, CourseKind, row.Origin, c.Title, "") {
		d.out.Courses = append(d.out.Courses, c)
		d.touched[c.ID] = true
	}
}

// endCourse ends a course. It keeps its people, so that its teachers still find its
// reports.
func (d *differ) endCourse(c *StoredCourse, from table.Origin) {
	if !c.Active {
		d.keepCourse(c.Ref, c)
		return
	}
	ended := *c
	ended.Active = false
	d.keepCourse(c.Ref, &ended)
	d.note(Ends, CourseKind, from, func() (string, string) { return c.Title, missing(from) })
	d.out.Courses = append(d.out.Courses, ended)
}

// neverKnown is the id of what a file says has ended and the store never had.
const neverKnown = -1

// dangling says why what a row refers to is not there, and by which column it does.
func (d *differ) dangling(what Kind, key string) (column, want string) {
	ref := d.bundle.Refers[what]
	if d.rejected[what][key] {
		return ref.Column, fmt.Sprintf("%s is in %s, but its row there is rejected.", key, ref.File)
	}
	return ref.Column, fmt.Sprintf("%s is not in %s.", key, ref.File)
}

func missing(from table.Origin) string {
	if from.File == "" {
		return "no longer in the files"
	}
	return ""
}

func (d *differ) keepCourse(key string, c *StoredCourse) {
	d.courseOf[key] = c.ID
	d.courses[c.ID] = c
}
