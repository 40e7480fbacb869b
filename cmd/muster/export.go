package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
)

// exportCmd is `muster export`.
type exportCmd struct {
	Marks    exportMarks    `cmd:"" help:"All marks, a row each: of everybody, or of one course."`
	Report   exportReport   `cmd:"" help:"The term of a course: its students by its sessions, with points."`
	Session  exportSession  `cmd:"" help:"Who was there in one session."`
	Student  exportStudent  `cmd:"" help:"One student's marks in all courses."`
	Courses  exportCourses  `cmd:"" help:"A row for each course, with its points."`
	Students exportStudents `cmd:"" help:"A row for each student, with their points."`

	Oneroster exportOneRoster `cmd:"" help:"Rosters with results as a OneRoster 1.2 bundle, a zip of CSV files."`
}

// exported are the flags that say where to and how.
type exported struct {
	database
	Output string `short:"o" help:"File to write to; it is there once it is whole. Without it, standard output." type:"path" placeholder:"FILE"`
	Format string `help:"csv, xlsx or json. Without it, what the file's name ends in, or else csv." enum:",csv,xlsx,json" default:""`
	Zone   string `help:"Time zone that times are told in, such as Europe/Berlin. Without it, the institution's." placeholder:"ZONE"`
}

// export opens everything, has write write, and closes it all.
func (c *exported) export(ctx context.Context, stdout io.Writer, write func(store, report.Writer, *time.Location) error) (err error) {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	zone, err := zoneOf(ctx, s, c.Zone)
	if err != nil {
		return err
	}
	return writeFile(c.Output, stdout, func(to io.Writer) error {
		w := c.writer(to, zone)
		if err := write(s, w, zone); err != nil {
			return readable(err)
		}
		return w.Close()
	})
}

// zoneOf returns the time zone of a name or, if it is empty, that of the institution.
func zoneOf(ctx context.Context, s store, name string) (*time.Location, error) {
	if name == "" {
		in, err := s.Institution(ctx)
		return in.Zone, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("--zone %s: there is no such time zone; it is a name such as Europe/Berlin", name)
	}
	return zone, nil
}

func (c *exported) writer(to io.Writer, zone *time.Location) report.Writer {
	format := c.Format
	if format == "" {
		format = strings.TrimPrefix(strings.ToLower(filepath.Ext(c.Output)), ".")
	}
	switch format {
	case "xlsx":
		return report.NewXLSX(to, zone)
	case "json":
		return report.NewJSON(to)
	}
	return report.NewCSV(to, zone)
}

