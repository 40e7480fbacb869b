package roster_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	. "github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

func TestBundleBecomesTermsCoursesPeopleAndEnrolments(t *testing.T) {
	t.Parallel()
	cs := Diff(newSchool().read(t), &Current{})
	want := &Current{
		Terms:   []StoredTerm{{ID: 1, Ref: "t1", Title: "Autumn 2026", Starts: "2026-09-01", Ends: "2027-01-31"}},
		Courses: []StoredCourse{{ID: 1, Ref: "c1", Code: "CS101", Title: "Algorithms", Term: 1, Active: true}},
		People: []StoredPerson{
			{ID: 1, Ref: "u1", Given: "Alan", Family: "Turing", Email: "alan@example.edu", Username: "alan", Active: true},
			{ID: 2, Ref: "u2", Given: "Grace", Family: "Hopper", Username: "grace", Active: true},
			{ID: 3, Ref: "007", Given: "Ada", Family: "Lovelace", Username: "ada", Active: true},
		},
		Enrolments: []StoredEnrolment{
			{Course: 1, Person: 1, Ref: "e1", Role: attendance.Teacher},
			{Course: 1, Person: 2, Ref: "e2", Role: attendance.Assistant},
			{Course: 1, Person: 3, Ref: "e3", Role: attendance.Student},
		},
	}
	if diff := cmp.Diff(want, current(&Current{}, cs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsNotKeptIsNamed(t *testing.T) {
	t.Parallel()
	b := newSchool().read(t)
	want := []string{"academicSessions.csv: type", "users.csv: phone, password", "orgs.csv: the whole file"}
	if diff := cmp.Diff(want, b.Ignored); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// In version 1.2 roles have a file of their own, and people may have preferred names.
func TestVersion12(t *testing.T) {
	t.Parallel()
	s := newSchool()
	s["manifest.csv"] = strings.Replace(s["manifest.csv"], "oneroster.version,1.1", "oneroster.version,1.2\nfile.roles,bulk", 1)
	s["users.csv"] = "sourcedId,enabledUser,username,givenName,familyName,preferredGivenName,preferredFamilyName,pronouns\n" +
		"u1,true,alan,Alan,Turing,,,\nu2,true,grace,Grace,Hopper,,,\n007,true,ada,Augusta Ada,King,Ada,Lovelace,\nmum,true,,Anne,Byron,,,\n"
	s["roles.csv"] = "sourcedId,status,userSourcedId,roleType,role,orgSourcedId\n" +
		"r1,,u1,primary,teacher,o1\nr2,,u1,secondary,parent,o1\nr3,,007,primary,student,o1\nr4,,mum,primary,guardian,o1\n"
	b := s.read(t)
	var names []string
	for _, p := range b.People {
		names = append(names, p.Name())
	}
	if diff := cmp.Diff([]string{"Alan Turing", "Grace Hopper", "Ada Lovelace"}, names); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if !strings.Contains(strings.Join(b.Ignored, "\n"), "users.csv: 1 parents, guardians and relatives") {
		t.Errorf("ignored: %q", b.Ignored)
	}
}

func TestRowsThatCannotBeTakenInAreRejectedWithFileAndLine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, row string // added at the end
		want      string
	}{
		"no id":              {"users.csv", ",,true,student,x9,No,Id,,,", "person users.csv:5 : sourcedId: It must not be empty."},
		"an id twice":        {"users.csv", "u1,,true,student,x9,An,Other,,,", "person users.csv:5 u1: sourcedId: u1 has been there on line 2. Keep one of the two rows."},
		"no name":            {"users.csv", "u9,,true,student,x9,,,,,", "person users.csv:5 u9: familyName: A person must have a name."},
		"a username twice":   {"users.csv", "u9,,true,student,ALAN,Al,An,,,", "person users.csv:5 Al An: username: ALAN is the username of Alan Turing on line 2 too."},
		"username and space": {"users.csv", "u9,,true,student,x 9,Al,An,,,", "person users.csv:5 Al An: username: It must be 2 to 100 characters long, without spaces."},
		"no address":         {"users.csv", "u9,,true,student,,Al,An,nowhere,,", "person users.csv:5 Al An: email: It must be an address with an @."},
		"a flag":             {"users.csv", "u9,,maybe,student,,Al,An,,,", "person users.csv:5 Al An: enabledUser: It must be true or false."},
		"a status":           {"users.csv", "u9,gone,true,student,,Al,An,,,", "person users.csv:5 Al An: status: It must be active or tobedeleted."},
		"a long name":        {"users.csv", "u9,,true,student,," + strings.Repeat("A", 201) + ",An,,,", "person users.csv:5 An: givenName: It must have at most 200 characters."},
		"a control":          {"users.csv", "u9,,true,student,,A\x07l,An,,,", "person users.csv:5 An: givenName: It has characters that are not text. Save the file in UTF-8."},
		"too few fields":     {"users.csv", "u9,,true", "person users.csv:5 : The row has 3 fields and the heading has 10. Is a quotation mark or a delimiter missing?"},
		"too many fields":    {"enrollments.csv", "e9,,c1,u2,student,,,", "enrolment enrollments.csv:5 : The row has 8 fields and the heading has 5. Is a quotation mark or a delimiter missing?"},
		"a quotation mark":   {"enrollments.csv", `e9,,c"1,u2,student`, "enrolment enrollments.csv:5 : A quotation mark stands inside a field. Put the field in quotation marks, and write those inside twice."},
		"an unknown course":  {"enrollments.csv", "e9,,c9,u2,student", "enrolment enrollments.csv:5 Grace Hopper: classSourcedId: c9 is not in classes.csv."},
		"an unknown person":  {"enrollments.csv", "e9,,c1,u9,student", "enrolment enrollments.csv:5 e9: userSourcedId: u9 is not in users.csv."},
		"an unknown role":    {"enrollments.csv", "e9,,c1,u2,boss", "enrolment enrollments.csv:5 e9: role: It must be student, teacher or aide."},
		"two roles":          {"enrollments.csv", "e9,,c1,u2,student", "enrolment enrollments.csv:5 Grace Hopper: role: By line 3 this person has another role in this course. Keep one of the two rows."},
		"an unknown term":    {"classes.csv", "c9,,Botany,,BIO,t9", "course classes.csv:3 Botany: termSourcedIds: t9 is not in academicSessions.csv."},
		"no title":           {"classes.csv", "c9,,,,BIO,t1", "course classes.csv:3 c9: title: It must not be empty."},
		"a date":             {"academicSessions.csv", "t9,,Spring,term,1/9/27,", "term academicSessions.csv:3 t9: startDate: 1/9/27 can be read with the month first or with the day first: say which, or write days as 2026-09-01."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool()
			s[tt.file] += tt.row + "\n"
			b := s.read(t)
			if diff := cmp.Diff([]string{tt.want}, rejects(b, &Current{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if cs := Diff(b, &Current{}); cs.Counts.People.Add < 3 || cs.Counts.Enrolments.Add < 3 && !strings.Contains(name, "username") {
				t.Errorf("the other rows are not taken in: %+v", cs.Counts)
			}
		})
	}
}

// Whoever refers to a rejected row is told that it was there.
func TestRowThatRefersToARejectedOneIsRejectedToo(t *testing.T) {
	t.Parallel()
	s := newSchool()
	s["users.csv"] = strings.Replace(s["users.csv"], "Ada,Lovelace", ",", 1)
	want := []string{
		"person users.csv:4 007: familyName: A person must have a name.",
		"enrolment enrollments.csv:4 e3: userSourcedId: 007 is in users.csv, but its row there is rejected.",
	}
	if diff := cmp.Diff(want, rejects(s.read(t), &Current{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatSpoilsAWholeBundleIsAnErrorThatNamesTheFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(school)
		want   string
	}{
		"no manifest": {func(s school) { delete(s, "manifest.csv") },
			"manifest.csv: There is no such file. A OneRoster bundle is a zip or a folder of CSV files, one of which is manifest.csv."},
		"another version": {func(s school) { s["manifest.csv"] = strings.Replace(s["manifest.csv"], "1.1", "2.0", 1) },
			"manifest.csv: oneroster.version must be 1.1 or 1.2."},
		"another word": {func(s school) {
			s["manifest.csv"] = strings.Replace(s["manifest.csv"], "file.users,bulk", "file.users,full", 1)
		},
			"manifest.csv:10: file.users must be bulk, delta or absent."},
		"nothing in it": {func(s school) { s["manifest.csv"] = "propertyName,value\noneroster.version,1.1\n" },
			"manifest.csv: It says that classes, users and enrollments are all absent, so there is nothing to import."},
		"a file is missing": {func(s school) { delete(s, "users.csv") },
			"users.csv: The manifest names this file, but it is not there."},
		"an empty file": {func(s school) { s["users.csv"] = "" },
			"users.csv: It is empty; the first line must have the names of the columns."},
		"a column is missing": {func(s school) { s["users.csv"] = strings.Replace(s["users.csv"], "familyName", "surname", 1) },
			`users.csv:1: There is no column "familyName". The first line must have the names of the columns.`},
		"a column twice": {func(s school) { s["users.csv"] = strings.Replace(s["users.csv"], "phone", "email", 1) },
			`users.csv:1: There are two columns "email". Rename one of them.`},
		"a quotation mark never closed": {func(s school) { s["users.csv"] += "u8,\"\nu9,,true,student,,No,Body,,,\n" },
			"users.csv:5: A quotation mark in this row is not closed, or stands inside a field. Put the field in quotation marks, and write those inside twice."},
		"a row without end": {func(s school) { s["users.csv"] += "u8,\"" + strings.Repeat("x\n", 1<<20) },
			"users.csv:5: After this line a row has more than 1024 kB. Is a quotation mark not closed?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool()
			tt.change(s)
			_, err := ReadOneRoster(s.files())
			if got := fileError(t, err).Error(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestMoreRowsThanAnyoneHasAreRefused(t *testing.T) {
	t.Parallel()
	s := newSchool()
	s["enrollments.csv"] += strings.Repeat("e,,c,u,student\n", table.MaxRows)
	_, err := ReadOneRoster(s.files())
	if got := fileError(t, err).Error(); got != "enrollments.csv: There are more than 1500000 rows. Split the import." {
		t.Error(got)
	}
}
