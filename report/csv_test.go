package report_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/muster-live/muster/report"
)

func TestNoCellRunsAsAFormula(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"=1+1":               "'=1+1",
		"+49 30 1234":        "'+49 30 1234",
		"-5":                 "'-5",
		"@SUM(A1)":           "'@SUM(A1)",
		"\t=1":               "'\t'=1",
		"\r=1":               "'\r'=1",
		"＝1":                 "'＝1",
		"team away;=cmd":     "team away;'=cmd",
		"first\n=second":     "first\n'=second",
		"Smith-Jones":        "Smith-Jones",
		"a = b":              "a = b",
		"O'Neill, \"Peggy\"": "O'Neill, \"Peggy\"",
		"":                   "",
	} {
		got := readBack(t, report.CSV([][]string{{cell, "end"}}))
		if got[0] != want {
			t.Errorf("%q became %q, want %q", cell, got[0], want)
		}
	}
}

func readBack(t *testing.T, file []byte) []string {
	t.Helper()
	text, ok := strings.CutPrefix(string(file), "\ufeff")
	if !ok || !strings.HasSuffix(text, "\r\n") {
		t.Fatalf("%q does not begin and end as Excel wants it", file)
	}
	row, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func FuzzCSV(f *testing.F) {
	f.Add("=1", "a;-b")
	f.Add("\t\r\n=", "＝＝")
	f.Fuzz(func(t *testing.T, a, b string) {
		for field := range strings.FieldsFuncSeq(string(report.CSV([][]string{{a, b}}))[3:], func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
			if field = strings.TrimPrefix(field, `"`); field != "" && strings.ContainsRune("=+-@", rune(field[0])) {
				t.Fatalf("%q, %q: a spreadsheet may run %q", a, b, field)
			}
		}
	})
}
