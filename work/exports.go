package work

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/report"
)

// The tables that can be exported by a job: those that may be long.
const (
	Marks    = "marks"
	Courses  = "courses"
	Students = "students"
)

// ExportArgs is what an export is told.
type ExportArgs struct {
	Table  string // Marks, Courses or Students
	Format string // csv, xlsx or json
	Scope  report.Scope
}

// Exported is the result of an export.
type Exported struct {
	File string `json:"file"`
	Size int64  `json:"size"`
}

// Summary says how large the file is.
func (e Exported) Summary() string { return fmt.Sprintf("%s, %.1f MB", e.File, float64(e.Size)/1e6) }

// export is the handler of an Export. Its output is the file.
func (d *Desk) export(ctx context.Context, r *jobs.Run) (any, error) {
	a, err := args[ExportArgs](r)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("attendance-%s.%s", a.Table, a.Format)
	out, err := jobs.NewOutput(ctx, d.store, r.ID, name)
	if err != nil {
		return nil, err
	}
	in, err := d.store.Institution(ctx)
	if err != nil {
		return nil, err
	}
	sized := &sizeWriter{to: out}
	w := report.NewWriter(a.Format, sized, in.Zone)
	total := int64(0)
	if a.Table == Marks && a.Scope.From.IsZero() && a.Scope.To.IsZero() {
		if total, err = d.store.CountMarks(ctx, a.Scope.Course); err != nil {
			return nil, err
		}
	}
	r.Meter.Step("writing rows", progress.Rows, total)
	switch a.Table {
	case Marks:
		err = report.WriteMarks(ctx, d.store, a.Scope, w, in.Zone, r.Meter.Set)
	case Courses:
		err = report.WriteCourses(ctx, d.store, w)
	case Students:
		err = report.WriteStudents(ctx, d.store, w)
	default:
		err = fmt.Errorf("there is no table %q", a.Table)
	}
	if err == nil {
		err = errors.Join(w.Close(), out.Close())
	}
	return Exported{name, sized.size}, err
}

type sizeWriter struct {
	to   io.Writer
	size int64
}

func (w *sizeWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.size += int64(n)
	return n, err
}
