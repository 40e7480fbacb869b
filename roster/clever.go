package roster

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// The columns of Clever's files that are read, in any case. All else that these files
// hold (passwords, race, birthdays, contacts) is read over and nowhere kept.
const (
	studentID = "Student_id"
	teacherID = "Teacher_id"
	sectionID = "Section_id"
)

// mostTeachers is how many teachers a section can have: Teacher_id, Teacher_2_id, …
const mostTeachers = 10

// cleverFiles are the files of a district in Clever's format.
type cleverFiles struct {
	students, teachers, sections, enrolments *table.File
	others                                   []string // their names
	mended                                   bool     // rows that were rejected before
}

// cleverHeadings tell each of the files by the columns that only it has.
var cleverHeadings = []struct {
	columns []string
	file    func(*cleverFiles) **table.File
}{
	{[]string{sectionID, studentID}, func(c *cleverFiles) **table.File { return &c.enrolments }},
	{[]string{sectionID, teacherID}, func(c *cleverFiles) **table.File { return &c.sections }},
	{[]string{studentID, "Last_name"}, func(c *cleverFiles) **table.File { return &c.students }},
	{[]string{teacherID, "Last_name"}, func(c *cleverFiles) **table.File { return &c.teachers }},
}

// sortClever finds out which of the files is which. They are a district if there are
// sections and something that refers to them, or if they are a part of one that was
// rejected before.
func sortClever(files []table.File) (c cleverFiles, district bool, err error) {
	for i := range files {
		t, err := table.Open(files[i], table.Options{})
		var unreadable *table.FileError
		if errors.As(err, &unreadable) {
			c.others = append(c.others, files[i].Name)
			continue
		} else if err != nil {
			return c, false, err
		}
		to := c.which(t)
		c.mended = c.mended || to != nil && slices.ContainsFunc(t.Headings, table.IsReason)
		if err := t.Close(); err != nil {
			return c, false, err
		}
		switch {
		case to == nil:
			c.others = append(c.others, files[i].Name)
		case *to != nil:
			return c, false, &table.FileError{Origin: table.Origin{File: files[i].Name}, Problem: "It has the same columns as " + (*to).Name + ". Keep one of the two files."}
		default:
			*to = &files[i]
		}
	}
	return c, c.mended || c.sections != nil && (c.enrolments != nil || c.students != nil || c.teachers != nil), nil
}

// which returns where a table of such headings belongs; nil if nowhere.
func (c *cleverFiles) which(t *table.Table) **table.File {
	for _, known := range cleverHeadings {
		all := true
		for _, column := range known.columns {
			at, err := t.Column(column)
			all = all && err == nil && at >= 0
		}
		if all {
			return known.file(c)
		}
	}
	return nil
}

// peopleNames are the names of the files that have people in them.
func (c *cleverFiles) peopleNames() string {
	var names []string
	for _, f := range []*table.File{c.students, c.teachers} {
		if f != nil {
			names = append(names, f.Name)
		}
	}
	return cmp.Or(strings.Join(names, " or "), "any file")
}

// ReadClever reads a district in Clever's CSV format: students, teachers, sections and
// enrolments, known by their headings. Sections become courses. Days are taken to have
// the month first, as Clever writes them, unless one of them cannot.
func ReadClever(files []table.File) (*Bundle, error) {
	return readClever(files, table.AnyOrder)
}

func readClever(files []table.File, days table.DayOrder) (*Bundle, error) {
	c, district, err := sortClever(files)
	if err != nil {
		return nil, err
	}
	if !district {
		return nil, attendance.BadField("file", "the files of a district in Clever's format: sections, and students, teachers or enrollments, with its headings, such as Section_id")
	}
	r := &clever{reading: newReading(cmp.Or(days, table.MonthFirst)), terms: make(map[string]bool)}
	for _, step := range []struct {
		file *table.File
		read func(table.File) error
	}{{c.sections, r.readSections}, {c.students, r.readStudents}, {c.teachers, r.readTeachers}, {c.enrolments, r.readEnrolments}} {
		if step.file == nil {
			continue
		}
		if err := step.read(*step.file); err != nil {
			return nil, err
		}
	}
	for _, name := range c.others {
		r.bundle.Ignored = append(r.bundle.Ignored, name+": the whole file")
	}
	b := r.bundle
	b.Refers[CourseKind] = Reference{sectionID, "sections.csv"}
	if c.sections != nil {
		b.Refers[CourseKind].File = c.sections.Name
	}
	b.Refers[PersonKind] = Reference{File: c.peopleNames()}
	courses, people, enrolments := Absent, Delta, Delta
	if c.sections != nil {
		courses = Bulk
	}
	if c.students != nil && c.teachers != nil {
		people = Bulk
	}
	if c.sections != nil && c.enrolments != nil {
		enrolments = Bulk
	}
	r.hold(courses, courses, people, enrolments)
	return b, nil
}

