package table_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	. "github.com/muster-live/muster/table"
)

// workbook makes a workbook as a spreadsheet program does.
func workbook(t testing.TB, fill func(*excelize.File)) File {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return text("book.xlsx", b.String())
}

// put writes rows of a sheet from the top.
func put(f *excelize.File, sheet string, rows ...[]any) {
	for i, row := range rows {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow(sheet, cell, &row); err != nil {
			panic(err)
		}
	}
}

// style gives a cell a number format.
func style(f *excelize.File, cell string, s excelize.Style) {
	id, err := f.NewStyle(&s)
	if err == nil {
		err = f.SetCellStyle("Sheet1", cell, cell, id)
	}
	if err != nil {
		panic(err)
	}
}

func TestWorkbookIsReadLikeCSV(t *testing.T) {
	t.Parallel()
	book := workbook(t, func(f *excelize.File) {
		put(f, "Sheet1", []any{"id", " Name ", "points", "there"}, []any{"0042", "Müller, Zoë", 2.5, true}, nil, []any{123456789012, "Jö  ", 1e7, false}, []any{nil, "x"})
		_ = f.SetCellRichText("Sheet1", "B5", []excelize.RichTextRun{{Text: "Ada "}, {Text: "Lovelace", Font: &excelize.Font{Bold: true}}})
	})
	wantLines(t, all(t, book, Options{}), "id | Name | points | there", "2: 0042 | Müller, Zoë | 2.5 | TRUE", "4: 123456789012 | Jö | 10000000 | FALSE", "5:  | Ada Lovelace |  | ")
}

func TestNumbersThatAreShownAsDatesAreDates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 9, 1, 10, 15, 0, 0, time.UTC)
	german, text := `dd.mm.yyyy;@`, `0.0 "days"`
	duration, month := `[h]:mm`, `mmmm\ yy`
	book := workbook(t, func(f *excelize.File) {
		put(f, "Sheet1", []any{"built in", "own", "both", "time", "long", "month", "number"},
			[]any{46266, 46266, at, 0.427083333333, 1.5, 46266, 46266},
			[]any{1, 59, 60, 61, -1, 5e6, ""})
		for cell, s := range map[string]excelize.Style{"A2": {NumFmt: 14}, "B2": {CustomNumFmt: &german}, "D2": {NumFmt: 20}, "E2": {CustomNumFmt: &duration},
			"F2": {CustomNumFmt: &month}, "G2": {CustomNumFmt: &text}, "A3": {NumFmt: 14}, "B3": {NumFmt: 14}, "D3": {NumFmt: 14}, "E3": {NumFmt: 14}, "F3": {NumFmt: 14}} {
			style(f, cell, s)
		}
	})
	wantLines(t, all(t, book, Options{}), "built in | own | both | time | long | month | number",
		"2: 2026-09-01 | 2026-09-01 | 2026-09-01 10:15 | 10:15 | 1900-01-01 12:00 | 2026-09-01 | 46266",
		"3: 1900-01-01 | 1900-02-28 | 60 | 1900-03-01 | -1 | 5000000 | ")
}

func TestDaysOfAWorkbookThatCountsFrom1904(t *testing.T) {
	t.Parallel()
	yes := true
	book := workbook(t, func(f *excelize.File) {
		_ = f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes})
		put(f, "Sheet1", []any{"day"}, []any{44804})
		style(f, "A2", excelize.Style{NumFmt: 14})
	})
	wantLines(t, all(t, book, Options{}), "day", "2: 2026-09-01")
}

// A formula counts by the value that the spreadsheet program has left in the file.
func TestFormulasAndErrors(t *testing.T) {
	t.Parallel()
	sheet := `<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="str"><f>"na"&amp;"me"</f><v>name</v></c></row>
		<row r="2"><c r="A2"><f>1+41</f><v>42</v></c><c r="B2" t="str"><f>UPPER("a")</f><v>A</v></c></row>
		<row r="3"><c r="A3"><f>1+1</f></c><c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>
		<row><c><v>4</v></c><c t="s"><v>99</v></c></row>`
	wantLines(t, all(t, handmade(t, "", sheet, ""), Options{}), "id | name", "2: 42 | A",
		"3: (It is a formula whose value is not in the file. Open the file in a spreadsheet program and save it again, or put the value in its place.) | (It is an error, #DIV/0!. Put the value in its place.)",
		"4: 4 | (It refers to a text that is not in the file. Open the file in a spreadsheet program and save it again.)")
}

func TestMergedCellsSayTheSameInEachOfTheirRows(t *testing.T) {
	t.Parallel()
	book := workbook(t, func(f *excelize.File) {
		put(f, "Sheet1", []any{"Students of CS101"}, nil, []any{"course", "id", "name"}, []any{"CS101", 1, "Ada"}, []any{nil, 2, "Alan"}, []any{"CS102", 3, "Grace"}, []any{"", 4, "both names"})
		for _, r := range []string{"A1:C1", "A4:A5", "B7:C7"} {
			first, last, _ := strings.Cut(r, ":")
			if err := f.MergeCell("Sheet1", first, last); err != nil {
				t.Fatal(err)
			}
		}
	})
	got := all(t, book, Options{})
	wantLines(t, got, "course | id | name", "4: CS101 | 1 | Ada", "5: CS101 | 2 | Alan", "6: CS102 | 3 | Grace", "7:  | 4 | ")
}

