package work

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

// ImportArgs is what an import is told, and its preview.
type ImportArgs struct {
	roster.ReadOptions
	Digest       string `json:",omitempty"` // of the preview that is to be applied
	AllowRejects bool   `json:",omitempty"`
}

// preview is the handler of a Preview. Its result is a [roster.Preview].
func (d *Desk) preview(ctx context.Context, r *jobs.Run) (any, error) {
	_, bundle, err := d.read(ctx, r)
	if err != nil {
		return nil, err
	}
	cs, err := roster.NewImporter(d.store, d.now, d.changed).Preview(ctx, bundle)
	if err != nil {
		return nil, err
	}
	return cs.Preview(false), nil
}

// apply is the handler of an Import. Its result is a [roster.Preview], which is written
// down in the transaction that does the import.
func (d *Desk) apply(ctx context.Context, r *jobs.Run) (any, error) {
	a, bundle, err := d.read(ctx, r)
	if err != nil {
		return nil, err
	}
	cs, err := roster.NewImporter(d.store, d.now, d.changed).Apply(ctx, bundle, roster.Application{
		Title: r.Title, By: attendance.Author{Person: r.Actor, From: r.From}, Job: int64(r.ID), Digest: a.Digest, AllowRejects: a.AllowRejects,
		Decided: func(cs *roster.ChangeSet) error { return r.EndWith(cs.Preview(true)) },
	})
	if err != nil {
		return nil, err
	}
	return cs.Preview(true), nil
}

// read reads the job's files, which are unloaded for as long as that takes.
func (d *Desk) read(ctx context.Context, r *jobs.Run) (ImportArgs, *roster.Bundle, error) {
	a, err := args[ImportArgs](r)
	if err != nil {
		return a, nil, err
	}
	files, remove, err := d.unload(ctx, r)
	if err != nil {
		return a, nil, err
	}
	defer remove()
	a.Meter = r.Meter
	bundle, err := roster.Read(files, a.ReadOptions)
	return a, bundle, FileProblem(err)
}

// unload puts a job's files where they can be read, until remove is called. They cannot
// be read any further once ctx has ended.
func (d *Desk) unload(ctx context.Context, r *jobs.Run) (files []table.File, remove func(), err error) {
	dir, err := os.MkdirTemp("", "muster-job-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) } // the system empties its temporary folder in any case
	r.Meter.Step("fetching the files", progress.Bytes, 0)
	names, paths, err := jobs.Unload(ctx, d.store, r.ID, dir)
	if err == nil && len(paths) == 0 {
		err = attendance.Refuse(attendance.CodeNotFound, "The files of this import are no longer kept. Send them again.")
	}
	if err != nil {
		remove()
		return nil, nil, err
	}
	for i, path := range paths {
		files = append(files, stoppable(ctx, names[i], path))
	}
	return files, remove, nil
}

// stoppable is a file that cannot be read any further once ctx has ended.
func stoppable(ctx context.Context, name, path string) table.File {
	f := table.OnDisk(path)
	f.Name = name
	f.Open = func() (io.ReadCloser, error) {
		file, err := os.Open(path)
		return &stoppableFile{file, ctx}, err
	}
	return f
}

type stoppableFile struct {
	*os.File
	ctx context.Context
}

func (f *stoppableFile) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *stoppableFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, at)
}

// FileProblem makes a fault of a file one that people may know.
func FileProblem(err error) error {
	var f *table.FileError
	if errors.As(err, &f) {
		return &attendance.Error{Code: attendance.CodeBadMessage, Field: "file", Message: f.Error()}
	}
	if err != nil {
		return fmt.Errorf("read the files: %w", err)
	}
	return nil
}
