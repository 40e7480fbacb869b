package roster

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// The files of a OneRoster bundle that are read. Of academicSessions come the terms,
// of classes the courses; courses.csv, which is the catalogue, and roles.csv, which
// came with version 1.2, say more of classes and users.
const (
	manifestName   = "manifest.csv"
	sessionsName   = "academicSessions"
	catalogueName  = "courses"
	classesName    = "classes"
	usersName      = "users"
	rolesName      = "roles"
	enrolmentsName = "enrollments"
)

// oneRosterFiles are the files of a bundle besides the manifest, without their endings.
var oneRosterFiles = []string{sessionsName, catalogueName, classesName, usersName, rolesName, enrolmentsName}

// ReadOneRoster reads a OneRoster CSV bundle, version 1.1 or 1.2. What is wrong with
// single rows is in the bundle's Rejects; the error, a [table.FileError], is of what
// spoils the whole. Passwords, phone numbers and all else that muster has no use for
// are read over and nowhere kept.
func ReadOneRoster(files []table.File) (*Bundle, error) {
	return readOneRoster(files, table.AnyOrder)
}

func readOneRoster(files []table.File, days table.DayOrder) (*Bundle, error) {
	r := &oneRoster{
		reading:   newReading(days),
		files:     make(map[string]table.File),
		extents:   make(map[string]Extent),
		catalogue: make(map[string]CourseRow),
		families:  make(map[string]bool),
	}
	for _, f := range files {
		r.files[strings.ToLower(f.Name)] = f
	}
	steps := []func() error{r.readManifest, r.readTerms, r.readCatalogue, r.readClasses, r.readRoles, r.readUsers, r.readEnrolments}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.nameUnread()
	b := r.bundle
	b.Refers[TermKind] = Reference{"termSourcedIds", sessionsName + ".csv"}
	b.Refers[CourseKind] = Reference{"classSourcedId", classesName + ".csv"}
	b.Refers[PersonKind] = Reference{"userSourcedId", usersName + ".csv"}
	r.hold(r.extents[sessionsName], r.extents[classesName], r.extents[usersName], r.extents[enrolmentsName])
	return b, nil
}

// oneRoster is a bundle while it is read.
type oneRoster struct {
	reading
	files     map[string]table.File // by name in small letters
	extents   map[string]Extent     // by name without .csv
	catalogue map[string]CourseRow  // courses.csv, by sourcedId
	// families says of each user in roles.csv whether all their roles are those of
	// families, who are not imported.
	families map[string]bool
}

func (r *oneRoster) readManifest() error {
	fail := func(line int, problem string) error {
		return &table.FileError{Origin: table.Origin{File: manifestName, Line: line}, Problem: problem}
	}
	f, ok := r.files[manifestName]
	if !ok {
		return fail(0, "There is no such file. A OneRoster bundle is a zip or a folder of CSV files, one of which is manifest.csv.")
	}
	t, err := table.Open(f, table.Options{Read: &r.rows})
	if err != nil {
		return err
	}
	defer t.Close()
	if len(t.Headings) != 2 {
		return fail(1, "It must have two columns, propertyName and value.")
	}
	version := ""
	for {
		if err := t.Next(); err == io.EOF {
			break
		} else if err != nil {
			return manifestRow(err)
		}
		name, value := t.Cell(0), strings.ToLower(t.Cell(1))
		if strings.EqualFold(name, "oneroster.version") {
			version = value
		}
		file, ok := strings.CutPrefix(name, "file.")
		if !ok {
			continue
		}
		switch value {
		case "absent":
		case "bulk":
			r.extents[file] = Bulk
		case "delta":
			r.extents[file] = Delta
		default:
			return fail(t.Line, fmt.Sprintf("%s must be bulk, delta or absent.", strings.Clone(name)))
		}
	}
	if version != "1.1" && version != "1.2" {
		return fail(0, "oneroster.version must be 1.1 or 1.2.")
	}
	for _, name := range []string{sessionsName, classesName, usersName, enrolmentsName} {
		if r.extents[name] != Absent {
			return nil
		}
	}
	return fail(0, "It says that classes, users and enrollments are all absent, so there is nothing to import.")
}

// manifestRow makes a row that makes no sense a fault of the whole file.
func manifestRow(err error) error {
	var bad *table.RowError
	if errors.As(err, &bad) {
		return &table.FileError{Origin: bad.Origin, Problem: bad.Problem}
	}
	return err
}

// read calls fn for each row of a file, if the manifest says there is one.
func (r *oneRoster) read(name string, what Kind, required, optional, days []string, fn func(*record)) error {
	if r.extents[name] == Absent {
		return nil
	}
	f, ok := r.files[strings.ToLower(name)+".csv"]
	if !ok {
		return &table.FileError{Origin: table.Origin{File: name + ".csv"}, Problem: "The manifest names this file, but it is not there."}
	}
	l := layout{what: what, key: "sourcedId", required: required, optional: append(optional, "status"), days: days}
	if what == EnrolmentKind {
		l.reserve = r.reserveEnrolments
	}
	return r.reading.read(f, l, fn)
}