// writeFile has fill write a file, which takes its name once it is whole; or standard
// output, if there is no name.
func writeFile(path string, stdout io.Writer, fill func(io.Writer) error) error {
	if path == "" || path == "-" {
		return fill(stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after all went well there is no such file
	if err := errors.Join(fill(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

type exportMarks struct {
	exported
	Course string `help:"Code of the course, or # and its number. Without it, all courses." placeholder:"CODE"`
	From   string `help:"First day, such as 2026-09-01." placeholder:"DAY"`
	To     string `help:"Last day." placeholder:"DAY"`
}

// Run writes the marks.
func (c *exportMarks) Run(ctx context.Context, stdout io.Writer) error {
	return c.export(ctx, stdout, func(s store, w report.Writer, zone *time.Location) error {
		scope, err := c.scope(ctx, s, zone)
		if err != nil {
			return err
		}
		total, err := s.CountMarks(ctx, scope.Course)
		if err != nil {
			return err
		}
		return report.WriteMarks(ctx, s, scope, w, zone, exportProgress(os.Stderr, "marks", total))
	})
}

func (c *exportMarks) scope(ctx context.Context, s store, zone *time.Location) (scope report.Scope, err error) {
	if c.Course != "" {
		if scope.Course, err = findCourse(ctx, s, c.Course); err != nil {
			return scope, err
		}
	}
	if c.From != "" {
		if scope.From, err = time.ParseInLocation(time.DateOnly, c.From, zone); err != nil {
			return scope, fmt.Errorf("--from %s: give a day such as 2026-09-01", c.From)
		}
	}
	if c.To != "" {
		last, err := time.ParseInLocation(time.DateOnly, c.To, zone)
		if err != nil {
			return scope, fmt.Errorf("--to %s: give a day such as 2026-09-01", c.To)
		}
		scope.To = last.AddDate(0, 0, 1)
	}
	return scope, nil
}

type exportReport struct {
	exported
	Course string `arg:"" help:"Code of the course, or # and its number."`
}

// Run writes a course's term.
func (c *exportReport) Run(ctx context.Context, stdout io.Writer) error {
	return c.export(ctx, stdout, func(s store, w report.Writer, zone *time.Location) error {
		course, err := findCourse(ctx, s, c.Course)
		if err != nil {
			return err
		}
		term, ok, err := s.Term(ctx, course)
		if err == nil && !ok {
			err = fmt.Errorf("there is no course with the number %d", course)
		}
		if err != nil {
			return err
		}
		return term.Write(w, zone)
	})
}

type exportSession struct {
	exported
	Session int64 `arg:"" help:"Number of the session, as its pages' addresses have it."`
}

// Run writes a session's marks.
func (c *exportSession) Run(ctx context.Context, stdout io.Writer) error {
	return c.export(ctx, stdout, func(s store, w report.Writer, zone *time.Location) error {
		rep, ok, err := s.SessionReport(ctx, attendance.SessionID(c.Session))
		if err == nil && !ok {
			err = fmt.Errorf("there is no session with the number %d", c.Session)
		}
		if err != nil {
			return err
		}
		return rep.Write(w, zone)
	})
}

type exportStudent struct {
	exported
	Student string `arg:"" help:"The student's reference or username, or # and their number."`
}

// Run writes a student's marks.
func (c *exportStudent) Run(ctx context.Context, stdout io.Writer) error {
	return c.export(ctx, stdout, func(s store, w report.Writer, zone *time.Location) error {
		person, err := findPerson(ctx, s, c.Student)
		if err != nil {
			return err
		}
		courses, err := s.History(ctx, person)
		if err != nil {
			return err
		}
		sets, err := s.StatusSets(ctx)
		if err != nil {
			return err
		}
		return report.WriteHistory(courses, sets, w, zone)
	})
}

type exportCourses struct{ exported }

// Run writes the courses' totals.
func (c *exportCourses) Run(ctx context.Context, stdout io.Writer) error {
	return c.export(ctx, stdout, func(s store, w report.Writer, _ *time.Location) error {
		return report.WriteCourses(ctx, s, w)
	})
}

type exportStudents struct{ exported }

// Run writes the students' totals.
func (c *exportStudents) Run(ctx context.Context, stdout io.Writer) error {
	return c.export(ctx, stdout, func(s store, w report.Writer, _ *time.Location) error {
		return report.WriteStudents(ctx, s, w)
	})
}

// exportProgress returns a function that says on a terminal each second how far
// something is, how fast it goes and how long it will take.
func exportProgress(w *os.File, what string, total int64) func(done int64) {
	if !isTerminal(w) {
		return nil
	}
	return rateTold(w, what, total, time.Now)
}

func rateTold(w io.Writer, what string, total int64, now func() time.Time) func(done int64) {
	begun := now()
	said := begun
	return func(done int64) {
		at := now()
		if at.Sub(said) < time.Second || done == 0 {
			return
		}
		said = at
		rate := float64(done) / at.Sub(begun).Seconds()
		left := time.Duration(float64(max(total-done, 0)) / rate * float64(time.Second)).Round(time.Second)
		fmt.Fprintf(w, "muster: %d of %d %s, %.0f a second, %v left\n", done, max(total, done), what, rate, left)
	}
}

type exportOneRoster struct {
	database
	Output   string `short:"o" help:"File to write to, such as oneroster.zip; it is there once it is whole. Without it, standard output." type:"path" placeholder:"FILE"`
	Org      string `help:"The institution's name." default:"muster" env:"MUSTER_ORG"`
	Sessions bool   `help:"A result for each session, instead of one for the term."`
}

// Run writes the bundle.
func (c *exportOneRoster) Run(ctx context.Context, stdout io.Writer) (err error) {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	zone, err := zoneOf(ctx, s, "")
	if err != nil {
		return err
	}
	if _, err := installationOf(ctx, s); err != nil { // or else it might have no name yet
		return err
	}
	bundle := report.OneRoster{Org: c.Org, Sessions: c.Sessions, Now: time.Now(), Zone: zone}
	return writeFile(c.Output, stdout, func(to io.Writer) error {
		w := bufio.NewWriter(to)
		var meter func(int64)
		err := bundle.Write(ctx, s, w, func(done, all int64) {
			if meter == nil {
				if meter = exportProgress(os.Stderr, "classes", all); meter == nil {
					meter = func(int64) {}
				}
			}
			meter(done)
		})
		return errors.Join(err, w.Flush())
	})
}
