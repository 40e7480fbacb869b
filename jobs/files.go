package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// partSize is how much of a file is in one part: enough for few commits, and so little
// that none of them keeps check-ins waiting.
const partSize = 512 << 10

// Source is a file that comes with a job.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Submit adds a job with the files that it needs, and returns its id. Nobody sees the
// job before all of them are there.
func Submit(ctx context.Context, desk Desk, j Job, files []Source) (ID, error) {
	j.State = Coming
	id, err := desk.AddJob(ctx, j)
	if err != nil {
		return 0, err
	}
	for i, f := range files {
		if err := keep(ctx, desk, id, i, f); err != nil {
			return 0, fmt.Errorf("keep %s: %w", f.Name, err)
		}
	}
	return id, desk.ReleaseJob(ctx, id)
}

func keep(ctx context.Context, shelf Shelf, id ID, number int, f Source) (err error) {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	w := &fileWriter{ctx: ctx, shelf: shelf, job: id, use: Input, file: number, name: f.Name}
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Close()
}

// fileWriter writes a file of a job, part by part.
type fileWriter struct {
	ctx   context.Context
	shelf Shelf
	job   ID
	use   Use
	file  int
	name  string
	part  int
	held  []byte
}

// NewOutput returns what writes the job's output, a file of this name. What an attempt
// before this one has written is gone. The caller closes it when all is written.
func NewOutput(ctx context.Context, shelf Shelf, id ID, name string) (io.WriteCloser, error) {
	if err := shelf.DropFiles(ctx, id, Output); err != nil {
		return nil, err
	}
	return &fileWriter{ctx: ctx, shelf: shelf, job: id, use: Output, name: name}, nil
}

// Write implements io.Writer.
func (w *fileWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), partSize-len(w.held))
		w.held = append(w.held, rest[:n]...)
		rest = rest[n:]
		if len(w.held) == partSize {
			if err := w.flush(); err != nil {
				return len(p) - len(rest), err
			}
		}
	}
	return len(p), nil
}

func (w *fileWriter) flush() error {
	err := w.shelf.WritePart(w.ctx, w.job, w.use, Part{File: w.file, Part: w.part, Name: w.name, Data: w.held})
	w.part++
	w.held = w.held[:0]
	return err
}

// Close writes the rest. A file without anything in it is a file too.
func (w *fileWriter) Close() error {
	if len(w.held) == 0 && w.part > 0 {
		return nil
	}
	if w.held == nil {
		w.held = []byte{}
	}
	return w.flush()
}

// CopyFile writes what is in a file of a job to w.
func CopyFile(ctx context.Context, shelf Shelf, id ID, use Use, file int, w io.Writer) error {
	for part := 0; ; part++ {
		b, err := shelf.ReadPart(ctx, id, use, file, part)
		if err != nil || b == nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
}

// Unload writes the inputs of a job into a folder and returns their names and paths.
func Unload(ctx context.Context, shelf Shelf, id ID, dir string) (names, paths []string, err error) {
	files, err := shelf.Files(ctx, id, Input)
	if err != nil {
		return nil, nil, err
	}
	for i, f := range files {
		path := filepath.Join(dir, strconv.Itoa(i)) // names are for people, and may be anything
		to, err := os.Create(path)
		if err != nil {
			return nil, nil, err
		}
		if err := errors.Join(CopyFile(ctx, shelf, id, Input, i, to), to.Close()); err != nil {
			return nil, nil, fmt.Errorf("unload %s: %w", f.Name, err)
		}
		names, paths = append(names, f.Name), append(paths, path)
	}
	return names, paths, nil
}

// Resubmit adds a job that takes over the files of another, and returns its id; 0 if
// these are not kept any more.
func Resubmit(ctx context.Context, desk Desk, j Job, from ID) (ID, error) {
	files, err := desk.Files(ctx, from, Input)
	if err != nil || len(files) == 0 {
		return 0, err
	}
	j.State = Coming
	id, err := desk.AddJob(ctx, j)
	if err != nil {
		return 0, err
	}
	if err := desk.MoveFiles(ctx, from, id); err != nil {
		return 0, err
	}
	return id, desk.ReleaseJob(ctx, id)
}
