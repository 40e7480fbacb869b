package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

// BenchmarkAppend shows what a check-in costs, committed with fsync, by the size of
// the group it is committed in.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 10, 300} {
		b.Run(fmt.Sprintf("group=%d", size), func(b *testing.B) {
			s, err := Open(b.Context(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			session := seed(b, s, size)
			var n int
			for b.Loop() {
				group := make([]attendance.Command, size)
				for i := range group {
					n++
					mark := attendance.Present
					if n/size%2 == 0 {
						mark = attendance.Late
					}
					group[i] = attendance.Command{
						ID: fmt.Sprint("c", n), Session: session, Actor: 1, Kind: attendance.SetMarks, At: time.Now(),
						Marks: []attendance.MarkChange{{Person: attendance.PersonID(i + 1), Mark: mark}},
					}
				}
				results, err := s.Append(b.Context(), group)
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range results {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "marks/s")
		})
	}
}

// seed makes a course with students 1, 2, 3, … and an open session, and returns this.
func seed(tb testing.TB, s *Store, students int) attendance.SessionID {
	tb.Helper()
	for _, q := range []string{
		fmt.Sprintf(`INSERT INTO people (id, given, family, created_at, updated_at)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, 'G' || i, 'F' || i, 0, 0 FROM n`, students),
		`INSERT INTO courses (id, code, title, late_after, on_close, code_step, code_grace) VALUES (1, 'CS101', 'Algorithms', 15, 'absent', 5000, 1)`,
		`INSERT INTO enrolments (course_id, person_id, role) SELECT 1, id, 'student' FROM people`,
		`INSERT INTO sessions (id, course_id, title, secret) VALUES (1, 1, 'Week 1', randomblob(32))`,
	} {
		if _, err := s.write.Exec(q); err != nil {
			tb.Fatal(err)
		}
	}
	results, err := s.Append(tb.Context(), []attendance.Command{{ID: "open", Session: 1, Actor: 1, Kind: attendance.OpenSession, At: time.Now()}})
	if err != nil || results[0].Err != nil {
		tb.Fatal(err, results)
	}
	return 1
}
