package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	. "github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

// newDistrict is a district in Clever's format as districts send it: bare CR at the
// ends of lines, days as 8/1/26, several teachers a section, and columns that must not
// be kept.
func newDistrict() school {
	cr := func(s string) string { return strings.ReplaceAll(s, "\n", "\r") }
	return school{
		"schools.csv": cr("School_id,School_name,Principal\nS1,The School,B. Sands\n"),
		"students.csv": cr("School_id,Student_id,Student_number,Last_name,Middle_name,First_name,Gender,Dob,Grade,Race,Student_email,Contact_name,Contact_phone,Username,Password\n" +
			"S1,007,7,Lovelace,K,Ada,female,12/10/15,9,W,ada@example.org,Anne Byron,555-1,ada,geheim\n" +
			"S1,47,47,Babbage,,Charles,male,12/26/91,Kindergarten,W,,,,charles,geheim\n"),
		"teachers.csv": "School_id,Teacher_id,Last_name,First_name,Teacher_email,Title,Username,Password\r\n" +
			"S1,47,Turing,Alan,alan@example.org,Dr,alan,geheim\r\nS1,48,Hopper,Grace,grace@example.org,Adm,grace,geheim\r\n",
		"sections.csv": cr("School_id,Section_id,Teacher_id,Teacher_2_id,Teacher_3_id,Teacher_4_id,Name,Grade,Course_name,Course_number,Period,Term_name,Term_start,Term_end\n" +
			"S1,709,47,48,,,Algorithms - 1,9,Algorithms,CS101,1,Y1,8/1/26,6/1/27\n" +
			"S1,710,48,48,,47,,9,Compilers,,2,S1,8/1/26,1/31/27\n"),
		"enrollments.csv": "School_id,Student_id,Section_id\nS1,007,709\nS1,007,710\nS1,47,709\n",
	}
}

// sameDistrict is the same in OneRoster's format.
func sameDistrict() school {
	return school{
		"manifest.csv":         "propertyName,value\noneroster.version,1.1\nfile.academicSessions,bulk\nfile.classes,bulk\nfile.enrollments,bulk\nfile.users,bulk\n",
		"academicSessions.csv": "sourcedId,title,startDate,endDate\ny,Y1,2026-08-01,2027-06-01\ns,S1,2026-08-01,2027-01-31\n",
		"classes.csv":          "sourcedId,title,classCode,termSourcedIds\nc709,Algorithms - 1,CS101,y\nc710,Compilers,710,s\n",
		"users.csv": "sourcedId,role,username,givenName,familyName,email\ns007,student,ada,Ada,Lovelace,ada@example.org\ns47,student,charles,Charles,Babbage,\n" +
			"t47,teacher,alan,Alan,Turing,alan@example.org\nt48,teacher,grace,Grace,Hopper,grace@example.org\n",
		"enrollments.csv": "sourcedId,classSourcedId,userSourcedId,role\n1,c709,s007,student\n2,c710,s007,student\n3,c709,s47,student\n" +
			"4,c709,t47,teacher\n5,c709,t48,teacher\n6,c710,t47,teacher\n7,c710,t48,teacher\n",
	}
}

// roll says in words what a roster holds, without the ids of either format.
func roll(cur *Current) (lines []string) {
	terms := make(map[int64]string)
	for _, t := range cur.Terms {
		terms[t.ID] = fmt.Sprintf("%s %s/%s", t.Title, t.Starts, t.Ends)
	}
	courses := make(map[attendance.CourseID]string)
	for _, c := range cur.Courses {
		courses[c.ID] = c.Code
		lines = append(lines, fmt.Sprintf("course %s %s, %s, active %v", c.Code, c.Title, terms[c.Term], c.Active))
	}
	people := make(map[attendance.PersonID]string)
	for _, p := range cur.People {
		people[p.ID] = p.Name()
		lines = append(lines, fmt.Sprintf("person %s, %s, %s, active %v", p.Name(), p.Username, p.Email, p.Active))
	}
	for _, e := range cur.Enrolments {
		lines = append(lines, fmt.Sprintf("%s is %s in %s, ended %v", people[e.Person], e.Role, courses[e.Course], e.Ended))
	}
	slices.Sort(lines)
	return lines
}

