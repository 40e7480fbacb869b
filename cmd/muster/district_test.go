package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/demo"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/table"
)

// A district goes in, its courses are planned and a term is held in them, and everything
// comes out again: the same people, courses and enrolments, and every mark as it was made.
// MUSTER_DISTRICT may name other districts, folders or zips with ":" between them.
func TestADistrictComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	districts := filepath.SplitList(os.Getenv("MUSTER_DISTRICT"))
	if len(districts) == 0 {
		districts = []string{oneRosterDistrict(t), cleverDistrict(t)}
	}
	for _, path := range districts {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			d := &roundTrip{t: t, dir: t.TempDir(), path: path}
			d.bringIn()
			d.plan()
			d.hold()
			d.checkMarks()
			d.checkRoster()
			t.Logf("%s: %s", path, d.said)
		})
	}
}

// roundTrip is a district on its way through an installation.
type roundTrip struct {
	t         *testing.T
	dir, path string
	want      map[string]int // the marks, as "session person mark", and how often
	in        *roster.Bundle // what went in: without the rows that were rejected
	said      string
}

func (d *roundTrip) muster(want int, args ...string) string {
	d.t.Helper()
	var out, log bytes.Buffer
	if code := run(d.t.Context(), append(args, "--data", d.dir), &out, &log); code != want {
		d.t.Fatalf("%q: code %d, %s", args, code, &log)
	}
	return out.String()
}

