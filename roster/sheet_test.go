package roster_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	. "github.com/muster-live/muster/roster"
)

func TestColumnsAreGuessedFromTheirHeadings(t *testing.T) {
	t.Parallel()
	for headings, want := range map[string]Mapping{
		"Student ID,First Name,Last Name,E-mail,Username,Role": {FieldRef: "Student ID", FieldGiven: "First Name", FieldFamily: "Last Name", FieldEmail: "E-mail", FieldUsername: "Username", FieldRole: "Role"},
		"Matrikelnummer;Nachname;Vorname;E-Mail-Adresse;Rolle": {FieldRef: "Matrikelnummer", FieldFamily: "Nachname", FieldGiven: "Vorname", FieldEmail: "E-Mail-Adresse", FieldRole: "Rolle"},
		"Matrikel;Name;Vorname":                                {FieldRef: "Matrikel", FieldFamily: "Name", FieldGiven: "Vorname"},
		"N° étudiant;Nom;Prénom;Courriel":                      {FieldRef: "N° étudiant", FieldFamily: "Nom", FieldGiven: "Prénom", FieldEmail: "Courriel"},
		"Matrícula;Apellidos;Nombre;Correo electrónico":        {FieldRef: "Matrícula", FieldFamily: "Apellidos", FieldGiven: "Nombre", FieldEmail: "Correo electrónico"},
		"id\tname\temail\tgroup":                               {FieldRef: "id", FieldName: "name", FieldEmail: "email"},
		"Student_number,State_id,Student_id,Last_name":         {FieldRef: "Student_id", FieldFamily: "Last_name"},
		"one,two": {},
	} {
		c, err := ReadColumns(file("people.csv", headings+"\n"), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.Mapping); diff != "" {
			t.Errorf("%s (-want +got):\n%s", headings, diff)
		}
	}
}

