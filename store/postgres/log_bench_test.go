package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

// BenchmarkAppend shows what a mark costs, without fsync, by the size of the
// group it is committed in.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 10, 300, 1000} {
		b.Run(fmt.Sprintf("group=%d", size), func(b *testing.B) {
			s := open(b, newDatabase(b))
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
		fmt.Sprintf(`INSERT INTO people (given, family, created_at, updated_at) SELECT 'G' || i, 'F' || i, 0, 0 FROM generate_series(1, %d) i`, students),
		`INSERT INTO courses (id, code, title, late_after, on_close, code_step, code_grace) VALUES (1, 'CS101', 'Algorithms', 15, 'absent', 5000, 1)`,
		`INSERT INTO enrolments (course_id, person_id, role) SELECT 1, id, 'student' FROM people`,
		`INSERT INTO sessions (id, course_id, title, secret) VALUES (1, 1, 'Week 1', '\x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20')`,
	} {
		if _, err := s.pool.Exec(tb.Context(), q); err != nil {
			tb.Fatal(err)
		}
	}
	results, err := s.Append(tb.Context(), []attendance.Command{{ID: "open", Session: 1, Actor: 1, Kind: attendance.OpenSession, At: time.Now()}})
	if err != nil || results[0].Err != nil {
		tb.Fatal(err, results)
	}
	return 1
}
