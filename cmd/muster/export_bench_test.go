package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/rig"
	"github.com/muster-live/muster/store/postgres"
	"github.com/muster-live/muster/store/sqlite"
)

// A million marks: 10,000 people, and 120 courses that each had 28 sessions with 300 of
// them. The statements hold for both databases, which say NUMBERS and NOTHING differently.
var millionMarks = []string{
	`INSERT INTO people (id, ref, given, family, created_at, updated_at) SELECT n, 'S-' || (10000000 + n), 'Given' || n, 'Family' || n, 0, 0 FROM NUMBERS WHERE n <= 10000`,
	`INSERT INTO terms (id, title) VALUES (1, 'Autumn 2026')`,
	`INSERT INTO courses (id, code, title, term_id, on_close, code_step, code_grace) SELECT n, 'CS' || n, 'Algorithms and data structures ' || n, 1, 'absent', 5000, 1 FROM NUMBERS WHERE n <= 120`,
	`INSERT INTO sessions (id, course_id, title, starts_at, ends_at, status, opened_at, closed_at, secret)
		SELECT n, 1 + (n - 1) % 120, 'Week ' || (1 + (n - 1) / 120), 1790000000000 + n * 3600000, 1790005400000 + n * 3600000, 'closed', 1790000000000 + n * 3600000, 1790005400000 + n * 3600000, NOTHING FROM NUMBERS WHERE n <= 3360`,
	`INSERT INTO marks (session_id, person_id, mark, at, source, actor_id, note)
		SELECT 1 + (n - 1) / 300, 1 + ((n - 1) / 300 % 120 * 83 + (n - 1) % 300) % 10000, CASE n % 10 WHEN 0 THEN 'absent' WHEN 1 THEN 'late' WHEN 2 THEN 'excused' ELSE 'present' END,
			1790000000000 + n, CASE n % 10 WHEN 2 THEN 'hand' ELSE 'code' END, 1, CASE n % 10 WHEN 2 THEN 'doctor''s note' ELSE '' END FROM NUMBERS`,
}

const marksOfAll = 1_008_000

// BenchmarkExport writes a million marks to a file with `muster export marks`, a process
// of its own, and tells how long it took on the clock and on the processors, and how
// much memory it had at the most.
func BenchmarkExport(b *testing.B) {
	dir := b.TempDir()
	benchExport(b, "sqlite", []string{"--data", dir}, func(ctx context.Context) error {
		s, err := sqlite.Open(ctx, dir)
		if err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName)+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
		if err != nil {
			return err
		}
		defer db.Close()
		numbers := fmt.Sprintf("(WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < %d) SELECT n FROM t)", marksOfAll)
		for _, statement := range millionMarks {
			if _, err := db.ExecContext(ctx, strings.NewReplacer("NUMBERS", numbers, "NOTHING", "x''").Replace(statement)); err != nil {
				return err
			}
		}
		_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
		return err
	})

	place, err := os.MkdirTemp("", "muster-export-") // b.TempDir cannot be reached by PostgreSQL's user
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(place) })
	server, err := rig.StartPostgres(b.Context(), place)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Stop() })
	url, err := server.NewDatabase(b.Context(), "export")
	if err != nil {
		b.Fatal(err)
	}
	benchExport(b, "postgres", []string{"--database", url}, func(ctx context.Context) error {
		s, err := postgres.Open(ctx, url)
		if err != nil {
			return err
		}
		defer s.Close()
		err = s.Update(ctx, func(tx pgx.Tx) error {
			numbers := strings.NewReplacer("NUMBERS", fmt.Sprintf("generate_series(1::bigint, %d) AS t(n)", marksOfAll), "NOTHING", "''")
			for _, statement := range millionMarks {
				if _, err := tx.Exec(ctx, numbers.Replace(statement)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return s.Update(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `ANALYZE`)
			return err
		})
	})
}

func benchExport(b *testing.B, store string, where []string, fill func(context.Context) error) {
	b.Helper()
	program, err := os.Executable() // which is the program to its children: see TestMain
	if err != nil {
		b.Fatal(err)
	}
	filled := false
	for _, format := range []string{"csv", "xlsx", "json"} {
		b.Run(store+"/"+format, func(b *testing.B) {
			if !filled {
				if err := fill(b.Context()); err != nil {
					b.Fatal(err)
				}
				filled = true
			}
			file := filepath.Join(b.TempDir(), "marks."+format)
			var memory int64
			var cpu float64
			b.ResetTimer()
			for range b.N {
				cmd := exec.CommandContext(b.Context(), program, append([]string{"export", "marks", "-o", file}, where...)...)
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" {
					memory = max(memory, used.Maxrss>>10)
				}
				cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
			}
			info, err := os.Stat(file)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
			b.ReportMetric(cpu/float64(b.N), "cpu-s")
			b.ReportMetric(marksOfAll*float64(b.N)/b.Elapsed().Seconds(), "marks/s")
			b.ReportMetric(float64(memory), "MB-peak")
			b.ReportMetric(float64(info.Size())/1e6, "MB-file")
			b.ReportMetric(0, "ns/op")
		})
	}
}