func TestSheetBringsThePeopleOfOneCourse(t *testing.T) {
	t.Parallel()
	text := "Matrikel;Person;Funktion\n0042;Lovelace, Ada;\n0043;Alan Mathison Turing;Dozent\n0044;Hopper,Grace;tutorin\n0045;Plato;Étudiant\n"
	b, err := ReadSheet(file("people.csv", text), SheetOptions{Course: "CS101", Mapping: Mapping{FieldRef: "matrikel", FieldName: "Person", FieldRole: "Funktion"}})
	if err != nil {
		t.Fatal(err)
	}
	got := current(&Current{}, Diff(b, &Current{}))
	want := &Current{
		Courses: []StoredCourse{{ID: 1, Code: "CS101", Title: "CS101", Active: true}},
		People: []StoredPerson{
			{ID: 1, Ref: "0042", Given: "Ada", Family: "Lovelace", Active: true},
			{ID: 2, Ref: "0043", Given: "Alan Mathison", Family: "Turing", Active: true},
			{ID: 3, Ref: "0044", Given: "Grace", Family: "Hopper", Active: true},
			{ID: 4, Ref: "0045", Family: "Plato", Active: true},
		},
		Enrolments: []StoredEnrolment{
			{Course: 1, Person: 1, Role: attendance.Student}, {Course: 1, Person: 2, Role: attendance.Teacher},
			{Course: 1, Person: 3, Role: attendance.Assistant}, {Course: 1, Person: 4, Role: attendance.Student},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A list that says nothing of addresses and roles takes none away, and someone who is
// not on it stays.
func TestSheetAddsAndChangesButEndsNothing(t *testing.T) {
	t.Parallel()
	cur := &Current{
		Courses: []StoredCourse{{ID: 5, Ref: "c5", Code: "CS101", Title: "Algorithms", Active: true}},
		People: []StoredPerson{
			{ID: 1, Ref: "u1", Given: "Alan", Family: "Turing", Email: "alan@example.edu", Username: "alan", Active: true},
			{ID: 2, Given: "Ada", Family: "Lovelace", Username: "ada", Active: true},
			{ID: 3, Ref: "u3", Given: "Grace", Family: "Hopper", Active: true},
		},
		Enrolments: []StoredEnrolment{{Course: 5, Person: 1, Ref: "e1", Role: attendance.Teacher}, {Course: 5, Person: 3, Ref: "e3", Role: attendance.Student}},
	}
	b, err := ReadSheet(file("people.csv", "id,given,family,username,email\nu1,Alan M.,Turing,,\nu2,Ada,Lovelace,ADA,\n"), SheetOptions{Course: "cs101"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"change person people.csv:2 Alan M. Turing: given: Alan → Alan M.",
		"change person people.csv:3 Ada Lovelace: ref: none → u2, username: ada → ADA",
		"add enrolment people.csv:3 Ada Lovelace: student in CS101 Algorithms",
	}
	cs := Diff(b, cur)
	if diff := cmp.Diff(want, told(cs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := Diff(b, current(cur, cs)); again.Counts.Changes() != 0 || again.Counts.Rejects != 0 {
		t.Errorf("the same again: %+v", again.Counts)
	}
}

func TestPersonIsKnownByTheAddressIfThereIsNothingElse(t *testing.T) {
	t.Parallel()
	cur := &Current{
		People: []StoredPerson{
			{ID: 1, Given: "Ada", Family: "Lovelace", Email: "Ada@example.edu", Active: true},
			{ID: 2, Given: "Alan", Family: "Turing", Email: "office@example.edu", Active: true},
			{ID: 3, Given: "Grace", Family: "Hopper", Email: "office@example.edu", Active: true},
		},
	}
	b, err := ReadSheet(file("people.csv", "name,email\nAda Lovelace,ada@example.edu\nSomebody Else,office@example.edu\n"), SheetOptions{Course: "CS101"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"reject person people.csv:3 Somebody Else: email: There are 2 people with this address, so it does not say who is meant.",
		"change person people.csv:2 Ada Lovelace: email: Ada@example.edu → ada@example.edu",
		"add course people.csv:1 CS101: code CS101",
		"add enrolment people.csv:2 Ada Lovelace: student in CS101",
	}
	if diff := cmp.Diff(want, told(Diff(b, cur))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Not even if the row names somebody who is known.
func TestWhoIsRejectedIsNotEnrolled(t *testing.T) {
	t.Parallel()
	cur := &Current{People: []StoredPerson{
		{ID: 1, Ref: "u1", Given: "Alan", Family: "Turing", Username: "alan", Active: true},
		{ID: 2, Ref: "u2", Given: "Ada", Family: "Lovelace", Username: "ada", Active: true},
	}}
	b, err := ReadSheet(file("people.csv", "id,given,family,username\nu2,Ada,Lovelace,alan\n"), SheetOptions{Course: "CS101"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"reject person people.csv:2 Ada Lovelace: username: alan is the username of Alan Turing.",
		"add course people.csv:1 CS101: code CS101",
	}
	if diff := cmp.Diff(want, told(Diff(b, cur))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRowsOfASheetThatCannotBeTakenInAreRejected(t *testing.T) {
	t.Parallel()
	const head = "id,name,email,role\n1,Ada Lovelace,ada@example.edu,student\n"
	for row, want := range map[string]string{
		"1,An Other,,":                           "person people.csv:3 An Other: 1 has been there on line 2. Keep one of the two rows.",
		",An Other,,":                            "person people.csv:3 An Other: The row says nothing by which to know the person again: no ref, username or email.",
		"2,,,":                                   "person people.csv:3 2: name: A person must have a name.",
		"2,An Other,nowhere,":                    "person people.csv:3 An Other: email: It must be an address with an @.",
		"2,An Other,,boss":                       "person people.csv:3 An Other: role: It must be student, assistant or teacher.",
		"2,An Other":                             "person people.csv:3 : The row has 2 fields and the heading has 4. Is a quotation mark or a delimiter missing?",
		"2,An \"Other,,":                         "person people.csv:3 : A quotation mark stands inside a field. Put the field in quotation marks, and write those inside twice.",
		"2,An \x00 Other,,":                      "person people.csv:3 2: name: It has characters that are not text. Save the file in UTF-8.",
		strings.Repeat("9", 201):                 "person people.csv:3 : The row has 1 field and the heading has 4. Is a quotation mark or a delimiter missing?",
		strings.Repeat("9", 201) + ",An Other,,": "person people.csv:3 An Other: ref: It must have at most 200 characters.",
	} {
		b, err := ReadSheet(file("people.csv", head+row+"\n"), SheetOptions{Course: "CS101"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, rejects(b, &Current{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row, diff)
		}
	}
}

func TestSheetThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, course string
		mapping      Mapping
		want         string
	}{
		"empty":         {"", "CS101", nil, "people.csv: It is empty; the first line must have the names of the columns."},
		"only space":    {" \n\n", "CS101", nil, "mapping must be given"},
		"no course":     {"id,name\n", " ", nil, "course must be the code of the course"},
		"no names":      {"id,group\n", "CS101", nil, `none of the columns ["id" "group"] is known to hold names`},
		"no ids":        {"name,group\n", "CS101", nil, "so that people can be told apart"},
		"no such field": {"id,name\n", "CS101", Mapping{"phone": "id"}, "there is no field phone"},
		"no such column": {"id,name\n", "CS101", Mapping{FieldRef: "number", FieldName: "name"},
			`people.csv has; it has no column "number", but ["id" "name"]`},
		"a column twice": {"id,name,name\n", "CS101", nil, `There are two columns "name". Rename one of them.`},
		"a spreadsheet":  {"PK\x03\x04\x14\x00\x06\x00\x08\x00", "CS101", nil, "This is not a workbook (XLSX) that can be read"},
	} {
		_, err := ReadSheet(file("people.csv", tt.text), SheetOptions{Course: tt.course, Mapping: tt.mapping})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, tt.want)
		}
	}
}
