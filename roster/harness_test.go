package roster_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	. "github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

// file is a file with this text in it.
func file(name, text string) table.File {
	return table.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// school is a OneRoster bundle, its files by their names.
type school map[string]string

// newSchool has the course c1, Algorithms, with a teacher, an aide and a student.
func newSchool() school {
	return school{
		"manifest.csv": "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.academicSessions,bulk\nfile.classes,bulk\n" +
			"file.courses,bulk\nfile.demographics,absent\nfile.enrollments,bulk\nfile.orgs,bulk\nfile.users,bulk\n",
		"orgs.csv":             "sourcedId,status,dateLastModified,name,type\no1,,,The School,school\n",
		"academicSessions.csv": "sourcedId,status,title,type,startDate,endDate\nt1,,Autumn 2026,term,2026-09-01,2027-01-31\n",
		"courses.csv":          "sourcedId,status,title,courseCode\nk1,,Computing,CS\n",
		"classes.csv":          "sourcedId,status,title,courseSourcedId,classCode,termSourcedIds\nc1,,Algorithms,k1,CS101,t1\n",
		"users.csv": "sourcedId,status,enabledUser,role,username,givenName,familyName,email,phone,password\n" +
			"u1,,true,teacher,alan,Alan,Turing,alan@example.edu,555-1,secret\n" +
			"u2,,true,aide,grace,Grace,Hopper,,,\n" +
			"007,,true,student,ada,Ada,Lovelace,,,\n",
		"enrollments.csv": "sourcedId,status,classSourcedId,userSourcedId,role\ne1,,c1,u1,teacher\ne2,,c1,u2,aide\ne3,,c1,007,student\n",
	}
}

func (s school) files() (files []table.File) {
	for name, text := range s {
		files = append(files, file(name, text))
	}
	return files
}

func (s school) read(t testing.TB) *Bundle {
	t.Helper()
	b, err := ReadOneRoster(s.files())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// zipped packs the files into a folder of a zip.
func (s school) zipped(t testing.TB, folder string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range s {
		w, err := z.Create(folder + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// current is what a store has after a change set was applied to what it had.
func current(was *Current, cs *ChangeSet) *Current {
	return &Current{
		Terms:      merge(was.Terms, cs.Terms, func(t StoredTerm) any { return t.ID }),
		Courses:    merge(was.Courses, cs.Courses, func(c StoredCourse) any { return c.ID }),
		People:     merge(was.People, cs.People, func(p StoredPerson) any { return p.ID }),
		Enrolments: merge(was.Enrolments, cs.Enrolments, func(e StoredEnrolment) any { return [2]any{e.Course, e.Person} }),
	}
}

func merge[T any](was, changed []T, key func(T) any) []T {
	at := make(map[any]int)
	var all []T
	for _, list := range [][]T{was, changed} {
		for _, v := range list {
			if i, ok := at[key(v)]; ok {
				all[i] = v
				continue
			}
			at[key(v)] = len(all)
			all = append(all, v)
		}
	}
	return all
}

// told lists change rows as "reject users.csv:3 Ada Lovelace: what is wrong".
func told(cs *ChangeSet) (lines []string) {
	for _, r := range cs.Rows {
		from := ""
		if r.File != "" {
			from = " " + r.Origin.String()
		}
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s %s%s %s: %s", r.Change, r.What, from, r.Name, r.Detail), ": "))
	}
	return lines
}

// rejects lists what told says of rows that are rejected.
func rejects(b *Bundle, cur *Current) (lines []string) {
	for _, line := range told(Diff(b, cur)) {
		if rest, ok := strings.CutPrefix(line, "reject "); ok {
			lines = append(lines, rest)
		}
	}
	return lines
}

// fileError returns the FileError that err must be.
func fileError(t testing.TB, err error) *table.FileError {
	t.Helper()
	var f *table.FileError
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a FileError", err)
	}
	return f
}
