package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
)

// autumn is a term of three students and three sessions.
func autumn() *report.Term { return autumnBy(attendance.DefaultStatusSet()) }

func autumnBy(set *attendance.StatusSet) *report.Term {
	monday := time.Date(2026, 10, 19, 8, 15, 0, 0, time.UTC) // summer time in Berlin
	return report.NewTerm(report.About{ID: 5, Code: "CS101", Title: "Algorithms", Term: "Autumn"}, set,
		[]report.Held{{ID: 10, Title: "Sorting", Starts: monday}, {ID: 11, Starts: monday.AddDate(0, 0, 7)}, {ID: 12, Title: "=Trees", Starts: monday.AddDate(0, 0, 14)}},
		[]report.Student{{Person: 1, Family: "Dijkstra", Given: "Edsger", Ref: "007"}, {Person: 2, Family: "Lovelace", Given: "Ada"}, {Person: 3, Family: "Turing", Given: "Alan", Left: true}},
		[]report.Mark{{10, 1, attendance.Marking{Mark: attendance.Present}}, {11, 1, attendance.Marking{Mark: attendance.Late}}, {12, 1, attendance.Marking{Mark: attendance.Absent}}, {10, 2, attendance.Marking{Mark: attendance.Excused}}, {11, 2, attendance.Marking{Mark: attendance.Absent}}, {11, 3, attendance.Marking{Mark: attendance.Present}},
			{99, 1, attendance.Marking{Mark: attendance.Absent}}, {10, 99, attendance.Marking{Mark: attendance.Absent}}})
}

func TestPointsAreOfWhatCounts(t *testing.T) {
	t.Parallel()
	term := autumn()
	for i, want := range [][2]float64{{2, 3}, {0, 1}, {1, 1}} {
		if s := term.OfStudent(i); s.Points != want[0] || s.Of != want[1] {
			t.Errorf("%s has %v of %v points, want %v", term.Students[i].Family, s.Points, s.Of, want)
		}
	}
	// Who has left counts where they were, and nowhere else.
	want := []attendance.Counts{
		{attendance.Present: 1, attendance.Excused: 1},
		{attendance.Present: 1, attendance.Late: 1, attendance.Absent: 1},
		{attendance.Absent: 1, attendance.Unset: 1},
	}
	for i := range want {
		if diff := cmp.Diff(want[i], term.OfSession(i).Counts); diff != "" {
			t.Errorf("session %d: %s", i, diff)
		}
	}
}

// A status beside the marks has points and a letter of its own, counts among its mark's,
// and is its mark where the course's set does not have it.
func TestStatusesHaveWhatTheirSetSays(t *testing.T) {
	t.Parallel()
	set := attendance.DefaultStatusSet()
	set.Meanings = append(set.Meanings, attendance.Meaning{Mark: attendance.Late, Key: "left_early", Name: "Left early", Letter: "X", Points: 50, Counts: attendance.CountsAway})
	for _, by := range []struct {
		set    *attendance.StatusSet
		points float64
		share  float64
		letter string
	}{{attendance.DefaultStatusSet(), 2, 2. / 3, "L"}, {set, 1.5, 1. / 3, "X"}} {
		term := autumnBy(by.set)
		term.Marks[0][1].Status = "left_early"
		s := term.OfStudent(0)
		share, _ := s.Share()
		if s.Points != by.points || s.Of != 3 || share != by.share || s.Counts[attendance.Late] != 1 || by.set.Of(term.Marks[0][1]).Letter != by.letter {
			t.Errorf("%+v, %v", s, share)
		}
	}
}

