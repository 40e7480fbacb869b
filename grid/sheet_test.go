package grid_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/grid"
	"github.com/muster-live/muster/table"
)

func file(text string) table.File {
	return table.File{Name: "marks.csv", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func read(t *testing.T, text string, o grid.SheetOptions) *grid.Sheet {
	t.Helper()
	s, err := term().Read(file(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// cells are the marks of a sheet, a line each: "2: 1 in 41 late".
func cells(s *grid.Sheet) (lines []string) {
	for _, c := range s.Cells {
		line := fmt.Sprintf("%d: %d in %d %v", c.Line, c.Person, c.Session, c.Mark)
		if c.Note != nil && *c.Note != "" {
			line += " (" + *c.Note + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func rejects(s *grid.Sheet) (lines []string) {
	for _, r := range s.Rejects {
		lines = append(lines, fmt.Sprintf("%d %s: %s", r.Line, r.Column, r.Why))
	}
	return lines
}

func wantLines(t *testing.T, what string, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// What is exported comes in as it went out: the mark in one column, and in another which
// status of it that is, if it is one of those.
func TestAListSaysWhichStatusOfAMarkItIs(t *testing.T) {
	set := attendance.DefaultStatusSet()
	set.Meanings = append(set.Meanings, attendance.Meaning{Mark: attendance.Present, Key: "online", Name: "Online", Letter: "O"})
	s := read(t, "Reference,Session,Mark,Status\n0041815,Week 1,present,Online\n0041816,Week 1,present,\n0041815,Week 2,late,online\n0041816,Week 2,o,\n", grid.SheetOptions{Statuses: set})
	var got []string
	for _, c := range s.Cells {
		got = append(got, fmt.Sprint(c.Line, " ", c.Mark, " ", c.Status))
	}
	wantLines(t, "cells", []string{"2 present online", "3 present ", "4 late ", "5 present online"}, got)
	wantLines(t, "rejects", nil, rejects(s))
}

func TestAListHasARowForEachMark(t *testing.T) {
	t.Parallel()
	s := read(t, strings.Join([]string{
		"Student ID;Name;Date;Status;Remark",
		"41815;Lovelace, Ada;2.11.2026;late;bus", // zeros eaten
		";Turing Alan;9.11.2026;P;",
		"0041816;;02.11.2026;;",             // says nothing
		"0041816;;03.11.2026;A;",            // no such day
		"0041815;Turing, Alan;2.11.2026;A;", // contradicts itself
		"4711;;2.11.2026;A;",
		"0041815;;Week 2;x;",
		"0041815;;Week 2;-;",
	}, "\n"), grid.SheetOptions{})
	wantLines(t, "marks", []string{"2: 1 in 41 late (bus)", "3: 2 in 42 present", "9: 1 in 42 unset"}, cells(s))
	wantLines(t, "rejects", []string{
		"6 : It is not certain who is meant: Ada Lovelace or Alan Turing? Give the id.",
		"7 : There is no such student in this course.",
		"5 Date: There is no session on 2026-11-03.",
		`8 Status: "x" is not a mark. Write P, L, A or E, or present, late, absent, excused; - takes a mark away.`,
	}, rejects(s))
}

func TestAGridHasAColumnForEachSession(t *testing.T) {
	t.Parallel()
	for _, headings := range []string{
		"Family name,Given name,Reference,2026-11-02 09:15 Week 1,2026-11-09 09:15 Week 2",
		"Last name,First name,Matrikelnr.,Week 1,Week 2",
		"surname,forename,number,11/2/2026,11/9/2026",
		"surname,forename,number,2/11/26,9/11/26",
		"surname,forename,number,2.11.,9.11.",
		"surname,forename,number,Nov 2,\"Mon, Nov 9\"",
	} {
		s := read(t, headings+",Percent,Group\nLovelace,Ada,41815,L,,50,A\nTuring,Alan,,-,e,0,B\n", grid.SheetOptions{})
		wantLines(t, headings, []string{"2: 1 in 41 late", "3: 2 in 41 unset", "3: 2 in 42 excused"}, cells(s))
		wantLines(t, headings+", rejects", nil, rejects(s))
		wantLines(t, "passed over", []string{"Group", "Percent"}, s.Passed)
	}
}

func TestColumnsWithoutAKnownHeadingSayWhoItIs(t *testing.T) {
	t.Parallel()
	s := read(t, "Teilnehmer,Week 1\nAda Lovelace,A\n", grid.SheetOptions{})
	wantLines(t, "marks", []string{"2: 1 in 41 absent"}, cells(s))
}

func TestASessionCanBeChosenForTheWholeFile(t *testing.T) {
	t.Parallel()
	s := read(t, "ref,mark\n0041815,P\n0041816,L\n", grid.SheetOptions{Session: 42})
	wantLines(t, "marks", []string{"2: 1 in 42 present", "3: 2 in 42 late"}, cells(s))
}

func TestDaysAreThoseOfTheInstitution(t *testing.T) {
	t.Parallel()
	g := term()
	g.Sessions[0].Starts = time.Date(2026, 11, 1, 23, 30, 0, 0, time.UTC)
	s, err := g.Read(file("ref,date,mark\n0041815,2026-11-02,P\n"), grid.SheetOptions{Zone: time.FixedZone("east", 3600)})
	if err != nil || len(s.Cells) != 1 || s.Cells[0].Session != 41 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTwoSessionsOfADayAreToldByTheirTime(t *testing.T) {
	t.Parallel()
	g := term()
	g.Sessions[1].Starts = g.Sessions[0].Starts.Add(6 * time.Hour)
	s, err := g.Read(file("ref,date,mark\n0041815,2026-11-02 15:15,P\n0041815,2026-11-02,P\n0041815,2026-11-02 9:15,A\n"), grid.SheetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, "marks", []string{"2: 1 in 42 present", "4: 1 in 41 absent"}, cells(s))
	wantLines(t, "rejects", []string{"3 date: There are 2 sessions on 2026-11-02. Give the time as well, such as 2026-11-02 10:15."}, rejects(s))
}

func TestAFileThatIsNotAboutMarksIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "It is empty",
		"ref,colour\n1,red\n":   "There is no column called mark",
		"date,mark\n":           "No column says which student",
		"ref,mark\n0041815,P\n": "No column says which session",
	} {
		_, err := term().Read(file(text), grid.SheetOptions{})
		var problem *table.FileError
		if !errors.As(err, &problem) || !strings.Contains(problem.Problem, want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// What a grid says comes back as it was, whoever wrote it.
func TestASheetOfTheGridChangesNothing(t *testing.T) {
	t.Parallel()
	g := term()
	s := read(t, "Reference,2026-11-02 09:15 Week 1,2026-11-09 09:15 Week 2\n0041815,P,\n0041816,A,E\n", grid.SheetOptions{})
	var edits []grid.Edit
	for _, c := range s.Cells {
		edits = append(edits, c.Edit)
	}
	if p := g.Make(edits, 100); p.Changes() != 0 || len(p.Commands) != 0 || len(p.Outcomes) != 3 {
		t.Errorf("%+v", p)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("ref,date,mark,note\n0041815,2026-11-02,late,bus\n")
	f.Add("name,Week 1,2.11.,9/11/26\nAda Lovelace,p,-,\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		g := term()
		s, err := g.Read(file(text), grid.SheetOptions{})
		if err != nil {
			return
		}
		known := map[attendance.SessionID]bool{41: true, 42: true, 43: true}
		for _, c := range s.Cells {
			if c.Person < 1 || c.Person > 2 || !known[c.Session] || c.Line < 2 {
				t.Fatalf("%q: %+v", text, c)
			}
		}
	})
}

func TestAListOfCorrectionsIsReadAsAFormHasIt(t *testing.T) {
	t.Parallel()
	s := read(t, "Student ID,Name,Date,What,Reason\n0041815,Ada Lovelace,2026-11-02,excused,ill\n41816,Alan Turing,2026-11-09,present,phone was flat\n", grid.SheetOptions{})
	wantLines(t, "cells", []string{"2: 1 in 41 excused (ill)", "3: 2 in 42 present (phone was flat)"}, cells(s))
	wantLines(t, "rejects", nil, rejects(s))
}
