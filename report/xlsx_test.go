package report_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/muster-live/muster/report"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// workbook is a file as a spreadsheet reads it.
func workbook(t testing.TB, fill func(report.Writer)) *excelize.File {
	t.Helper()
	var b bytes.Buffer
	w := report.NewXLSX(&b, berlin)
	fill(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCellsOfAWorkbookKeepTheirKind(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 15, 30, 0, time.UTC)
	f := workbook(t, func(w report.Writer) {
		must(t, w.Sheet("All kinds", []report.Column{{Key: "a", Heading: "A"}, {Key: "b", Heading: "<B> & 'B'"}}))
		must(t, w.Row(report.Text("=1+1"), report.Text("0042"), report.Number(3.5), report.Share(1, 3), report.Moment(at), report.Text(""), report.Text("end")))
		must(t, w.Row(report.Text(" <a href=\"x\">\x00\x01é\n& 学"), report.Share(0, 0), report.Moment(time.Time{})))
	})
	rows, err := f.GetRows("All kinds")
	must(t, err)
	want := [][]string{{"A", "<B> & 'B'"}, {"=1+1", "0042", "3.5", "33.3%", "2026-11-23 10:15:30", "", "end"}, {" <a href=\"x\">\ufffd\ufffdé\n& 学"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeInlineString, "B2": excelize.CellTypeInlineString, "C2": excelize.CellTypeUnset} {
		if got, err := f.GetCellType("All kinds", cell); got != want || err != nil {
			t.Errorf("%s is of kind %v (%v), want %v", cell, got, err, want)
		}
		if formula, err := f.GetCellFormula("All kinds", cell); formula != "" || err != nil {
			t.Errorf("%s has the formula %q (%v)", cell, formula, err)
		}
	}
}

func TestSheetsHaveNamesThatSpreadsheetsTake(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Übung ", 10)
	f := workbook(t, func(w report.Writer) {
		for _, name := range []string{"A/B: [c]?*", long, long, "x", "X", "''"} {
			must(t, w.Sheet(name, []report.Column{{Key: "a", Heading: name}}))
		}
	})
	want := []string{"A B   c", "Übung Übung Übung Übung Übung Ü", "Übung Übung Übung Übung Übung 2", "x", "X 2"}
	got := f.GetSheetList()
	if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
		t.Error(diff)
	}
	for _, name := range got {
		if n := len([]rune(name)); n == 0 || n > 31 {
			t.Errorf("%q has %d characters", name, n)
		}
	}
}

// A table that is longer than a sheet goes on in another, with its headings.
func TestLongTablesGoOnInAnotherSheet(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a million rows")
	}
	t.Parallel()
	var b bytes.Buffer
	w := report.NewXLSX(&b, time.UTC)
	must(t, w.Sheet("Marks", []report.Column{{Key: "n", Heading: "N"}}))
	const rows = 1<<20 + 10
	for i := range rows {
		must(t, w.Row(report.Number(i)))
	}
	must(t, w.Close())
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	must(t, err)
	for sheet, want := range map[int]int{1: 1 << 20, 2: rows - (1<<20 - 1) + 1} {
		part, err := z.Open(fmt.Sprintf("xl/worksheets/sheet%d.xml", sheet))
		must(t, err)
		text, err := io.ReadAll(part)
		must(t, err)
		if got := bytes.Count(text, []byte("<row>")); got != want || bytes.Count(text, []byte(">N<")) != 1 {
			t.Errorf("sheet %d has %d rows, want %d with the heading", sheet, got, want)
		}
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add("=1", "Marks")
	f.Add("\xff\x00]]>&", "[]:*?/\\'")
	f.Fuzz(func(t *testing.T, text, name string) {
		var b bytes.Buffer
		w := report.NewXLSX(&b, time.UTC)
		must(t, w.Sheet(name, []report.Column{{Key: text, Heading: text}}))
		must(t, w.Row(report.Text(text)))
		must(t, w.Close())
		z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		must(t, err)
		for _, part := range z.File {
			r, err := part.Open()
			must(t, err)
			for d := xml.NewDecoder(r); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v", part.Name, err)
				}
			}
		}
	})
}

// failing takes so many bytes and no more.
type failing int

var errFull = errors.New("full")

func (f *failing) Write(b []byte) (int, error) {
	if *f -= failing(len(b)); *f < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWritersSayThatTheirFileCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(io.Writer) report.Writer{
		"csv":  func(w io.Writer) report.Writer { return report.NewCSV(w, time.UTC) },
		"xlsx": func(w io.Writer) report.Writer { return report.NewXLSX(w, time.UTC) },
		"json": report.NewJSON,
	} {
		for _, room := range []failing{0, 200, 100_000} {
			w := open(&room)
			_ = w.Sheet("S", []report.Column{{Key: "a", Heading: "A"}})
			for i := range 200_000 {
				_ = w.Row(report.Number(i * 7919))
			}
			if err := w.Close(); !errors.Is(err, errFull) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