// People read what a status is called, and programs its key, which outlasts a change of
// names; of a status that the course does not have, only the key is known.
func TestFilesNameStatusesForTheirReaders(t *testing.T) {
	t.Parallel()
	set := attendance.DefaultStatusSet()
	set.Meanings = append(set.Meanings, attendance.Meaning{Mark: attendance.Late, Key: "left_early", Name: "Left early", Letter: "X"})
	s := report.Session{Statuses: set, Rows: []report.Row{
		{Family: "Dijkstra", Entry: attendance.Entry{Mark: attendance.Late, Status: "left_early"}},
		{Family: "Liskov", Entry: attendance.Entry{Mark: attendance.Late, Status: "gone"}},
		{Family: "Turing", Entry: attendance.Entry{Mark: attendance.Late}},
	}}
	var b bytes.Buffer
	for _, c := range []struct {
		w    report.Writer
		want [3]string
	}{
		{report.NewCSV(&b, time.UTC), [3]string{"Dijkstra,,,late,Left early,", "Liskov,,,late,gone,", "Turing,,,late,,"}},
		{report.NewJSON(&b), [3]string{`"mark":"late","status":"left_early"`, `"mark":"late","status":"gone"`, `"family":"Turing","mark":"late"}`}},
	} {
		must(t, s.Write(c.w, time.UTC))
		must(t, c.w.Close())
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %s in\n%s", want, b.String())
			}
		}
		b.Reset()
	}
	f := workbook(t, func(w report.Writer) { must(t, s.Write(w, time.UTC)) })
	if got, err := f.GetCellValue(f.GetSheetName(0), "E2"); got != "Left early" || err != nil {
		t.Errorf("in a workbook: %q, %v", got, err)
	}
}

func TestTermAsAFile(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := report.NewCSV(&b, berlin)
	must(t, autumn().Write(w, berlin))
	must(t, w.Close())
	want := "\ufeffFamily name,Given name,Reference,Present,Late,Absent,Excused,Points,Of,Percent,2026-10-19 10:15 Sorting,2026-10-26 09:15,2026-11-02 09:15 =Trees\r\n" +
		"Dijkstra,Edsger,007,1,1,1,0,2,3,66.7,P,L,A\r\n" +
		"Lovelace,Ada,,0,0,1,1,0,1,0,E,A,\r\n" +
		"Turing,Alan,,1,0,0,0,1,1,100,,P,\r\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	f := workbook(t, func(w report.Writer) { must(t, autumn().Write(w, berlin)) })
	grid, err := f.GetRows("CS101")
	must(t, err)
	if got := grid[1]; got[2] != "007" || got[9] != "66.7%" || got[11] != "L" {
		t.Errorf("%q", got)
	}
	sessions, err := f.GetRows("Sessions")
	must(t, err)
	if diff := cmp.Diff([]string{"Sorting", "2026-10-19 10:15:00", "1", "0", "0", "1", "1", "1", "100.0%"}, sessions[1]); diff != "" {
		t.Error(diff)
	}
}

func TestOneStudentsTerm(t *testing.T) {
	t.Parallel()
	term := autumn()
	if term.Only(99) {
		t.Fatal("there is a student 99")
	}
	if !term.Only(2) {
		t.Fatal("there is no student 2")
	}
	var b bytes.Buffer
	w := report.NewCSV(&b, time.UTC)
	must(t, term.WriteStudent(w, time.UTC))
	must(t, w.Close())
	want := "\ufeffSession,Begin (UTC),Mark,Status\r\nSorting,2026-10-19 08:15:00,excused,\r\n,2026-10-26 08:15:00,absent,\r\n'=Trees,2026-11-02 08:15:00,unset,\r\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestJSONHasAnObjectForEachRow(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := report.NewJSON(&b)
	must(t, w.Sheet("", []report.Column{{Key: "name", Heading: "Name"}, {Key: "n", Heading: "N"}, {Key: "part", Heading: "Part"}, {Key: "at", Heading: "At"}}))
	must(t, w.Row(report.Text("a\"\n"), report.Number(2), report.Share(1, 8), report.Moment(time.UnixMilli(1_700_000_000_123))))
	must(t, w.Row(report.Text(""), report.Number(0)))
	must(t, w.Sheet("another", nil))
	must(t, w.Row(report.Text("left out")))
	must(t, w.Close())
	var got []map[string]any
	must(t, json.Unmarshal(b.Bytes(), &got))
	if diff := cmp.Diff([]map[string]any{{"name": "a\"\n", "n": 2.0, "part": 12.5, "at": 1_700_000_000_123.0}, {"n": 0.0}}, got); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	must(t, report.NewJSON(&b).Close())
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || len(got) != 0 {
		t.Errorf("without any row: %q", b.String())
	}
}
