package main

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/store/sqlite"
)

// manyMarks makes a past term with 90,000 marks in it, so that an export takes a while.
// The numbers of its rows are out of the way of all others.
var manyMarks = []string{
	`INSERT INTO people (id, given, family, created_at, updated_at) SELECT 1000000 + n, 'Given' || n, 'Family' || n, 0, 0 FROM numbers WHERE n <= 3000`,
	`INSERT INTO courses (id, code, title, on_close, code_step, code_grace) VALUES (1000000, 'PAST', 'Past term', 'absent', 5000, 1)`,
	`INSERT INTO enrolments (course_id, person_id, role) SELECT 1000000, 1000000 + n, 'student' FROM numbers WHERE n <= 3000`,
	`INSERT INTO sessions (id, course_id, title, starts_at, status, opened_at, closed_at, secret, seq) SELECT 1000000 + n, 1000000, 'Week ' || n, n * 1000, 'closed', n * 1000, n * 1000 + 1, BLOB, 0 FROM numbers WHERE n <= 30`,
	`INSERT INTO marks (session_id, person_id, mark, at, source, actor_id, note) SELECT 1000000 + s.n, 1000000 + p.n, 'present', s.n * 1000, 'code', 1000000 + p.n, '' FROM numbers s, numbers p WHERE s.n <= 30 AND p.n <= 3000`,
}

func fillSQLite(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range manyMarks {
		q = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000) ` + replaceBlob(q, "zeroblob(32)")
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%v in %s", err, q)
		}
	}
}

func fillPostgres(t *testing.T, url string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for _, q := range manyMarks {
		q = `WITH numbers (n) AS (SELECT generate_series(1, 3000)) ` + replaceBlob(q, `decode(repeat('00', 32), 'hex')`)
		if _, err := db.Exec(t.Context(), q); err != nil {
			t.Fatalf("%v in %s", err, q)
		}
	}
}

func replaceBlob(q, with string) string {
	return string(bytes.ReplaceAll([]byte(q), []byte("BLOB"), []byte(with)))
}

func changesQuery() changes.Query { return changes.Query{Limit: changes.MaxPage} }

// checkWorkbook reads a workbook through.
func checkWorkbook(b []byte) error {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		if _, err := new(bytes.Buffer).ReadFrom(r); err != nil {
			return err
		}
	}
	return nil
}