// nameUnread notes the files that were not read at all.
func (r *oneRoster) nameUnread() {
	read := oneRosterFiles
	for _, key := range slices.Sorted(maps.Keys(r.files)) {
		name := strings.TrimSuffix(key, ".csv")
		i := slices.IndexFunc(read, func(s string) bool { return strings.EqualFold(s, name) })
		switch {
		case key == manifestName:
		case i < 0:
			r.bundle.Ignored = append(r.bundle.Ignored, r.files[key].Name+": the whole file")
		case r.extents[read[i]] == Absent:
			r.bundle.Ignored = append(r.bundle.Ignored, r.files[key].Name+": the whole file, since the manifest says it is absent")
		}
	}
}

func (r *oneRoster) readTerms() error {
	return r.read(sessionsName, TermKind, []string{"title"}, nil, []string{"startDate", "endDate"}, func(rec *record) {
		row := TermRow{Origin: rec.Origin, Ref: rec.key, Title: rec.required("title"), Starts: rec.day("startDate"), Ends: rec.day("endDate")}
		if rec.reject == nil && !rec.ended() {
			r.bundle.Terms = append(r.bundle.Terms, row)
		}
	})
}

func (r *oneRoster) readCatalogue() error {
	return r.read(catalogueName, CourseKind, []string{"title"}, []string{"courseCode"}, nil, func(rec *record) {
		ref := rec.key
		r.catalogue[ref] = CourseRow{Code: rec.text("courseCode"), Title: rec.text("title")}
	})
}

func (r *oneRoster) readClasses() error {
	optional := []string{"classCode", "courseSourcedId", "termSourcedIds"}
	return r.read(classesName, CourseKind, []string{"title"}, optional, nil, func(rec *record) {
		of := r.catalogue[rec.cellOf("courseSourcedId")]
		row := CourseRow{Origin: rec.Origin, Ref: r.once(rec.key), Ended: rec.ended()}
		row.Title = cmp.Or(rec.text("title"), of.Title)
		row.Code = cmp.Or(rec.text("classCode"), of.Code)
		term, _, _ := strings.Cut(rec.cellOf("termSourcedIds"), ",")
		row.Term = r.once(strings.TrimSpace(term))
		if row.Title == "" && !row.Ended {
			rec.fail("title", "It must not be empty.")
		}
		if rec.reject == nil {
			r.bundle.Courses = append(r.bundle.Courses, row)
		}
	})
}

// isFamily reports whether a role is one of those who have nothing to do with
// attendance in a course, and whose data is therefore not taken in.
func isFamily(role string) bool {
	switch strings.ToLower(role) {
	case "parent", "guardian", "relative":
		return true
	}
	return false
}

func (r *oneRoster) readRoles() error {
	return r.read(rolesName, PersonKind, []string{"userSourcedId", "role"}, nil, nil, func(rec *record) {
		user := r.once(rec.passing("userSourcedId"))
		if rec.ended() || rec.reject != nil {
			return
		}
		was, known := r.families[user]
		r.families[user] = isFamily(rec.cellOf("role")) && (was || !known)
	})
}

func (r *oneRoster) readUsers() error {
	optional := []string{"role", "enabledUser", "username", "email", "preferredGivenName", "preferredFamilyName"}
	families := 0
	err := r.read(usersName, PersonKind, []string{"givenName", "familyName"}, optional, nil, func(rec *record) {
		row := PersonRow{
			Origin: rec.Origin, Ref: r.once(rec.key), Ended: rec.ended(),
			Given:    cmp.Or(rec.text("preferredGivenName"), rec.text("givenName")),
			Family:   cmp.Or(rec.text("preferredFamilyName"), rec.text("familyName")),
			Email:    rec.text("email"),
			Username: rec.text("username"),
			Active:   rec.flag("enabledUser"),
		}
		if isFamily(rec.cellOf("role")) || r.families[row.Ref] {
			r.families[row.Ref] = true
			families++
			return
		}
		if row.Given == "" && row.Family == "" && !row.Ended {
			rec.fail("familyName", "A person must have a name.")
		}
		rec.checkAccount(row)
		if rec.reject == nil {
			r.bundle.People = append(r.bundle.People, row)
		} else {
			rec.reject.Name = row.Name()
		}
	})
	if families > 0 {
		r.bundle.Ignored = append(r.bundle.Ignored, fmt.Sprintf("%s.csv: %d parents, guardians and relatives", usersName, families))
	}
	return err
}

func (r *oneRoster) readEnrolments() error {
	others := make(map[string]int)
	err := r.read(enrolmentsName, EnrolmentKind, []string{"classSourcedId", "userSourcedId", "role"}, nil, nil, func(rec *record) {
		row := EnrolmentRow{Origin: rec.Origin, Ref: rec.key, Ended: rec.ended()}
		row.Course, row.Person = r.once(rec.passing("classSourcedId")), r.once(rec.passing("userSourcedId"))
		switch role := strings.ToLower(rec.cellOf("role")); role {
		case "student":
			row.Role = attendance.Student
		case "teacher":
			row.Role = attendance.Teacher
		case "aide":
			row.Role = attendance.Assistant
		case "administrator", "proctor", "parent", "guardian", "relative":
			others[role]++
			row.Ended = true // it may have been one of the above before
		default:
			rec.fail("role", "It must be student, teacher or aide.")
		}
		if r.families[row.Person] {
			row.Ended = true
		}
		if rec.reject == nil {
			r.bundle.Enrolments = append(r.bundle.Enrolments, row)
		}
	})
	for _, role := range slices.Sorted(maps.Keys(others)) {
		r.bundle.Ignored = append(r.bundle.Ignored, fmt.Sprintf("%s.csv: %d rows with the role %s", enrolmentsName, others[role], role))
	}
	return err
}
