package roster_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	. "github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

// wholesome fails the test if a bundle has in it what no store should get, or if what
// it says does not stay said: imported twice it must change nothing the second time.
func wholesome(t *testing.T, b *Bundle) {
	t.Helper()
	odd := func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }
	for _, p := range b.People {
		for _, text := range []string{p.Ref, p.Given, p.Family, p.Email, p.Username} {
			if strings.ContainsFunc(text, odd) || utf8.RuneCountInString(text) > MaxName {
				t.Errorf("%v has %q", p.Origin, text)
			}
		}
		if p.Line < 2 || p.Key() == "" {
			t.Errorf("a person from %v with key %q", p.Origin, p.Key())
		}
	}
	none := &Current{}
	cs := Diff(b, none)
	cur := current(none, cs)
	usernames := make(map[string]bool)
	for _, p := range cur.People {
		if p.Username != "" && usernames[p.Username] {
			t.Errorf("two people are called %q", p.Username)
		}
		usernames[p.Username] = true
	}
	again := Diff(b, cur)
	if again.Counts.Changes() != 0 {
		t.Errorf("the same again: %q", told(again))
	}
}

func FuzzSheet(f *testing.F) {
	for _, seed := range []string{
		"id,name,email,role\n0042,\"Lovelace, Ada\",ada@example.edu,student\n0043,Alan Turing,,teacher\n",
		"\ufeffMatrikel;Name;Vorname\r\n1;M\xfcller;Zo\xeb\r\n",
		"i\x00d\x00,\x00n\x00a\x00m\x00e\x00\n\x00",
		"email\tusername\tfirst\tlast\ra@b\tab\tA\tB\ra@b\t\tA\tB\r\ta@b\tA\tB\r",
		"id,name\n1,\"a\nb\n2,\"\"\"c\"\"\"\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		people := file("people.csv", string(text))
		_, errColumns := ReadColumns(people, "")
		b, err := ReadSheet(people, SheetOptions{Course: "CS101"})
		if errColumns != nil && err == nil {
			t.Errorf("its columns cannot be read (%v), but its people can", errColumns)
		}
		if err == nil {
			wholesome(t, b)
		}
	})
}

func FuzzOneRoster(f *testing.F) {
	s := newSchool()
	f.Add(s["manifest.csv"], s["academicSessions.csv"], s["classes.csv"], s["users.csv"], s["enrollments.csv"])
	s = newSchool().delta()
	f.Add(s["manifest.csv"], s["academicSessions.csv"], s["classes.csv"], s["users.csv"]+"u1,,,,,A,B,,,\nu1,tobedeleted,,,,A,B,,,\n", s["enrollments.csv"]+"e1,,c1,u1,student\n")
	f.Fuzz(func(t *testing.T, manifest, terms, classes, users, enrolments string) {
		s := newSchool()
		s["manifest.csv"], s["academicSessions.csv"], s["classes.csv"], s["users.csv"], s["enrollments.csv"] = manifest, terms, classes, users, enrolments
		b, err := ReadOneRoster(s.files())
		if err != nil {
			fileError(t, err)
			return
		}
		wholesome(t, b)
	})
}

func FuzzZip(f *testing.F) {
	f.Add(newSchool().zipped(f, ""))
	f.Add(newSchool().zipped(f, "a/b/"))
	f.Fuzz(func(t *testing.T, z []byte) {
		files, err := table.Zip("bundle.zip", bytes.NewReader(z), int64(len(z)), "manifest.csv")
		if err == nil {
			_, err = ReadOneRoster(files)
		}
		if err != nil {
			fileError(t, err)
		}
	})
}
