package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/muster-live/muster/roster"
)

// runImport runs `muster import` with the given arguments.
func runImport(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"import"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// list is a plain CSV file of two people.
func list(t *testing.T, more string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "my list.csv")
	text := "Matrikel;Nachname;Vorname;Handy\n0042;Lovelace;Ada;555\n0043;Turing;Alan;556\n" + more
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportShowsWhatItWouldDoAndHowToDoIt(t *testing.T) {
	t.Parallel()
	data, path := t.TempDir(), list(t, "")
	code, out, _ := runImport(t, path, "--data", data, "--course", "CS101")
	want := `              add  change  end
       terms    0       0    0
     courses    1       0    0
      people    2       0    0
  enrolments    2       0    0

0 rows rejected, 0 change nothing.

add  course     my list.csv:1  CS101         code CS101
add  person     my list.csv:2  Ada Lovelace  
add  person     my list.csv:3  Alan Turing   
add  enrolment  my list.csv:2  Ada Lovelace  student in CS101
add  enrolment  my list.csv:3  Alan Turing   student in CS101

Note: my list.csv: family is "Nachname", given is "Vorname", ref is "Matrikel"
Not kept: my list.csv: Handy

Nothing was changed. To do it:
  muster import '` + path + `' --data ` + data + ` --course CS101 --apply
`
	if code != 0 || out != want {
		t.Errorf("exit code %d\ngot:\n%s\nwant:\n%s", code, out, want)
	}

	if code, out, _ := runImport(t, path, "--data", data, "--course", "CS101", "--apply"); code != 0 || !strings.Contains(out, "The import is done.") {
		t.Errorf("applying: exit code %d\n%s", code, out)
	}
	if code, out, _ := runImport(t, path, "--data", data, "--course", "CS101"); code != 0 || !strings.HasSuffix(out, "There is nothing to change.\n") {
		t.Errorf("the same again: exit code %d\n%s", code, out)
	}
}

func TestImportWithRejectsFailsAndSaysWhere(t *testing.T) {
	t.Parallel()
	data, path := t.TempDir(), list(t, "0043;An;Other;\n")
	const reject = "reject  person     my list.csv:4  Other An"
	code, out, errs := runImport(t, path, "--data", data, "--course", "CS101", "--apply")
	if code != 1 || !strings.Contains(out, reject) || !strings.Contains(errs, "1 row is rejected, so nothing was imported.") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	code, out, errs = runImport(t, path, "--data", data, "--course", "CS101", "--apply", "--allow-rejects")
	if code != 1 || !strings.Contains(out, "The import is done.") || errs != "muster: some rows are rejected\n" {
		t.Errorf("with rejects allowed: exit code %d, %s\n%s", code, errs, out)
	}
}

func TestImportPrintsJSON(t *testing.T) {
	t.Parallel()
	code, out, _ := runImport(t, list(t, ""), "--data", t.TempDir(), "--course", "CS101", "--json", "--map", "ref=Matrikel", "--map", "family=Nachname")
	var p roster.Preview
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	if p.Counts.People.Add != 2 || len(p.Digest) != 32 || p.Applied || len(p.Rows) != 5 {
		t.Errorf("got %+v", p)
	}
}

func TestColumnsWithCommasCanBeMapped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("Nr.;\"Nachname, Vorname\"\n0042;\"Lovelace, Ada\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runImport(t, path, "--data", t.TempDir(), "--course", "CS101", "--map", "ref=Nr.", "--map", "name=Nachname, Vorname")
	if code != 0 || !strings.Contains(out, "Ada Lovelace") || !strings.Contains(out, "--map 'name=Nachname, Vorname' --map ref=Nr. --apply") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}

func TestRejectedRowsAndAllRowsAreWrittenToFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list, rejects, rows := filepath.Join(dir, "list.csv"), filepath.Join(dir, "mend.csv"), filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(list, []byte("id;name;email\n1;Ada Lovelace;\n2;Alan Turing;nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runImport(t, list, "--data", dir, "--course", "CS101", "--rejects", rejects, "--all-rows", rows)
	if code != 1 || !strings.Contains(out, "The rows that are rejected are in "+rejects) {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	for path, want := range map[string]string{
		rejects: "\ufeffid;name;email;why muster rejected it\r\n2;Alan Turing;nowhere;email: It must be an address with an @.\r\n",
		rows: "\ufeffchange,what,file,line,name,detail\r\nreject,person,list.csv,3,Alan Turing,email: It must be an address with an @.\r\n" +
			"add,course,list.csv,1,CS101,code CS101\r\nadd,person,list.csv,2,Ada Lovelace,\r\nadd,enrolment,list.csv,2,Ada Lovelace,student in CS101\r\n",
	} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: %v, got %q\nwant %q", path, err, got, want)
		}
	}
}

func TestImportThatCannotBeSaysWhy(t *testing.T) {
	t.Parallel()
	path := list(t, "")
	for want, args := range map[string][]string{
		"say with --course CODE which course the people are in": {path},
		"no such file": {"missing.csv"},
		"manifest.csv: There is no such file. A OneRoster bundle": {filepath.Dir(path), "--format", "oneroster"},
		`it has no column "Name"`:                                 {path, "--course", "CS101", "--map", "name=Name"},
		"these 2 are none of them":                                {path, path},
	} {
		code, out, errs := runImport(t, append(args, "--data", t.TempDir())...)
		if code != 1 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: exit code %d, %q\nwant %q", args, code, errs, want)
		}
	}
}
