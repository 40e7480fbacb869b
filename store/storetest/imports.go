package storetest

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

var importTests = map[string]test{
	"import brings courses people and enrolments in":                     importBringsCoursesPeopleAndEnrolmentsIn,
	"import tells which courses look different":                          importTellsWhichCoursesLookDifferent,
	"enrolment that is missing from a bulk file ends and can come back":  enrolmentThatIsMissingFromABulkFileEndsAndCanComeBack,
	"enrolment can move to another course":                               enrolmentCanMoveToAnotherCourse,
	"people can swap usernames and enrolments their ids":                 peopleCanSwapUsernamesAndEnrolmentsTheirIds,
	"import is refused when the roster has changed since the preview":    importIsRefusedWhenTheRosterHasChangedSinceThePreview,
	"rejects are refused unless allowed":                                 rejectsAreRefusedUnlessAllowed,
	"import that fails halfway changes nothing":                          importThatFailsHalfwayChangesNothing,
	"who may no longer sign in is signed out":                            whoMayNoLongerSignInIsSignedOut,
	"columns of a list are remembered":                                   columnsOfAListAreRemembered,
	"import of 100000 enrolments goes in whole and then changes nothing": importOf100000EnrolmentsGoesInWholeAndThenChangesNothing,
}

// school is a OneRoster bundle that is made up: its files, each a heading and rows.
type school map[string][]string

// newSchool has one course with one student and one teacher.
func newSchool() school {
	return school{
		"manifest": {"propertyName,value", "oneroster.version,1.1", "file.academicSessions,bulk", "file.courses,absent",
			"file.classes,bulk", "file.users,bulk", "file.enrollments,bulk"},
		"academicSessions": {"sourcedId,status,title,type,startDate,endDate", "t1,,Autumn 2026,term,2026-09-01,2027-01-31"},
		"classes":          {"sourcedId,status,title,classCode,termSourcedIds", "c1,,Algorithms,CS101,t1"},
		"users": {"sourcedId,status,enabledUser,role,username,givenName,familyName,email,password",
			"u1,,true,teacher,alan,Alan,Turing,alan@example.edu,secret", "u2,,true,student,ada,Ada,Lovelace,ada@example.edu,secret"},
		"enrollments": {"sourcedId,status,classSourcedId,userSourcedId,role", "e1,,c1,u1,teacher", "e2,,c1,u2,student"},
	}
}

// bigSchool has this many students, each in five courses of 100.
func bigSchool(students int) school {
	s := newSchool()
	courses := max(1, students*5/100)
	for i := range courses {
		s["classes"] = append(s["classes"], fmt.Sprintf("class-%d,,Course %d,C%04d,t1", i, i, i))
	}
	for i := range students {
		s["users"] = append(s["users"], fmt.Sprintf("student-%d,,true,student,user%d,Given%d,Family%d,user%d@example.edu,", i, i, i, i%977, i))
		for j := range 5 {
			s["enrollments"] = append(s["enrollments"], fmt.Sprintf("enrolment-%d-%d,,class-%d,student-%d,student", i, j, (i/20+j*courses/5)%courses, i))
		}
	}
	return s
}