func TestSheetIsChosen(t *testing.T) {
	t.Parallel()
	book := workbook(t, func(f *excelize.File) {
		_ = f.SetSheetName("Sheet1", "secret")
		for _, name := range []string{"Autumn", "Spring", "Empty"} {
			_, _ = f.NewSheet(name)
			if name != "Empty" {
				put(f, name, []any{name}, []any{1})
			}
		}
		_ = f.SetSheetVisible("secret", false)
		f.SetActiveSheet(1)
		_ = f.SetSheetVisible("secret", false)
	})
	wantLines(t, all(t, book, Options{}), "Autumn", "2: 1")
	wantLines(t, all(t, book, Options{Sheet: " spring "}), "Spring", "2: 1")
	for sheet, want := range map[string]string{"Summer": `There is no sheet "Summer"; there are ["Autumn" "Spring" "Empty"].`, "Empty": `The sheet "Empty" is empty. Say which sheet is meant`} {
		if _, err := Open(book, Options{Sheet: sheet}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", sheet, err)
		}
	}
}

// Other programs write other prefixes, paths and orders than excelize does.
func TestWorkbookOfAnotherProgram(t *testing.T) {
	t.Parallel()
	rows := `<x:row r="2"><x:c r="B2" t="inlineStr"><x:is><x:r><x:t>na</x:t></x:r><x:r><x:t>me</x:t></x:r><x:rPh><x:t>NO</x:t></x:rPh></x:is></x:c></x:row><x:row r="5"><x:c r="B5"><x:v>1.2E+3</x:v></x:c></x:row>`
	wantLines(t, all(t, handmade(t, "x:", rows, `<x:mergeCells count="1"><x:mergeCell ref="B5:B6"/></x:mergeCells>`), Options{}), " | name", "5:  | 1200")
}

// handmade is a workbook with one sheet of these rows, whose elements have a prefix.
func handmade(t testing.TB, prefix, rows, after string) File {
	t.Helper()
	tag := func(name, inside string) string {
		return "<" + prefix + name + ">" + inside + "</" + prefix + name + ">"
	}
	return zipped(t, map[string]string{
		"_rels/.rels":                 `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="/book/w.xml"/></Relationships>`,
		"book/w.xml":                  tag("workbook", tag("sheets", `<`+prefix+`sheet name="One" r:id="r2"/>`)),
		"book/_rels/w.xml.rels":       `<Relationships><Relationship Id="r2" Type="http://x/worksheet" Target="sheets/../sheets/one.xml"/></Relationships>`,
		"book/sheets/one.xml":         `<?xml version="1.0"?>` + tag("worksheet", tag("sheetData", rows)+after),
		"[Content_Types].xml":         `<Types/>`,
		"docProps/thumbnail.jpeg":     "JFIF",
		"book/printerSettings/x1.bin": "x",
	})
}

func zipped(t testing.TB, parts map[string]string) File {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range parts {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return text("book.xlsx", b.String())
}

func TestWorkbookThatDoesHarmOrIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	wide := `<row><c r="ZZZ1"><v>1</v></c></row>`
	long := `<row>` + strings.Repeat(`<c t="inlineStr"><is><t>`+strings.Repeat("long ", 1<<14)+`</t></is></c>`, 14) + `</row>`
	for name, tt := range map[string]struct {
		file File
		want string
	}{
		"a bomb":        {zipped(t, map[string]string{"xl/workbook.xml": strings.Repeat(" ", 32<<20)}), "unpacks to more than a table would"},
		"another zip":   {zipped(t, map[string]string{"a.txt": "x"}), "This is a zip, but no workbook (XLSX)"},
		"cut off":       {text("book.xlsx", "PK\x03\x04 and so on"), "This is not a workbook (XLSX) that can be read"},
		"an old one":    {text("book.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "This is an old workbook (.xls), or one with a password."},
		"too wide":      {handmade(t, "", wide, ""), "book.xlsx:1: The row has more than 2000 columns."},
		"a long row":    {handmade(t, "", long, ""), "book.xlsx:1: The row has more than 1024 kB."},
		"no sheet":      {workbookWithout(t), "The workbook is damaged: its part book/sheets/one.xml is not there."},
		"no XML":        {handmade(t, "", "<row><c><v>1</c", ""), "It cannot be read to its end"},
		"nothing":       {handmade(t, "", "", ""), "It is empty; the first line must have the names of the columns."},
		"bad headings":  {handmade(t, "", `<row><c t="e"><v>#REF!</v></c></row>`, ""), "book.xlsx:1: A1: It is an error, #REF!."},
		"its own texts": {handmade(t, "", `<!DOCTYPE x [<!ENTITY a "b">]><row><c t="str"><v>&a;</v></c></row>`, ""), "It cannot be read to its end"},
	} {
		_, err := Open(tt.file, Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, tt.want)
		}
	}
}

func workbookWithout(t testing.TB) File {
	t.Helper()
	return zipped(t, map[string]string{
		"_rels/.rels":           `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="/book/w.xml"/></Relationships>`,
		"book/w.xml":            `<workbook><sheets><sheet name="One" r:id="r2"/></sheets></workbook>`,
		"book/_rels/w.xml.rels": `<Relationships><Relationship Id="r2" Type="http://x/worksheet" Target="sheets/one.xml"/></Relationships>`,
	})
}

func FuzzWorkbook(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row><row><c s="1"><f>1</f><v>2</v></c></row>`, `<mergeCells><mergeCell ref="A1:B7"/></mergeCells>`)
	f.Fuzz(func(t *testing.T, rows, after string) {
		table, err := Open(handmade(t, "", rows, after), Options{})
		if err != nil {
			return
		}
		defer table.Close()
		for range 1000 {
			if table.Next() != nil {
				return
			}
		}
	})
}
