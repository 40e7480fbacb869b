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

// ReadOneRoster reads a OneRoster CSV bundle, version 1.1 or 1.2. What is wrong with
// single rows is in the bundle's Rejects; the error, a [FileError], is of what
// spoils the whole. Passwords, phone numbers and all else that muster has no use for
// are read over and nowhere kept.
func ReadOneRoster(files []File) (*Bundle, error) {
	r := &oneRoster{
		files:     make(map[string]File),
		extents:   make(map[string]Extent),
		bundle:    &Bundle{},
		texts:     make(map[string]string),
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
	b.TermsHold, b.CoursesHold = r.extents[sessionsName], r.extents[classesName]
	b.PeopleHold, b.EnrolmentsHold = r.extents[usersName], r.extents[enrolmentsName]
	return b, nil
}

// oneRoster is a bundle while it is read.
type oneRoster struct {
	files   map[string]File   // by name in small letters
	extents map[string]Extent // by name without .csv
	bundle  *Bundle
	rows    int

	texts     map[string]string    // texts that come often, one copy of each
	catalogue map[string]CourseRow // courses.csv, by sourcedId
	// families says of each user in roles.csv whether all their roles are those of
	// families, who are not imported.
	families map[string]bool
}

func (r *oneRoster) readManifest() error {
	fail := func(line int, problem string) error {
		return &FileError{Origin: Origin{manifestName, line}, Problem: problem}
	}
	f, ok := r.files[manifestName]
	if !ok {
		return fail(0, "There is no such file. A OneRoster bundle is a zip or a folder of CSV files, one of which is manifest.csv.")
	}
	t, err := openTable(f, ',', &r.rows)
	if err != nil {
		return err
	}
	defer t.close()
	if len(t.Headings) != 2 {
		return fail(1, "It must have two columns, propertyName and value.")
	}
	version := ""
	for {
		if err := t.next(); err == io.EOF {
			break
		} else if err != nil {
			return manifestRow(err)
		}
		name, value := t.cell(0), strings.ToLower(t.cell(1))
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
	for _, name := range []string{classesName, usersName, enrolmentsName} {
		if r.extents[name] != Absent {
			return nil
		}
	}
	return fail(0, "It says that classes, users and enrollments are all absent, so there is nothing to import.")
}

// manifestRow makes a row that makes no sense a fault of the whole file.
func manifestRow(err error) error {
	var bad *rowError
	if errors.As(err, &bad) {
		return &FileError{Origin: bad.Origin, Problem: bad.Problem}
	}
	return err
}

// read calls fn for each row of a file, if the manifest says there is one. The file
// must have the columns required, may have those that are optional, and is reported
// to have what others it has. A row that fn finds fault with is rejected; so is one
// whose sourcedId is empty or has been there.
func (r *oneRoster) read(name string, what Kind, required, optional []string, fn func(*record)) error {
	if r.extents[name] == Absent {
		return nil
	}
	f, ok := r.files[strings.ToLower(name)+".csv"]
	if !ok {
		return &FileError{Origin: Origin{File: name + ".csv"}, Problem: "The manifest names this file, but it is not there."}
	}
	t, err := openTable(f, ',', &r.rows)
	if err != nil {
		return err
	}
	defer t.close()
	rec := &record{table: t, columns: make(map[string]int)}
	required = append([]string{"sourcedId"}, required...)
	for i, column := range slices.Concat(required, optional, []string{"status"}) {
		at, err := t.column(column)
		if err != nil {
			return err
		}
		if at >= 0 {
			rec.columns[column] = at
		} else if i < len(required) {
			return &FileError{Origin: Origin{t.File, 1}, Problem: fmt.Sprintf("There is no column %q. The first line must have the names of the columns.", column)}
		}
	}
	r.nameIgnored(t, rec.columns)
	seen := make(map[string]int32)
	for {
		rec.reject = nil
		var bad *rowError
		if err := t.next(); err == io.EOF {
			return nil
		} else if errors.As(err, &bad) {
			r.bundle.Rejects = append(r.bundle.Rejects, Reject{Origin: bad.Origin, What: what, Want: bad.Problem})
			continue
		} else if err != nil {
			return err
		}
		ref := rec.required("sourcedId")
		if line, ok := seen[ref]; ok && ref != "" {
			rec.fail("sourcedId", fmt.Sprintf("%s has been there on line %d. Keep one of the two rows.", ref, line))
		} else {
			seen[ref] = int32(t.Line)
		}
		if rec.reject == nil {
			fn(rec)
		}
		if rec.reject != nil {
			rec.reject.What, rec.reject.Key = what, ref
			r.bundle.Rejects = append(r.bundle.Rejects, *rec.reject)
		}
	}
}

// nameIgnored notes the columns that are not kept.
func (r *oneRoster) nameIgnored(t *table, kept map[string]int) {
	var others []string
	used := slices.Collect(maps.Values(kept))
	for i, heading := range t.Headings {
		if !slices.Contains(used, i) && heading != "" {
			others = append(others, heading)
		}
	}
	if len(others) > 0 {
		r.bundle.Ignored = append(r.bundle.Ignored, t.File+": "+strings.Join(others, ", "))
	}
}

// nameUnread notes the files that were not read at all.
func (r *oneRoster) nameUnread() {
	read := []string{sessionsName, catalogueName, classesName, usersName, rolesName, enrolmentsName}
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
	return r.read(sessionsName, TermKind, []string{"title"}, []string{"startDate", "endDate"}, func(rec *record) {
		row := TermRow{Origin: rec.Origin, Ref: rec.text("sourcedId"), Title: rec.required("title"), Starts: rec.day("startDate"), Ends: rec.day("endDate")}
		if rec.reject == nil && !rec.ended() {
			r.bundle.Terms = append(r.bundle.Terms, row)
		}
	})
}

func (r *oneRoster) readCatalogue() error {
	return r.read(catalogueName, CourseKind, []string{"title"}, []string{"courseCode"}, func(rec *record) {
		ref := rec.text("sourcedId")
		r.catalogue[ref] = CourseRow{Code: rec.text("courseCode"), Title: rec.text("title")}
	})
}

func (r *oneRoster) readClasses() error {
	optional := []string{"classCode", "courseSourcedId", "termSourcedIds"}
	return r.read(classesName, CourseKind, []string{"title"}, optional, func(rec *record) {
		of := r.catalogue[rec.cellOf("courseSourcedId")]
		row := CourseRow{Origin: rec.Origin, Ref: r.once(rec.text("sourcedId")), Ended: rec.ended()}
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

// once returns the one copy of a text that is kept.
func (r *oneRoster) once(s string) string {
	if kept, ok := r.texts[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	r.texts[s] = s
	return s
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
	return r.read(rolesName, PersonKind, []string{"userSourcedId", "role"}, nil, func(rec *record) {
		user := r.once(rec.text("userSourcedId"))
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
	err := r.read(usersName, PersonKind, []string{"givenName", "familyName"}, optional, func(rec *record) {
		row := PersonRow{
			Origin: rec.Origin, Ref: r.once(rec.text("sourcedId")), Ended: rec.ended(),
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
	err := r.read(enrolmentsName, EnrolmentKind, []string{"classSourcedId", "userSourcedId", "role"}, nil, func(rec *record) {
		row := EnrolmentRow{Origin: rec.Origin, Ref: rec.text("sourcedId"), Ended: rec.ended()}
		row.Course, row.Person = r.once(rec.text("classSourcedId")), r.once(rec.text("userSourcedId"))
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
