package move_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/demo"
	"github.com/muster-live/muster/rig"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/move"
	"github.com/muster-live/muster/store/postgres"
	"github.com/muster-live/muster/store/sqlite"
)

// university returns a demo's university, with a past term in it.
func university(t *testing.T) *sqlite.Store {
	t.Helper()
	dir := t.TempDir()
	if _, err := demo.Open(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return installation(t, dir)
}

// installation opens the database in a directory.
func installation(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// databases starts a PostgreSQL and returns a function that makes databases in it.
func databases(t *testing.T) func(name string) *postgres.Store {
	t.Helper()
	dir, err := os.MkdirTemp("", "muster-move-") // t.TempDir cannot be reached by PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	p, err := rig.StartPostgres(t.Context(), dir, rig.ForTests)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		os.RemoveAll(dir)
	})
	return func(name string) *postgres.Store {
		t.Helper()
		url, err := p.NewDatabase(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
}

func quietly(string, string, int64) {}

func rows(sums []move.Sum, table string) int64 {
	return sums[slices.IndexFunc(sums, func(s move.Sum) bool { return s.Table == table })].Rows
}

func TestAMovedInstallationIsTheSameAndGoesOn(t *testing.T) {
	t.Parallel()
	from, newDatabase := university(t), databases(t)
	to := newDatabase("whole")
	sums, err := move.Move(t.Context(), from, to, false, quietly)
	if err != nil {
		t.Fatal(err)
	}
	if people, events := rows(sums, "people"), rows(sums, "events"); people < 390 || events < 5000 {
		t.Errorf("%d people and %d events were moved", people, events)
	}
	for _, person := range []attendance.PersonID{5, 50, 350} {
		want, err := from.History(t.Context(), person)
		if err != nil {
			t.Fatal(err)
		}
		got, err := to.History(t.Context(), person)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("history of person %d (-sqlite +postgres):\n%s", person, diff)
		}
	}
	// New rows get ids that nobody has.
	if _, err := to.AddPerson(t.Context(), attendance.Author{}, roster.Person{Family: "New"}, time.Now()); err != nil {
		t.Error(err)
	}
	if _, err := to.AddSession(t.Context(), roster.Schedule(1, "New", time.Now())); err != nil {
		t.Error(err)
	}
}

func TestMovingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	from, newDatabase := university(t), databases(t)
	to := newDatabase("again")
	first, err := move.Move(t.Context(), from, to, false, quietly)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := move.Move(t.Context(), from, to, false, quietly); !errors.Is(err, move.ErrThere) {
		t.Errorf("the same again: %v", err)
	}
	if _, err := to.AddPerson(t.Context(), attendance.Author{}, roster.Person{Family: "Somebody"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := move.Move(t.Context(), from, to, false, quietly); !errors.Is(err, move.ErrOther) {
		t.Errorf("over other data: %v", err)
	}
	if found, _, err := to.People(t.Context(), roster.Page{Query: "somebody", Limit: 1}); len(found) != 1 || err != nil {
		t.Errorf("the refused move changed something: %v, %v", found, err)
	}
	replaced, err := move.Move(t.Context(), from, to, true, quietly)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, replaced); diff != "" {
		t.Errorf("replaced (-first +replaced):\n%s", diff)
	}
}

func TestAMoveThatIsInterruptedHasNotHappened(t *testing.T) {
	t.Parallel()
	from, newDatabase := university(t), databases(t)
	to := newDatabase("interrupted")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := move.Move(ctx, from, to, false, func(doing, table string, _ int64) {
		if table == "events" {
			cancel()
		}
	})
	if err == nil {
		t.Fatal("it went on")
	}
	if found, _, err := to.People(t.Context(), roster.Page{Limit: 1}); len(found) != 0 || err != nil {
		t.Errorf("half of it is there: %v, %v", found, err)
	}
	if _, err := move.Move(t.Context(), from, to, false, quietly); err != nil {
		t.Errorf("run again: %v", err)
	}
}

// A table that the mover does not know would be left behind silently.
func TestEveryTableIsMoved(t *testing.T) {
	t.Parallel()
	from, newDatabase := installation(t, t.TempDir()), databases(t)
	sums, err := move.Move(t.Context(), from, newDatabase("tables"), false, quietly)
	if err != nil {
		t.Fatal(err)
	}
	var moved []string
	for _, s := range sums {
		moved = append(moved, s.Table)
	}
	slices.Sort(moved)
	var there []string
	err = from.View(t.Context(), func(tx *sql.Tx) error {
		found, err := tx.Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`)
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var name string
			if err := found.Scan(&name); err != nil {
				return err
			}
			there = append(there, name)
		}
		return found.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(there, moved); diff != "" {
		t.Errorf("tables (-there +moved):\n%s", diff)
	}
}

func TestWhatDoesNotFitIsNamed(t *testing.T) {
	t.Parallel()
	newDatabase := databases(t)
	for name, family := range map[string]string{"zero": "Zero\x00", "latin1": "M\xfcller"} {
		from, to := installation(t, t.TempDir()), newDatabase(name)
		if _, err := from.AddPeople(t.Context(), make([]roster.Person, 5), time.Now()); err != nil {
			t.Fatal(err)
		}
		unfit, err := from.AddPerson(t.Context(), attendance.Author{}, roster.Person{Family: family}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, err = move.Move(t.Context(), from, to, false, quietly)
		if want := fmt.Sprintf("family of row %d of people (id %[1]d)", unfit.ID); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, want)
		}
		if found, _, err := to.People(t.Context(), roster.Page{Limit: 1}); len(found) != 0 || err != nil {
			t.Errorf("%s: half of it is there: %v, %v", name, found, err)
		}
	}
}
