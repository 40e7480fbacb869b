package table_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/muster-live/muster/table"
)

// text is a file with this text in it.
func text(name, content string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// all reads a table: the headings, then its rows, each as "3: a | b", or with what is
// wrong with it.
func all(t testing.TB, f File, o Options) (lines []string) {
	t.Helper()
	table, err := Open(f, o)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	lines = append(lines, strings.Join(table.Headings, " | "))
	for {
		err := table.Next()
		var bad *RowError
		switch {
		case err == io.EOF:
			return lines
		case errors.As(err, &bad):
			lines = append(lines, err.Error())
			continue
		case err != nil:
			t.Fatal(err)
		}
		var cells []string
		for i := range table.Headings {
			cell := table.Cell(i)
			if problem := table.Problem(i); problem != "" {
				cell = "(" + problem + ")"
			}
			cells = append(cells, cell)
		}
		lines = append(lines, strings.TrimPrefix(table.Origin.String(), f.Name+":")+": "+strings.Join(cells, " | "))
	}
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFieldsAreDividedByWhatTheHeadingsHaveMostOf(t *testing.T) {
	t.Parallel()
	for _, d := range []string{",", ";", "\t", "|"} {
		got := all(t, text("a.csv", strings.ReplaceAll("id,a.b,x\n1,\"2,3\",4\n", ",", d)), Options{})
		wantLines(t, got, "id | a.b | x", "2: 1 | 2"+d+"3 | 4")
	}
}

// What muster itself wrote so that no spreadsheet runs it, comes back as it was.
func TestApostropheBeforeAFormulaIsNotPartOfTheText(t *testing.T) {
	t.Parallel()
	got := all(t, text("a.csv", "id,name\n1,'=cmd()\n2,'s-Gravenhage\n3,'-\n"), Options{})
	wantLines(t, got, "id | name", "2: 1 | =cmd()", "3: 2 | 's-Gravenhage", "4: 3 | -")
}

func TestDaysAreReadInTheOrderThatTheWholeColumnShows(t *testing.T) {
	t.Parallel()
	for column, want := range map[string][]string{
		"2026-09-01,2026-12-24":          {"2026-09-01", "2026-12-24"},
		"1.9.2026,24.12.26":              {"2026-09-01", "2026-12-24"},
		"9/1/2026,12/24/2026":            {"2026-09-01", "2026-12-24"},
		"9/1/26,12/24/26":                {"2026-09-01", "2026-12-24"},
		"1/9/2026,24/12/2026":            {"2026-09-01", "2026-12-24"},
		"01-09-2026,24-12-2026":          {"2026-09-01", "2026-12-24"},
		"9/1/26,2026-12-24,1.2.27,13.13": {"?", "2026-12-24", "2027-02-01", "?"},
		"8/1/15,6/1/16,8/31/15":          {"2015-08-01", "2016-06-01", "2015-08-31"},
		"1/1/2026,5/5/2026":              {"?", "?"}, // the same either way; the order is not asked for
		"2026-09-01 10:15,2026-09-02T00": {"2026-09-01", "2026-09-02"},
		"2026-02-30,30/2/2026,2/2026,":   {"?", "?", "?", "?"},
	} {
		var guess DayGuess
		for _, s := range strings.Split(column, ",") {
			guess.See(s)
		}
		order, err := guess.Order()
		if strings.HasPrefix(column, "9/1/26,2026") {
			if err == nil || !strings.Contains(err.Error(), "9/1/26 can be read with the month first or with the day first") {
				t.Errorf("%s: got %v", column, err)
			}
		} else if err != nil {
			t.Errorf("%s: %v", column, err)
		}
		var got []string
		for _, s := range strings.Split(column, ",") {
			day, ok := ParseDay(s, order)
			if !ok {
				day = "?"
			}
			got = append(got, day)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", column, diff)
		}
	}
}

func TestColumnThatWritesDaysInTwoOrdersIsRefused(t *testing.T) {
	t.Parallel()
	_, err := GuessDays(text("a.csv", "id,start\n1,9/25/2026\n2,25/9/2026\n"), Options{}, "start", "end")
	if err == nil || !strings.Contains(err.Error(), "a.csv: start: some of its days have the month first and some the day:") {
		t.Errorf("got %v", err)
	}
}

func TestIDsAreFoundWithoutTheirZeros(t *testing.T) {
	t.Parallel()
	var ids IDs
	for _, id := range []string{"0042", "007", "07", "u9", "000", "15"} {
		ids.Add(id)
	}
	for id, want := range map[string]string{
		"42": "0042", "7": "", // 007 or 07?
		"042": "", "9": "", "0": "000", "15": "15", "": "", "u9": "",
	} {
		if got, ok := ids.Find(id); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", id, got, ok)
		}
	}
	for id, want := range map[string]bool{"1.23457E+11": true, "1E+05": true, "1,2E+10": true, "E+11": false, "12E+11": false, "123": false} {
		if got := Shortened(id); got != want {
			t.Errorf("shortened %q: got %v", id, got)
		}
	}
}
