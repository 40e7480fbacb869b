package sqlite

import (
	"strings"
	"testing"
)

func TestADatabaseFromTheFutureIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err = Open(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "newer muster") {
		t.Errorf("opened a schema of version 9999: %v", err)
	}
}

func TestADatabaseIsInUseWhileItIsOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if used, err := InUse(t.Context(), dir); used != want || err != nil {
			t.Errorf("in use: %v, %v; want %v", used, err, want)
		}
		s.Close()
	}
	if used, err := InUse(t.Context(), t.TempDir()); used || err == nil {
		t.Errorf("a database that there is not: in use %v, %v", used, err)
	}
}
