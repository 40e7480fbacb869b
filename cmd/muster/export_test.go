package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/sqlite"
)

// heldTerm is a data directory with one course, CS101, in which Ada was late once.
func heldTerm(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 7, 6, 22, 30, 0, 0, time.UTC) // the 7th in Berlin
	people, err := s.AddPeople(t.Context(), []roster.Person{{Given: "Ada", Family: "Lovelace", Ref: "007", Username: "ada"}, {Given: "Alan", Family: "Turing"}}, at)
	if err != nil {
		t.Fatal(err)
	}
	course, err := s.AddCourse(t.Context(), roster.NewCourse{Course: roster.Course{Code: "CS101", Title: "Algorithms", Rules: attendance.DefaultRules()},
		Members: []roster.Member{{ID: people[0], Role: attendance.Student}, {ID: people[1], Role: attendance.Teacher}}})
	if err != nil {
		t.Fatal(err)
	}
	planned := roster.Schedule(course, "Sorting", at)
	planned.Starts = at
	session, err := s.AddSession(t.Context(), planned)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Append(t.Context(), []attendance.Command{
		{ID: "o", Session: session, Actor: people[1], Kind: attendance.OpenSession, At: at},
		{ID: "m", Session: session, Actor: people[1], Kind: attendance.SetMarks, At: at, Note: "=bus", Marks: []attendance.MarkChange{{Person: people[0], Mark: attendance.Late}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func runExport(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"export"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestExportsToStandardOutput(t *testing.T) {
	t.Parallel()
	dir := heldTerm(t)
	for args, want := range map[string]string{
		"marks --zone Europe/Berlin": "\ufeffCourse,Course title,Term,Session,Begin (Europe/Berlin),Reference,Family name,Given name,Mark,Status,Time (Europe/Berlin),Set by,Who,Note,Session number,Person number\r\n" +
			"CS101,Algorithms,,Sorting,2026-07-07 00:30:00,007,Lovelace,Ada,late,,2026-07-07 00:30:00,hand,Alan Turing,'=bus,1,1\r\n",
		"report cs101":       "Lovelace,Ada,007,0,1,0,0,1,1,100,L\r\n",
		"report #1":          "Lovelace,Ada,007,0,1,0,0,1,1,100,L\r\n",
		"session 1":          "Lovelace,Ada,007,late,,2026-07-06 22:30:00,hand,Alan Turing,'=bus\r\n",
		"student ada":        "CS101,Algorithms,Sorting,2026-07-06 22:30:00,late,,2026-07-06 22:30:00,hand\r\n",
		"student 007":        "CS101,Algorithms,Sorting,",
		"courses":            "CS101,Algorithms,,1,1,0,1,0,0,1,1,100\r\n",
		"students":           "Lovelace,Ada,007,1,0,1,0,0,1,1,100\r\n",
		"marks --course 42x": "",
	} {
		code, out, errs := runExport(t, append(strings.Fields(args), "--data", dir)...)
		if want == "" {
			if code != exitFailed || !strings.Contains(errs, "there is no course with the code 42x") {
				t.Errorf("%s: code %d, %s", args, code, errs)
			}
			continue
		}
		if code != exitOK || !strings.HasSuffix(out, want) && !strings.Contains(out, want) {
			t.Errorf("%s: code %d\n%s%s", args, code, out, errs)
		}
	}
	// Days are those of the zone.
	for args, rows := range map[string]int{"--from 2026-07-07": 0, "--to 2026-07-05": 0, "--to 2026-07-06": 1, "--from 2026-07-07 --zone Europe/Berlin": 1} {
		_, out, _ := runExport(t, append(strings.Fields("marks --data "+dir+" "+args), "--format", "json")...)
		var got []map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil || len(got) != rows {
			t.Errorf("%s: %d rows (%v), want %d", args, len(got), err, rows)
		}
	}
}

// A file is there once it is whole, or not at all.
func TestExportsToAFile(t *testing.T) {
	t.Parallel()
	dir, to := heldTerm(t), t.TempDir()
	file := filepath.Join(to, "term.xlsx")
	if code, _, errs := runExport(t, "report", "CS101", "--data", dir, "-o", file); code != exitOK {
		t.Fatal(errs)
	}
	book, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if rows, err := book.GetRows("CS101"); err != nil || rows[1][0] != "Lovelace" {
		t.Errorf("%v, %v", rows, err)
	}
	if code, _, _ := runExport(t, "report", "none", "--data", dir, "-o", filepath.Join(to, "none.csv")); code != exitFailed {
		t.Error("a course that there is not was exported")
	}
	if left, err := os.ReadDir(to); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestProgressTellsRateAndTimeLeft(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(0, 0)
	told := rateTold(&out, "marks", 1000, func() time.Time { return now })
	for _, step := range []struct {
		at   time.Duration
		done int64
	}{{900 * time.Millisecond, 100}, {2 * time.Second, 200}, {2500 * time.Millisecond, 300}, {4 * time.Second, 500}} {
		now = time.Unix(0, 0).Add(step.at)
		told(step.done)
	}
	want := "muster: 200 of 1000 marks, 100 a second, 8s left\nmuster: 500 of 1000 marks, 125 a second, 4s left\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

// What was exported can be imported where it came from, and changes nothing; and into
// another installation, out of which the same comes again.
func TestOneRosterRoundTrip(t *testing.T) {
	t.Parallel()
	dir, files := heldTerm(t), t.TempDir() // nothing in it has a ref but Ada
	first, second := filepath.Join(files, "first.zip"), filepath.Join(files, "second.zip")
	if code, _, errs := runExport(t, "oneroster", "--data", dir, "-o", first, "--org", "Demo"); code != exitOK {
		t.Fatal(errs)
	}
	if code, out, errs := runImport(t, first, "--data", dir); code != exitOK || !strings.Contains(out, "There is nothing to change.") {
		t.Errorf("into the same: %s%s", out, errs)
	}
	other := t.TempDir()
	if code, out, errs := runImport(t, first, "--data", other, "--apply"); code != exitOK || !strings.Contains(out, "  enrolments    2       0    0") {
		t.Errorf("into another: %s%s", out, errs)
	}
	if code, _, errs := runExport(t, "oneroster", "--data", other, "-o", second, "--org", "Demo"); code != exitOK {
		t.Fatal(errs)
	}
	a, b := unzipped(t, first), unzipped(t, second)
	for _, name := range []string{"academicSessions.csv", "classes.csv", "enrollments.csv"} {
		if own := strings.NewReplacer(systemCode(a), "ID", systemCode(b), "ID"); own.Replace(a[name]) != own.Replace(b[name]) {
			t.Errorf("%s came out as\n%s\nafter\n%s", name, b[name], a[name])
		}
	}
	result := "007,fully graded,100,"
	if !strings.Contains(a["results.csv"], result) || !strings.Contains(a["lineItems.csv"], "Attendance,Percent of what counts,2026-07-06,2026-07-06,") || !strings.Contains(a["manifest.csv"], "file.results,bulk\r\n") {
		t.Errorf("results %s\nline items %s", a["results.csv"], a["lineItems.csv"])
	}
	if code, _, errs := runExport(t, "oneroster", "--data", dir, "-o", second, "--sessions"); code != exitOK {
		t.Fatal(errs)
	}
	if c := unzipped(t, second); !strings.Contains(c["results.csv"], "007,fully graded,1,2026-07-06,,late,") || !strings.Contains(c["results.csv"], ",true,false\r\n") || !strings.Contains(c["lineItems.csv"], ",Sorting,,2026-07-06,") {
		t.Errorf("session by session: %s\n%s", c["results.csv"], c["lineItems.csv"])
	}
}

// unzipped returns the files of a zip by name.
func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := make(map[string]string)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(text)
	}
	return all
}

// systemCode is the name of the installation that a bundle is from.
func systemCode(files map[string]string) string {
	_, code, _ := strings.Cut(files["manifest.csv"], "source.systemCode,")
	return strings.TrimSpace(code)
}