func (s school) files() []table.File {
	var files []table.File
	for name, lines := range s {
		text := strings.Join(lines, "\n") + "\n"
		files = append(files, table.File{Name: name + ".csv", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
	}
	return files
}

func (s school) bundle(t testing.TB) *roster.Bundle {
	t.Helper()
	b, err := roster.ReadOneRoster(s.files())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// office imports into a database of its own.
type office struct {
	*roster.Importer
	store   Store
	touched []attendance.CourseID // by the last import
	now     time.Time
}

func newOffice(store Store) *office {
	o := &office{store: store, now: tenFifteen}
	o.Importer = roster.NewImporter(store, func() time.Time { return o.now }, func(r changes.Result) { o.touched = r.Touched })
	return o
}

func (o *office) apply(t testing.TB, b *roster.Bundle) *roster.ChangeSet {
	t.Helper()
	o.touched = nil
	cs, err := o.Apply(t.Context(), b, roster.Application{AllowRejects: true})
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// people returns who is in a course: "Ada Lovelace student".
func (o *office) people(t testing.TB, course attendance.CourseID) (all []string) {
	t.Helper()
	members, err := o.store.Members(t.Context(), course)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		all = append(all, m.Given+" "+m.Family+" "+m.Role.String())
	}
	return all
}

func importBringsCoursesPeopleAndEnrolmentsIn(t *testing.T, open Open) {
	o := newOffice(open(t))
	o.apply(t, newSchool().bundle(t))

	c, err := o.store.Course(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := roster.Course{ID: 1, Code: "CS101", Title: "Algorithms", Term: "Autumn 2026", StatusSet: attendance.DefaultStatusSetID, Students: 1, Rules: attendance.DefaultRules()}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("course (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Ada Lovelace student", "Alan Turing teacher"}, o.people(t, 1)); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	everyone, _, err := o.store.People(t.Context(), roster.Page{Query: "lovelace", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	ada := []roster.Person{{ID: 2, Ref: "u2", Given: "Ada", Family: "Lovelace", Email: "ada@example.edu", Username: "ada", Active: true, Courses: 1}}
	if diff := cmp.Diff(ada, everyone); diff != "" {
		t.Errorf("Ada (-want +got):\n%s", diff)
	}
}

// The board of an open session shows who is enrolled while it is open.
func importTellsWhichCoursesLookDifferent(t *testing.T, open Open) {
	o := newOffice(open(t))
	s := newSchool()
	s["classes"] = append(s["classes"], "c2,,Botany,BIO,t1")
	o.apply(t, s.bundle(t))
	roster0 := rosterOf(t, o, 1)

	for _, step := range []struct {
		name   string
		change func()
		want   []attendance.CourseID
	}{
		{"nothing", func() {}, nil},
		{"a new enrolment", func() { s["enrollments"] = append(s["enrollments"], "e3,,c2,u2,student") }, []attendance.CourseID{2}},
		{"a name", func() { s["users"][2] = strings.Replace(s["users"][2], "Lovelace", "King", 1) }, []attendance.CourseID{1, 2}},
		{"an address", func() { s["users"][2] = strings.Replace(s["users"][2], "ada@", "ada.king@", 1) }, nil},
		{"an enrolment is missing", func() { s["enrollments"] = s["enrollments"][:3] }, []attendance.CourseID{2}},
	} {
		step.change()
		o.apply(t, s.bundle(t))
		if diff := cmp.Diff(step.want, o.touched); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	if got := rosterOf(t, o, 1); got != roster0+1 {
		t.Errorf("the roster of course 1 went from %d to %d, want up by one, for the name", roster0, got)
	}
}

// rosterOf returns the version of a course's roster, as the rooms see it.
func rosterOf(t *testing.T, o *office, course attendance.CourseID) int64 {
	t.Helper()
	n := roster.Schedule(course, "", o.now)
	id, err := o.store.AddSession(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	heads, err := o.store.Heads(t.Context(), []attendance.SessionID{id})
	if err != nil {
		t.Fatal(err)
	}
	return heads[id].Roster
}

func enrolmentThatIsMissingFromABulkFileEndsAndCanComeBack(t *testing.T, open Open) {
	o := newOffice(open(t))
	s := newSchool()
	o.apply(t, s.bundle(t))
	last := s["enrollments"][2]

	s["enrollments"] = s["enrollments"][:2]
	if cs := o.apply(t, s.bundle(t)); cs.Counts.Enrolments != (roster.Tally{End: 1}) {
		t.Errorf("missing: %+v", cs.Counts)
	}
	if role, err := o.store.RoleIn(t.Context(), 1, 2); role != attendance.NoRole || err != nil {
		t.Errorf("after it ended: role %v, error %v", role, err)
	}
	s["enrollments"] = append(s["enrollments"], last)
	if cs := o.apply(t, s.bundle(t)); cs.Counts.Enrolments != (roster.Tally{Add: 1}) {
		t.Errorf("back again: %+v", cs.Counts)
	}
	if role, err := o.store.RoleIn(t.Context(), 1, 2); role != attendance.Student || err != nil {
		t.Errorf("after it came back: role %v, error %v", role, err)
	}
}

func enrolmentCanMoveToAnotherCourse(t *testing.T, open Open) {
	o := newOffice(open(t))
	s := newSchool()
	s["classes"] = append(s["classes"], "c2,,Botany,BIO,t1")
	o.apply(t, s.bundle(t))
	s["enrollments"][2] = "e2,,c2,u2,student"
	o.apply(t, s.bundle(t))
	if diff := cmp.Diff([]string{"Alan Turing teacher"}, o.people(t, 1)); diff != "" {
		t.Errorf("the old course (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Ada Lovelace student"}, o.people(t, 2)); diff != "" {
		t.Errorf("the new course (-want +got):\n%s", diff)
	}
}

func peopleCanSwapUsernamesAndEnrolmentsTheirIds(t *testing.T, open Open) {
	o := newOffice(open(t))
	s := newSchool()
	o.apply(t, s.bundle(t))
	s["users"][1] = "u1,,true,teacher,ada,Alan,Turing,,"
	s["users"][2] = "u2,,true,student,ALAN,Ada,Lovelace,,"
	s["enrollments"][1], s["enrollments"][2] = "e2,,c1,u1,teacher", "e1,,c1,u2,student"
	cs := o.apply(t, s.bundle(t))
	if cs.Counts.Rejects != 0 || cs.Counts.People.Change != 2 || cs.Counts.Enrolments != (roster.Tally{Change: 2}) {
		t.Errorf("%+v", cs.Counts)
	}
	if again := o.apply(t, s.bundle(t)); again.Counts.Changes() != 0 {
		t.Errorf("the same again: %+v", again.Counts)
	}
}

func importIsRefusedWhenTheRosterHasChangedSinceThePreview(t *testing.T, open Open) {
	o := newOffice(open(t))
	b := newSchool().bundle(t)
	preview, err := o.Preview(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.store.AddPerson(t.Context(), attendance.Author{}, roster.Person{Given: "Grace", Family: "Hopper"}, o.now); err != nil {
		t.Fatal(err)
	}
	_, err = o.Apply(t.Context(), b, roster.Application{Digest: preview.Digest})
	if e := attendance.AsError(err); e.Code != attendance.CodeConflict || e.Message != "The roster has changed since the preview. Look at it again." {
		t.Errorf("got %v", err)
	}
	unchanged(t, o)
}

func rejectsAreRefusedUnlessAllowed(t *testing.T, open Open) {
	o := newOffice(open(t))
	s := newSchool()
	s["enrollments"] = append(s["enrollments"], "e3,,c1,nobody,student")
	b := s.bundle(t)
	cs, err := o.Apply(t.Context(), b, roster.Application{})
	if e := attendance.AsError(err); e.Code != attendance.CodeConflict || cs.Counts.Rejects != 1 {
		t.Fatalf("got %v with %+v", err, cs)
	}
	unchanged(t, o)
	if _, err := o.Apply(t.Context(), b, roster.Application{AllowRejects: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Ada Lovelace student", "Alan Turing teacher"}, o.people(t, 1)); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
}

// unchanged fails the test if there are courses.
func unchanged(t *testing.T, o *office) {
	t.Helper()
	if courses, _, err := o.store.Courses(t.Context(), roster.Page{Limit: 1}); len(courses) != 0 || err != nil {
		t.Errorf("there are courses %v, error %v", courses, err)
	}
}

// A database that refuses in the middle stands in for a disk that is full.
func importThatFailsHalfwayChangesNothing(t *testing.T, open Open) {
	o := newOffice(open(t))
	b := newSchool().bundle(t)
	// Two people with one username pass no Diff; the database refuses them too.
	_, err := o.store.ApplyImport(t.Context(), changes.Header{Kind: changes.Import, At: o.now}, func(cur *roster.Current) (*roster.ChangeSet, error) {
		cs := roster.Diff(b, cur)
		cs.People[1].Username = cs.People[0].Username
		return cs, nil
	})
	if err == nil {
		t.Fatal("it was taken in")
	}
	unchanged(t, o)
	o.apply(t, b)
}

func whoMayNoLongerSignInIsSignedOut(t *testing.T, open Open) {
	o := newOffice(open(t))
	s := newSchool()
	o.apply(t, s.bundle(t))
	accounts, err := identity.New(t.Context(), o.store, func() time.Time { return o.now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := accounts.NewSignIns(t.Context(), []attendance.PersonID{2}, "test")
	if err != nil {
		t.Fatal(err)
	}
	s["users"][2] = "u2,tobedeleted,,student,ada,Ada,Lovelace,,"
	cs := o.apply(t, s.bundle(t))
	if diff := cmp.Diff([]attendance.PersonID{2}, cs.Locked); diff != "" {
		t.Errorf("locked out (-want +got):\n%s", diff)
	}
	// Not even once they may sign in again.
	s["users"][2] = "u2,,true,student,ada,Ada,Lovelace,,"
	o.apply(t, s.bundle(t))
	if v, err := accounts.Authenticate(t.Context(), tokens[0]); v.SignedIn() || err != nil {
		t.Errorf("the old sign-in still counts: %+v, error %v", v, err)
	}
}

func importOf100000EnrolmentsGoesInWholeAndThenChangesNothing(t *testing.T, open Open) {
	o := newOffice(open(t))
	b := bigSchool(20_000).bundle(t)
	preview, err := o.Preview(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	want := roster.Counts{Terms: roster.Tally{Add: 1}, Courses: roster.Tally{Add: 1001}, People: roster.Tally{Add: 20_002}, Enrolments: roster.Tally{Add: 100_002}}
	if diff := cmp.Diff(want, preview.Counts); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	if n := len(preview.Rows); n != roster.MaxShown || preview.More != want.Changes()-n {
		t.Errorf("the preview shows %d rows and says there are %d more", n, preview.More)
	}
	if _, err := o.Apply(t.Context(), b, roster.Application{Digest: preview.Digest}); err != nil {
		t.Fatal(err)
	}
	again, err := o.Preview(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(roster.Counts{Same: want.Changes()}, again.Counts); diff != "" {
		t.Errorf("preview of the same again (-want +got):\n%s", diff)
	}
}

// BenchmarkImport measures an import of 100,000 enrolments, step by step.
func BenchmarkImport(b *testing.B, fresh func(testing.TB) Open) {
	files := bigSchool(20_000).files()
	for b.Loop() {
		b.StopTimer()
		o := newOffice(fresh(b)(b))
		b.StartTimer()
		begun := time.Now()
		step := func(name string) {
			b.ReportMetric(float64(time.Since(begun).Milliseconds()), name+"-ms")
			begun = time.Now()
		}
		bundle, err := roster.ReadOneRoster(files)
		if err != nil {
			b.Fatal(err)
		}
		step("read")
		if _, err := o.Preview(b.Context(), bundle); err != nil {
			b.Fatal(err)
		}
		step("preview")
		if _, err := o.Apply(b.Context(), bundle, roster.Application{}); err != nil {
			b.Fatal(err)
		}
		step("apply")
		cs, err := o.Preview(b.Context(), bundle)
		if err != nil || cs.Counts.Changes() != 0 {
			b.Fatal(cs.Counts, err)
		}
		step("again")
	}
}

// The next list with the same headings is read by the columns that were chosen once.
func columnsOfAListAreRemembered(t *testing.T, open Open) {
	o := newOffice(open(t))
	list := func(headings string) []table.File {
		text := headings + "\nx1,Ada Lovelace,lovelace\n"
		return []table.File{{Name: "list.csv", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}}
	}
	options := roster.ReadOptions{SheetOptions: roster.SheetOptions{Course: "CS101", Mapping: roster.Mapping{roster.FieldRef: "Number", roster.FieldName: "Who", roster.FieldUsername: "Call sign"}}}
	b, err := roster.Read(list("Number,Who,Call sign"), options)
	if err != nil {
		t.Fatal(err)
	}
	o.apply(t, b)
	o.apply(t, b)
	options.Mapping = nil
	for headings, want := range map[string]roster.Mapping{
		"number,WHO,Call-Sign":   {roster.FieldRef: "number", roster.FieldName: "WHO", roster.FieldUsername: "Call-Sign"},
		"Number,Who,Call sign 2": nil,
	} {
		got, err := o.Remembered(t.Context(), list(headings), options)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Mapping); diff != "" {
			t.Errorf("%s (-want +got):\n%s", headings, diff)
		}
	}
	c, err := o.Columns(t.Context(), list("Number,Who,Call sign")[0], "")
	if err != nil || !c.Remembered || c.Mapping[roster.FieldUsername] != "Call sign" {
		t.Errorf("got %+v, %v", c, err)
	}
}