// clever is a district while it is read.
type clever struct {
	reading
	terms map[string]bool // by ref
}

// teacherRef is what muster calls a teacher: the ids of teachers and of students are
// given out apart, so that both may have the same.
func teacherRef(id string) string { return "teacher-" + id }

func (r *clever) readSections(f table.File) error {
	optional := []string{"Name", "Course_name", "Course_number", "Term_name"}
	others := make([]string, 0, mostTeachers-1)
	for n := 2; n <= mostTeachers; n++ {
		others = append(others, "Teacher_"+strconv.Itoa(n)+"_id")
	}
	l := layout{what: CourseKind, key: sectionID, required: []string{teacherID}, optional: append(optional, others...), days: []string{"Term_start", "Term_end"}}
	return r.read(f, l, func(rec *record) {
		term := TermRow{Origin: rec.Origin, Title: rec.text("Term_name"), Starts: rec.day("Term_start"), Ends: rec.day("Term_end")}
		// A term has no id of its own, and another year has terms of the same names.
		if term.Title != "" {
			term.Ref = strings.TrimRight(term.Title+" "+term.Starts+"/"+term.Ends, " /")
		}
		row := CourseRow{Origin: rec.Origin, Ref: rec.key, Term: r.once(term.Ref)}
		row.Title = cmp.Or(rec.text("Name"), rec.text("Course_name"))
		row.Code = cmp.Or(rec.text("Course_number"), rec.key)
		if row.Title == "" {
			rec.fail("Name", "A section must have a name.")
		}
		if rec.reject != nil {
			return
		}
		if term.Ref != "" && !r.terms[term.Ref] {
			r.terms[term.Ref] = true
			r.bundle.Terms = append(r.bundle.Terms, term)
		}
		r.bundle.Courses = append(r.bundle.Courses, row)
		seen := make(map[string]bool, 1)
		for _, column := range append([]string{teacherID}, others...) {
			if id := rec.text(column); id != "" && !seen[id] {
				seen[id] = true
				r.enrol(rec, row.Ref, teacherRef(id), attendance.Teacher)
			}
		}
	})
}

// enrol adds an enrolment. Its ref is made up, so that it ends when it is missing.
func (r *clever) enrol(rec *record, section, person string, role attendance.Role) {
	r.bundle.Enrolments = append(r.bundle.Enrolments, EnrolmentRow{Origin: rec.Origin, Ref: person + "@" + section, Course: r.once(section), Person: r.once(person), Role: role})
}

func (r *clever) readStudents(f table.File) error {
	return r.readPeople(f, studentID, "Student_email", func(id string) string { return id })
}

func (r *clever) readTeachers(f table.File) error {
	return r.readPeople(f, teacherID, "Teacher_email", teacherRef)
}

func (r *clever) readPeople(f table.File, key, email string, ref func(string) string) error {
	l := layout{what: PersonKind, key: key, required: []string{"Last_name", "First_name"}, optional: []string{email, "Username"}}
	return r.read(f, l, func(rec *record) {
		rec.key = ref(rec.key)
		row := PersonRow{Origin: rec.Origin, Ref: rec.key, Given: rec.text("First_name"), Family: rec.text("Last_name"), Email: rec.text(email), Username: rec.text("Username")}
		if row.Given == "" && row.Family == "" {
			rec.fail("Last_name", "A person must have a name.")
		}
		rec.checkAccount(row)
		if rec.reject == nil {
			r.bundle.People = append(r.bundle.People, row)
		} else {
			rec.reject.Name = row.Name()
		}
	})
}

func (r *clever) readEnrolments(f table.File) error {
	l := layout{what: EnrolmentKind, required: []string{studentID, sectionID}, reserve: r.reserveEnrolments}
	return r.read(f, l, func(rec *record) {
		student, section := rec.id(studentID), rec.id(sectionID)
		if rec.reject == nil {
			rec.key = student + "@" + section
			r.enrol(rec, section, student, attendance.Student)
		}
	})
}
