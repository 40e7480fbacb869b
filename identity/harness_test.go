package identity_test

import (
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/store/sqlite"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// school is accounts over a real database with a few people in it.
type school struct {
	*identity.Accounts
	t     testing.TB
	db    *sql.DB
	clock *clock

	mu    sync.Mutex
	ended []attendance.PersonID
}

const (
	ada    attendance.PersonID = iota + 1 // administers, and is in course 1
	turing                                // teaches course 1
	tess                                  // assists in course 2, is a student of course 1
	sam                                   // student of course 1
	zoe                                   // student of course 1, switched off
)

func newSchool(t testing.TB) *school {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &school{t: t, clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}}
	if s.db, err = sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName)+"?_pragma=busy_timeout(10000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s.exec(`INSERT INTO people (id, given, family, username, admin, active, created_at, updated_at) VALUES
		(1, 'Ada', 'Admin', 'ada', 1, 1, 0, 0), (2, 'Alan', 'Turing', 'turing', 0, 1, 0, 0),
		(3, 'Tess', 'Tutor', NULL, 0, 1, 0, 0), (4, 'Sam', 'Student', NULL, 0, 1, 0, 0), (5, 'Zoe', 'Gone', 'zoe', 0, 0, 0, 0)`)
	s.exec(`INSERT INTO courses (id, code, title, on_close, code_step, code_grace) VALUES (1, 'CS101', 'Algorithms', 'absent', 5000, 1), (2, 'BIO', 'Botany', 'absent', 5000, 1)`)
	s.exec(`INSERT INTO enrolments (course_id, person_id, role) VALUES (1, 1, 'student'), (1, 2, 'teacher'), (2, 3, 'assistant'), (1, 3, 'student'), (1, 4, 'student'), (1, 5, 'student')`)
	s.Accounts, err = identity.New(t.Context(), store, s.clock.Now, func(p attendance.PersonID) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = append(s.ended, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *school) exec(query string, args ...any) {
	s.t.Helper()
	if _, err := s.db.ExecContext(s.t.Context(), query, args...); err != nil {
		s.t.Fatal(err)
	}
}

// viewer returns whom a token stands for now.
func (s *school) viewer(token string) identity.Viewer {
	s.t.Helper()
	v, err := s.Authenticate(s.t.Context(), token)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

const goodPassword = "correct horse battery"

// joined has a person use a join link to choose username and password, and returns
// the token of the sign-in.
func (s *school) joined(p attendance.PersonID, username string) string {
	s.t.Helper()
	token, person, err := s.Join(s.t.Context(), s.invited(p), username, goodPassword, "test")
	if err != nil || person != p {
		s.t.Fatalf("join: person %d, %v", person, err)
	}
	return token
}

// invited returns the token of a new join link.
func (s *school) invited(p attendance.PersonID) string {
	s.t.Helper()
	made, err := s.Invite(s.t.Context(), ada, p)
	if err != nil {
		s.t.Fatal(err)
	}
	return made.Token
}

// refused checks that err is a refusal with this code and, if it is given, field.
func refused(t testing.TB, err error, code attendance.Code, field string) *attendance.Error {
	t.Helper()
	e := attendance.AsError(err)
	if err == nil || e.Code != code || e.Field != field {
		t.Fatalf("got %v, want a refusal with code %s and field %q", err, code, field)
	}
	return e
}