func TestDistrictIsTheSameInEitherFormat(t *testing.T) {
	t.Parallel()
	read := func(s school) *Bundle {
		b, err := Read(s.files(), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	none := &Current{}
	clever := current(none, Diff(read(newDistrict()), none))
	if diff := cmp.Diff(roll(current(none, Diff(read(sameDistrict()), none))), roll(clever)); diff != "" {
		t.Errorf("(-OneRoster +Clever):\n%s", diff)
	}
	if len(clever.Enrolments) != 7 {
		t.Errorf("got %d enrolments", len(clever.Enrolments))
	}
	again := Diff(read(newDistrict()), clever)
	if again.Counts.Changes() != 0 || again.Counts.Rejects != 0 {
		t.Errorf("the same again: %q", told(again))
	}
}

func TestOfADistrictNothingIsKeptThatMustNotBe(t *testing.T) {
	t.Parallel()
	b, err := Read(newDistrict().files(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", b.People); strings.Contains(text, "geheim") || strings.Contains(text, "Byron") || strings.Contains(text, "12/10/15") {
		t.Error(text)
	}
	want := []string{
		"sections.csv: School_id, Grade, Period",
		"students.csv: School_id, Student_number, Middle_name, Gender, Dob, Grade, Race, Contact_name, Contact_phone, Password",
		"teachers.csv: School_id, Title, Password", "enrollments.csv: School_id", "schools.csv: the whole file",
	}
	if diff := cmp.Diff(want, b.Ignored); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sections.csv: Term_end, Term_start: read as month/day/year"}, b.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// The files may have any names, and be in a zip.
func TestDistrictIsKnownByItsHeadings(t *testing.T) {
	t.Parallel()
	s := school{}
	for name, text := range newDistrict() {
		s["My "+name] = text
	}
	for name, files := range map[string][]table.File{"files": s.files(), "zip": {file("export.zip", string(s.zipped(t, "2026/")))}} {
		if f, err := Recognise(files); f != Clever || err != nil {
			t.Errorf("%s: got %q, %v", name, f, err)
		}
		b, err := Read(files, ReadOptions{})
		if err != nil || len(b.People) != 4 {
			t.Errorf("%s: got %v and an error %v", name, b, err)
		}
	}
}

func TestWhatLeavesADistrictEnds(t *testing.T) {
	t.Parallel()
	none := &Current{}
	b, _ := Read(newDistrict().files(), ReadOptions{})
	cur := current(none, Diff(b, none))
	s := newDistrict()
	s["enrollments.csv"] = "School_id,Student_id,Section_id\nS1,007,709\nS1,47,709\nS1,48,709\nS1,,709\nS1,47,999\n"
	s["sections.csv"] = strings.Replace(s["sections.csv"], "47,48,,,", "47,,,,", 1)
	b, err := Read(s.files(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"reject enrolment enrollments.csv:5 : Student_id: It must not be empty.",
		"reject enrolment enrollments.csv:4 48@709: 48 is not in students.csv or teachers.csv.",
		"reject enrolment enrollments.csv:6 Charles Babbage: Section_id: 999 is not in sections.csv.",
	}
	if diff := cmp.Diff(want, told(Diff(b, cur))); diff != "" {
		t.Errorf("with a hole nothing ends (-want +got):\n%s", diff)
	}
	s["enrollments.csv"] = "School_id,Student_id,Section_id\nS1,007,709\nS1,47,709\n"
	b, _ = Read(s.files(), ReadOptions{})
	want = []string{
		"end enrolment Grace Hopper: teacher in CS101 Algorithms - 1, no longer in the files",
		"end enrolment Ada Lovelace: student in 710 Compilers, no longer in the files",
	}
	got := told(Diff(b, cur))
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFilesThatAreNothingKnownAreRefused(t *testing.T) {
	t.Parallel()
	s := newDistrict()
	delete(s, "sections.csv")
	if _, err := Read(s.files(), ReadOptions{}); err == nil || !strings.Contains(err.Error(), "these 4 are none of them") {
		t.Errorf("got %v", err)
	}
	s = newDistrict()
	s["more.csv"] = s["teachers.csv"]
	if _, err := Read(s.files(), ReadOptions{}); err == nil || !strings.Contains(err.Error(), "It has the same columns as ") {
		t.Errorf("got %v", err)
	}
}

// Excel makes 42 of 0042 when it opens a CSV file.
func TestIDsThatLostTheirZerosAreKnown(t *testing.T) {
	t.Parallel()
	cur := &Current{
		Courses: []StoredCourse{{ID: 1, Ref: "0100", Code: "CS101", Title: "Algorithms", Active: true}},
		People: []StoredPerson{{ID: 1, Ref: "0042", Given: "Ada", Family: "Lovelace", Active: true}, {ID: 2, Ref: "007", Given: "Alan", Family: "Turing", Active: true},
			{ID: 3, Ref: "07", Given: "Grace", Family: "Hopper", Active: true}},
	}
	b, err := ReadSheet(file("list.csv", "id,name\n42,Ada King\n7,James Bond\n043,Somebody New\n1.5E+11,Somebody Else\n"), SheetOptions{Course: "CS101"})
	if err != nil {
		t.Fatal(err)
	}
	cs := Diff(b, cur)
	want := []string{
		"reject person list.csv:5 Somebody Else: ref: A spreadsheet has shortened this number, so that its last digits are lost. Show the column as text or with all digits, and save the file again.",
		"change person list.csv:2 Ada King: family: Lovelace → King",
		"add person list.csv:3 James Bond", "add person list.csv:4 Somebody New",
		"add enrolment list.csv:2 Ada King: student in CS101 Algorithms",
		"add enrolment list.csv:3 James Bond: student in CS101 Algorithms", "add enrolment list.csv:4 Somebody New: student in CS101 Algorithms",
	}
	if diff := cmp.Diff(want, told(cs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`list.csv: name is "name", ref is "id"`, "list.csv: 1 id that had lost the zeros at its beginning was known by the other digits: 42 is 0042"}, cs.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}

	// In a bundle one file may have been through Excel and another not.
	s := newSchool()
	s["enrollments.csv"] = strings.ReplaceAll(s["enrollments.csv"], "007", "7")
	cs = Diff(s.read(t), &Current{})
	if len(cs.Enrolments) != 3 || cs.Counts.Rejects != 0 {
		t.Errorf("got %q", told(cs))
	}
}
