package main

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/muster-live/muster/store/sqlite"
)

// muster runs the program and returns all that it prints.
func muster(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	var out bytes.Buffer
	code = run(t.Context(), args, &out, &out)
	return code, out.String()
}

// tamper changes a database as somebody could who has its file.
func tamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// held has two sessions in it, of which a demo's past term has marks, closings and all.
func held(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if code, printed := muster(t, "import", list(t, ""), "--data", dir, "--course", "CS101", "--apply"); code != exitOK {
		t.Fatal(printed)
	}
	loadOneSession(t, dir, "3")
	return dir
}

func TestAuditVerifyFindsWhoChangedThePast(t *testing.T) {
	t.Parallel()
	const free = `DROP TRIGGER events_stay; DROP TRIGGER events_remain; DROP TRIGGER audit_stays; DROP TRIGGER audit_remains`
	for name, c := range map[string]struct{ statement, want string }{
		"a mark's author":        {`UPDATE events SET actor_id = 99 WHERE seq = 1`, "have been changed|has been changed"},
		"an event removed":       {`DELETE FROM events WHERE seq = 1`, "session"},
		"an audit row changed":   {`UPDATE audit SET detail = '{}' WHERE action LIKE 'change set%'`, "row . of the audit"},
		"the last session's end": {`UPDATE sessions SET seq = 0`, "ends with event"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := held(t)
			code, printed := muster(t, "audit", "verify", "--data", dir)
			if code != exitOK || !strings.Contains(printed, "Nothing has been changed") {
				t.Fatalf("before: code %d, %s", code, printed)
			}
			tamper(t, dir, free, c.statement)
			code, printed = muster(t, "audit", "verify", "--data", dir)
			if code != exitFailed || !regexp.MustCompile(c.want).MatchString(printed) {
				t.Errorf("afterwards: code %d, %s", code, printed)
			}
		})
	}
}

func TestThePastCannotBeChangedByAccident(t *testing.T) {
	t.Parallel()
	dir := held(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{`DELETE FROM events`, `UPDATE events SET note = 'x'`, `DELETE FROM audit`, `UPDATE audit SET actor = 0`} {
		if _, err := db.ExecContext(t.Context(), s); err == nil {
			t.Errorf("%s was carried out", s)
		}
	}
}

func TestAnImportIsListedShownAndTakenBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code, printed := muster(t, "import", list(t, ""), "--data", dir, "--course", "CS101", "--apply"); code != exitOK {
		t.Fatal(printed)
	}
	if code, printed := muster(t, "changes", "--data", dir); code != exitOK || !strings.Contains(printed, "my list.csv") || !strings.Contains(printed, "command line") {
		t.Errorf("list: code %d, %s", code, printed)
	}
	if code, printed := muster(t, "changes", "show", "1", "--data", dir); code != exitOK || strings.Count(printed, "\n") != 5 || !strings.Contains(printed, "Ada Lovelace") {
		t.Errorf("show: code %d, %s", code, printed)
	}
	if code, printed := muster(t, "changes", "undo", "1", "--data", dir); code != exitOK || !strings.Contains(printed, "5 things are as they were") {
		t.Errorf("undo: code %d, %s", code, printed)
	}
	if code, printed := muster(t, "changes", "undo", "1", "--data", dir); code != exitFailed || !strings.Contains(printed, "undone already") {
		t.Errorf("undo again: code %d, %s", code, printed)
	}
	if code, printed := muster(t, "audit", "lovelace", "--data", dir); code != exitOK || !strings.Contains(printed, "person") {
		t.Errorf("audit: code %d, %s", code, printed)
	}
}
