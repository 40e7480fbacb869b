package sqlite

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/recorder"
)

func openIn(tb testing.TB, dir string) *Store {
	tb.Helper()
	s, err := Open(context.Background(), dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

var tenFifteen = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

func checkIn(id string, p attendance.PersonID, ticket string) attendance.Command {
	return attendance.Command{ID: id, Session: 1, Actor: p, Kind: attendance.CheckIn, At: tenFifteen, Ticket: ticket}
}

func appendOne(t *testing.T, s *Store, c attendance.Command) recorder.Result {
	t.Helper()
	results, err := s.Append(t.Context(), []attendance.Command{c})
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

func TestWhatIsCommittedIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openIn(t, dir)
	seed(t, s, 3)
	first := appendOne(t, s, checkIn("a", 2, "T"))
	appendOne(t, s, attendance.Command{ID: "m", Session: 1, Actor: 1, Kind: attendance.SetMarks, At: tenFifteen, Note: "naïve “note”, with 'quotes'",
		Marks: []attendance.MarkChange{{Person: 3, Mark: attendance.Excused}}})
	before, err := s.Record(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openIn(t, dir)
	after, err := s.Record(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("record (-before +after):\n%s", d)
	}
	again := appendOne(t, s, checkIn("a", 2, "T"))
	if again.Err != nil || len(again.Events) > 0 {
		t.Errorf("the same command after reopening made %d events, error %v", len(again.Events), again.Err)
	}
	want, got := first.Outcome, again.Outcome
	want.Entry.Actor = 0 // not part of the answer
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("answer (-first +again):\n%s", d)
	}
	if other := appendOne(t, s, checkIn("b", 3, "T")); attendance.AsError(other.Err).Code != attendance.CodeTicketUsed {
		t.Errorf("a friend with the same ticket: %v", other.Err)
	}
}

func TestOneBadCommandDoesNotHarmItsGroup(t *testing.T) {
	t.Parallel()
	s := openIn(t, t.TempDir())
	seed(t, s, 3)
	nowhere := checkIn("x", 1, "")
	nowhere.Session = 99
	results, err := s.Append(t.Context(), []attendance.Command{checkIn("a", 1, ""), nowhere, checkIn("b", 77, ""), checkIn("c", 2, "")})
	if err != nil {
		t.Fatal(err)
	}
	var got []attendance.Code
	for _, r := range results {
		if r.Err == nil {
			got = append(got, "")
		} else {
			got = append(got, attendance.AsError(r.Err).Code)
		}
	}
	if d := cmp.Diff([]attendance.Code{"", attendance.CodeUnknownSession, attendance.CodeNotEnrolled, ""}, got); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
}

func TestSeqHasNoGapsHoweverManyWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Two stores on one file, as two processes have it.
	stores := []*Store{openIn(t, dir), openIn(t, dir)}
	seed(t, stores[0], 200)
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := range 25 {
				group := []attendance.Command{
					checkIn(fmt.Sprint("a", k, "-", i), attendance.PersonID(1+k*50+2*i), ""),
					checkIn(fmt.Sprint("b", k, "-", i), attendance.PersonID(2+k*50+2*i), ""),
				}
				if _, err := stores[k%2].Append(context.Background(), group); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	events, err := stores[0].Events(t.Context(), 1, 0, 1000)
	if err != nil || len(events) != 201 {
		t.Fatalf("%d events, error %v; want 201", len(events), err)
	}
	for i, e := range events {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d has seq %d", i, e.Seq)
		}
	}
}

func TestGroupsOfAnySizeAreWrittenWhole(t *testing.T) {
	t.Parallel()
	s := openIn(t, t.TempDir())
	seed(t, s, 400)
	next := attendance.PersonID(1)
	var total int64 = 1
	for _, size := range []int{1, 2, 3, 63, 64, 65, 130} {
		var group []attendance.Command
		for range size {
			group = append(group, checkIn(fmt.Sprint("c", next), next, fmt.Sprint("t", next)))
			next++
		}
		if _, err := s.Append(t.Context(), group); err != nil {
			t.Fatal(err)
		}
		total += int64(size)
		rec, err := s.Record(t.Context(), 1)
		if err != nil || rec.Session.Seq != total || len(rec.Entries) != int(total)-1 {
			t.Fatalf("after a group of %d: seq %d, %d marks, error %v; want %d", size, rec.Session.Seq, len(rec.Entries), err, total)
		}
	}
}

func TestADatabaseFromTheFutureIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openIn(t, dir)
	if _, err := s.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err := Open(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "newer muster") {
		t.Errorf("opened a schema of version 9999: %v", err)
	}
}
