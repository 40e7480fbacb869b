package timetable_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
	. "github.com/muster-live/muster/timetable"
)

func file(name, content string) table.File {
	return table.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func TestSheet(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content string
		want    []string
	}{
		"dates in three styles": {
			"date,start,end,title\n2026-10-12,10:15,11:45,A\n13.10.2026,10.15,11.45 Uhr,B\n",
			[]string{"Mon 2026-10-12 10:15–11:45 A", "Tue 2026-10-13 10:15–11:45 B"},
		},
		"month first, as the column shows": {
			"Date;Time;Room\n10/12/2026;10:15 AM - 11:45 AM;Hall 1\n10/13/2026;2–3:30pm;\n",
			[]string{"Mon 2026-10-12 10:15–11:45 Mon 12 Oct | Hall 1", "Tue 2026-10-13 14:00–15:30 Tue 13 Oct"},
		},
		"day and time in one cell, as spreadsheets write them": {
			"start\tend\ttitle\n2026-10-12 10:15\t2026-10-12 11:45\tA\n2026-10-12 23:00:00\t2026-10-13 01:00:00\tB\n",
			[]string{"Mon 2026-10-12 10:15–11:45 A", "Mon 2026-10-12 23:00–01:00 B | It ends the next day."},
		},
		"in German, with a duration": {
			"Datum;Beginn;Dauer;Thema;Raum;Status\n12.10.26;1015;90;Einführung;HS 1;\n19.10.26;10h15;90;Listen;HS 1;entfällt\n",
			[]string{"Mon 2026-10-12 10:15–11:45 Einführung | HS 1", "Mon 2026-10-19 10:15–11:45 Listen | HS 1 | cancelled"},
		},
		"across midnight": {
			"date,start,end,title\n2026-10-12,22:00,00:30,A\n",
			[]string{"Mon 2026-10-12 22:00–00:30 A | It ends the next day."},
		},
		"a clock that jumps": {
			"date,start,end,title\n2027-03-28,02:30,04:00,A\n",
			[]string{"Sun 2027-03-28 03:30–04:00 A | Clocks skip 02:30 on this day; it is taken as 03:30."},
		},
		"what is wrong": {
			"date,start,end,title,late after,opens by itself,course\n2026-10-32,10:15,11:45,A,,,\n2026-10-12,late,11:45,B,,,\n2026-10-12,10:15,9:45,C,,,\n2026-10-12,10:15,10:15,D,,,\n" +
				"2026-10-12,10:15,11:45,E,soon,,\n2026-10-12,10:15,11:45,F,,perhaps,\n2026-10-12,10:15,11:45,G,,,MA2\n2026-10-12,10:15,11:45,H,,,cs101\n2026-10-12,10:15,12:45,I,,,\n,10:15,12:45,J,,,\n",
			[]string{
				"Mon 2026-10-12 10:15–11:45 H",
				`rejected, line 2: The date "2026-10-32" is no day. Write it as 2026-10-12.`,
				`rejected, line 3: The start "late" is no time of day. Write it as 10:15.`,
				"rejected, line 4: It ends when it begins, or before. Give a later end.",
				"rejected, line 5: It ends when it begins, or before. Give a later end.",
				`rejected, line 6: Late after "soon" is not from 0 to 1440 minutes, or never.`,
				`rejected, line 7: "perhaps" is neither yes nor no.`,
				`rejected, line 8: It is of the course "MA2", and this is CS101. Import files of several courses as an administrator.`,
				"rejected, line 10: Line 9 has the same course begin at the same time. Remove one of them.",
				`rejected, line 11: The date "" is no day. Write it as 2026-10-12.`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := winter(t)
			r, err := Sheet(file("t.csv", tt.content), table.Options{}, nil, f)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, told(r, f.Zone)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestSheetOfManyCoursesWithSettings(t *testing.T) {
	t.Parallel()
	f := winter(t)
	f.Courses = append(f.Courses, Course{ID: 2, Code: "MA2", Ref: "0042"})
	f.Many = true
	r, err := Sheet(file("t.csv", "Course,Ref,Date,From,To,Opens by itself,Closes by itself,Late after,On close\n"+
		"cs101,a,2026-10-12,10:15,11:45,yes,nein,never,leave\n0042,a,2026-10-12,10:15,11:45,,,5,\nXX,a,2026-10-12,10:15,11:45,,,,\ncs101,a,2026-10-13,10:15,11:45,,,,\n"), table.Options{}, nil, f)
	if err != nil {
		t.Fatal(err)
	}
	yes, no, never, five, leave := true, false, attendance.NeverLate, 5*time.Minute, attendance.LeaveUnset
	want := []Settings{{&yes, &no, &never, &leave}, {LateAfter: &five}}
	var got []Settings
	for _, s := range r.Sessions {
		got = append(got, s.Settings)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r.Sessions[0].Course != 1 || r.Sessions[1].Course != 2 || len(r.Rejects) != 2 || r.Rejects[0].Origin.Line != 4 || !strings.Contains(r.Rejects[1].Reason, "Line 2") {
		t.Errorf("%+v", r)
	}
}

func TestSheetThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"":                                       "empty",
		"a,b\n1,2\n":                             "date",
		"date,title\n1,2\n":                      "start",
		"date,start\n1,2\n":                      "end",
		"date,start,end,end\n1,2":                "two columns",
		"date,start,end\n4/5/2026,10:15,11:45\n": "first",
	} {
		_, err := Sheet(file("t.csv", content), table.Options{}, nil, winter(t))
		if err == nil || !strings.Contains(fmt.Sprint(err, attendance.AsError(err).Field), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
	_, err := Sheet(file("t.csv", "a,b,c\n2026-10-12,10:15,11:45\n"), table.Options{}, Mapping{FieldDate: "a", FieldStart: "b", FieldEnd: "c"}, winter(t))
	if err != nil {
		t.Errorf("with a mapping: %v", err)
	}
	if _, err = Sheet(file("t.csv", "a,b,c\n"), table.Options{}, Mapping{FieldDate: "a", FieldStart: "b", FieldEnd: "d"}, winter(t)); attendance.AsError(err).Field != "mapping" {
		t.Errorf("with a mapping to a column that there is not: %v", err)
	}
	var e *table.FileError
	if _, err := Sheet(file("t.csv", ""), table.Options{}, nil, winter(t)); !errors.As(err, &e) || e.File != "t.csv" {
		t.Errorf("%v", err)
	}
}

// A spreadsheet's own days and times are those that it shows.
func TestSheetFromAWorkbook(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	t.Cleanup(func() { book.Close() })
	dayStyle, err1 := book.NewStyle(&excelize.Style{NumFmt: 14})
	timeStyle, err2 := book.NewStyle(&excelize.Style{NumFmt: 20})
	err := errors.Join(err1, err2)
	for cell, value := range map[string]any{
		"A1": "Date", "B1": "Start", "C1": "End", "D1": "Title",
		"A2": time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC), "B2": 10.25 / 24, "C2": 11.75 / 24, "D2": "Lists",
		"A3": "13.10.2026", "B3": "14:00", "C3": "15:30", "D3": "Trees",
	} {
		err = errors.Join(err, book.SetCellValue("Sheet1", cell, value))
	}
	err = errors.Join(err, book.SetCellStyle("Sheet1", "A2", "A2", dayStyle), book.SetCellStyle("Sheet1", "B2", "C2", timeStyle))
	content, err3 := book.WriteToBuffer()
	if err := errors.Join(err, err3); err != nil {
		t.Fatal(err)
	}
	f := winter(t)
	r, err := Sheet(file("t.xlsx", content.String()), table.Options{}, nil, f)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Mon 2026-10-12 10:15–11:45 Lists", "Tue 2026-10-13 14:00–15:30 Trees"}
	if d := cmp.Diff(want, told(r, f.Zone)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