func (d *roundTrip) open() *sqlite.Store {
	d.t.Helper()
	s, err := sqlite.Open(d.t.Context(), d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *roundTrip) current() *roster.Current {
	d.t.Helper()
	s := d.open()
	defer s.Close()
	cur, err := s.Current(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return cur
}

// bringIn imports the district. A real one has rows that cannot be taken: an import that
// leaves these out says so, and the rest is what has gone in.
func (d *roundTrip) bringIn() {
	d.t.Helper()
	d.in = d.read(d.path)
	rejects := make(map[table.Origin]bool)
	for _, r := range roster.Diff(d.in, &roster.Current{}).Rejects {
		rejects[r.Origin] = true
	}
	d.in.People = slices.DeleteFunc(d.in.People, func(p roster.PersonRow) bool { return rejects[p.Origin] })
	d.in.Courses = slices.DeleteFunc(d.in.Courses, func(c roster.CourseRow) bool { return rejects[c.Origin] })
	d.in.Enrolments = slices.DeleteFunc(d.in.Enrolments, func(e roster.EnrolmentRow) bool { return rejects[e.Origin] })
	code := exitOK
	if len(rejects) > 0 {
		code = exitFailed
		d.said = fmt.Sprintf("%d rows rejected, ", len(rejects))
	}
	d.muster(code, "import", d.path, "--apply", "--allow-rejects")
}

// The weeks of the term that is held.
const (
	districtFirst = "2026-09-07" // a Monday
	districtLast  = "2026-09-25"
)

// plan makes a timetable up by a rule for each course.
func (d *roundTrip) plan() {
	d.t.Helper()
	for i, c := range d.current().Courses {
		days := []string{"mon wed", "tue thu", "tue fri", "mon"}[i%4]
		rule := fmt.Sprintf("%s %d:15-%d:00", days, 8+i%8, 9+i%8)
		d.muster(exitOK, "timetable", "rule", rule, "--course", fmt.Sprintf("#%d", c.ID), "--first", districtFirst, "--last", districtLast, "--apply")
	}
}

// hold has the demo's students attend all sessions, and works out by itself what has to
// be on record of each.
func (d *roundTrip) hold() {
	d.t.Helper()
	cur := d.current()
	teachers, students := make(map[attendance.CourseID]attendance.PersonID), make(map[attendance.CourseID][]attendance.PersonID)
	for _, e := range cur.Enrolments {
		if e.Role == attendance.Student {
			students[e.Course] = append(students[e.Course], e.Person)
		} else {
			teachers[e.Course] = e.Person
		}
	}
	s := d.open()
	defer s.Close()
	var clock time.Time // Submit looks at it, in this goroutine
	rec := recorder.New(s, recorder.NoScreens{}, func() time.Time { return clock })
	d.want = make(map[string]int)
	sessions, given := 0, 0
	begun := time.Now()
	for _, c := range cur.Courses {
		meetings, err := s.Meetings(d.t.Context(), c.ID)
		if err != nil {
			d.t.Fatal(err)
		}
		slices.Reverse(meetings)
		for i, m := range meetings {
			var answers []chan error
			commands := demo.Held(7, m.ID, m.Starts, teachers[c.ID], students[c.ID], float64(i)/float64(len(meetings)))
			for _, command := range commands {
				answer := make(chan error, 1)
				answers = append(answers, answer)
				clock = command.At
				rec.Submit(command, func(_ attendance.Outcome, err error) { answer <- err })
			}
			for person, mark := range outcome(commands, m.Starts, students[c.ID]) {
				d.want[fmt.Sprint(m.ID, " ", person, " ", mark)]++
			}
			for _, answer := range answers {
				if err := <-answer; err != nil {
					d.t.Fatal(err)
				}
			}
			sessions, given = sessions+1, given+len(answers)
		}
	}
	rec.Close()
	d.said += fmt.Sprintf("%d people, %d courses, %d enrolments, %d sessions, %d commands in %v, %d marks",
		len(cur.People), len(cur.Courses), len(cur.Enrolments), sessions, given, time.Since(begun).Round(time.Millisecond), len(d.want))
	if len(d.want) == 0 {
		d.t.Fatal("no mark was made, so nothing is shown by what follows")
	}
}

// outcome is what the commands of a session have to come to: who checks in is present,
// or late from a quarter of an hour after the start on; the teacher has the last word;
// and who is left is absent.
func outcome(commands []attendance.Command, starts time.Time, students []attendance.PersonID) map[attendance.PersonID]attendance.Mark {
	marks := make(map[attendance.PersonID]attendance.Mark)
	for _, s := range students {
		marks[s] = attendance.Absent
	}
	for _, c := range commands {
		switch c.Kind {
		case attendance.CheckIn:
			marks[c.Actor] = attendance.Present
			if c.At.Sub(starts) >= 15*time.Minute {
				marks[c.Actor] = attendance.Late
			}
		case attendance.SetMarks:
			marks[c.Marks[0].Person] = c.Marks[0].Mark
		}
	}
	return marks
}

// checkMarks compares the marks in files of three formats with what was made.
func (d *roundTrip) checkMarks() {
	d.t.Helper()
	files := d.t.TempDir()
	marks, book := filepath.Join(files, "marks.csv"), filepath.Join(files, "marks.xlsx")
	d.muster(exitOK, "export", "marks", "-o", marks)
	d.muster(exitOK, "export", "marks", "-o", book)
	text, err := os.ReadFile(marks)
	if err != nil {
		d.t.Fatal(err)
	}
	rows := parse(d.t, strings.TrimPrefix(string(text), "\ufeff"))
	d.same("CSV", marksOf(rows))
	x, err := excelize.OpenFile(book)
	if err != nil {
		d.t.Fatal(err)
	}
	defer x.Close()
	sheet, err := x.GetRows("Marks")
	if err != nil {
		d.t.Fatal(err)
	}
	d.same("XLSX", marksOf(sheet))
}

// marksOf reads an export of marks as hold writes them.
func marksOf(rows [][]string) map[string]int {
	at := func(heading string) int { return slices.Index(rows[0], heading) }
	session, person, mark := at("Session number"), at("Person number"), at("Mark")
	got := make(map[string]int)
	for _, row := range rows[1:] {
		got[row[session]+" "+row[person]+" "+row[mark]]++
	}
	return got
}

func (d *roundTrip) same(what string, got map[string]int) {
	d.t.Helper()
	if !maps.Equal(d.want, got) {
		d.t.Errorf("the marks in %s (-made +came out):\n%.2000s", what, cmp.Diff(d.want, got))
	}
}

// checkRoster compares people, courses and enrolments that come out with those that went
// in, and results with marks; and has what came out go in again, here and elsewhere.
func (d *roundTrip) checkRoster() {
	d.t.Helper()
	out := filepath.Join(d.t.TempDir(), "out.zip")
	d.muster(exitOK, "export", "oneroster", "--sessions", "-o", out)
	in, back := d.in, d.read(out)
	for what, of := range map[string]func(*roster.Bundle) []string{"people": people, "courses": courses, "enrolments": enrolments} {
		if diff := cmp.Diff(of(in), of(back)); diff != "" {
			d.t.Errorf("%s (-went in +came out):\n%.2000s", what, diff)
		}
	}
	refs := make(map[string]string)
	cur := d.current()
	for _, p := range cur.People {
		refs[roster.Refs{Installation: cur.Installation}.Person(&p)] = fmt.Sprint(p.ID)
	}
	results := parse(d.t, unzipped(d.t, out)["results.csv"])
	at := func(heading string) int { return slices.Index(results[0], heading) }
	item, student, mark := at("lineItemSourcedId"), at("studentSourcedId"), at("textScore")
	got := make(map[string]int)
	for _, row := range results[1:] {
		_, session, _ := strings.Cut(row[item], "-session")
		got[session+" "+refs[row[student]]+" "+row[mark]]++
	}
	d.same("OneRoster results", got)

	if said := d.muster(exitOK, "import", out); !strings.Contains(said, "There is nothing to change.") {
		d.t.Errorf("what came out changes what is there:\n%.2000s", said)
	}
	other := &roundTrip{t: d.t, dir: d.t.TempDir(), path: out}
	other.muster(exitOK, "import", out, "--apply")
	if a, b := d.current(), other.current(); len(a.People) != len(b.People) || len(a.Courses) != len(b.Courses) || len(a.Enrolments) != len(b.Enrolments) {
		d.t.Errorf("elsewhere it is %d people, %d courses, %d enrolments; here %d, %d, %d",
			len(b.People), len(b.Courses), len(b.Enrolments), len(a.People), len(a.Courses), len(a.Enrolments))
	}
}

func (d *roundTrip) read(path string) *roster.Bundle {
	d.t.Helper()
	var files []table.File
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = table.Folder(path); err != nil {
			d.t.Fatal(err)
		}
	} else {
		files = []table.File{table.OnDisk(path)}
	}
	b, err := roster.Read(files, roster.ReadOptions{})
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

func people(b *roster.Bundle) (all []string) {
	for _, p := range b.People {
		all = append(all, strings.Join([]string{p.Ref, p.Given, p.Family, p.Email, p.Username}, "|"))
	}
	slices.Sort(all)
	return all
}

func courses(b *roster.Bundle) (all []string) {
	for _, c := range b.Courses {
		all = append(all, strings.Join([]string{c.Ref, c.Code, c.Title, c.Term}, "|"))
	}
	slices.Sort(all)
	return all
}

// enrolments names each once, though districts have some of them several times.
func enrolments(b *roster.Bundle) (all []string) {
	for _, e := range b.Enrolments {
		all = append(all, fmt.Sprint(e.Course, "|", e.Person, "|", e.Role))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func parse(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func oneRosterDistrict(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "oneroster.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := demo.WriteDistrict(f, 200, 360); err != nil {
		t.Fatal(err)
	}
	return path
}

// cleverDistrict is a district as Clever writes them, down to lines that end in CR.
func cleverDistrict(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clever.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	write := func(name, headings string, n int, row func(i int) string) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, headings, "\r")
		for i := range n {
			fmt.Fprint(w, row(i), "\r")
		}
	}
	const schools, pupils, staff, sections, each = 2, 90, 6, 12, 25
	write("schools.csv", "School_id,School_name", schools, func(i int) string { return fmt.Sprintf("S%d,School %d", i, i) })
	write("students.csv", "School_id,Student_id,Last_name,First_name,Race,Student_email", pupils, func(i int) string {
		return fmt.Sprintf("S%d,%d,Öst-%d,Zoë,A,p%d@example.org", i%schools, 1000+i, i, i)
	})
	write("teachers.csv", "School_id,Teacher_id,Last_name,First_name,Password", staff, func(i int) string { return fmt.Sprintf("S%d,%d,Teacher,Number %d,secret", i%schools, i, i) })
	write("sections.csv", "School_id,Section_id,Teacher_id,Teacher_2_id,Name,Term_name,Term_start,Term_end", sections, func(i int) string {
		return fmt.Sprintf("S%d,%d,%d,%d,Section %d,Y1,8/1/26,6/1/27", i%schools, 500+i, i%staff, (i+1)%staff, i)
	})
	write("enrollments.csv", "School_id,Student_id,Section_id", sections*each, func(i int) string {
		return fmt.Sprintf("S%d,%d,%d", i%schools, 1000+i%pupils, 500+i/each)
	})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
