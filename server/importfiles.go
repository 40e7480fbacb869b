package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
	"github.com/muster-live/muster/work"
)

// sent is an import that a form is about, for as long as its files are there.
type sent struct {
	*upload
	o      roster.ReadOptions
	bundle *roster.Bundle
}

// sent reads the form of an import, whose files come with it or are those of a job.
func (s *Server) sent(ctx context.Context) (_ *sent, err error) {
	if _, err := s.authorizeAll(ctx, identity.EditRoster); err != nil {
		return nil, err
	}
	u, err := s.form(ctx)
	if err != nil {
		return nil, err
	}
	in := &sent{upload: u}
	defer func() {
		if err != nil {
			in.close()
		}
	}()
	if in.o, err = u.options(); err != nil {
		return nil, err
	}
	if len(in.files) == 0 {
		if err := s.fetch(ctx, u, work.Preview, work.Import); err != nil {
			return nil, err
		}
		if in.o, err = s.asRead(ctx, u); err != nil {
			return nil, err
		}
	}
	if in.o, err = roster.NewImporter(s.Roster, s.now, nil).Remembered(ctx, in.files, in.o); err != nil {
		return nil, work.FileProblem(err)
	}
	if in.bundle, err = roster.Read(in.files, in.o); err != nil {
		return nil, work.FileProblem(err)
	}
	return in, nil
}

// asRead are the options with which the job that a form names read its files.
func (s *Server) asRead(ctx context.Context, u *upload) (roster.ReadOptions, error) {
	j, err := s.earlier(ctx, u, work.Preview, work.Import)
	if err != nil {
		return roster.ReadOptions{}, err
	}
	var told work.ImportArgs
	err = json.Unmarshal(j.Args, &told)
	return told.ReadOptions, err
}

// fetch takes the files of a job of one of these kinds, which the form names instead of
// having files. They are there until the upload is closed.
func (s *Server) fetch(ctx context.Context, u *upload, kinds ...jobs.Kind) error {
	j, err := s.earlier(ctx, u, kinds...)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "muster-import-")
	if err != nil {
		return err
	}
	u.dir = dir
	names, paths, err := jobs.Unload(ctx, s.Jobs, j.ID, dir)
	if err == nil && len(paths) == 0 {
		err = attendance.Refuse(attendance.CodeNotFound, "The files of that job are no longer kept. Send them again.")
	}
	for i, path := range paths {
		f := table.OnDisk(path)
		f.Name = names[i]
		u.files = append(u.files, f)
	}
	return err
}

// earlier is the job of one of these kinds that a form without files names.
func (s *Server) earlier(ctx context.Context, u *upload, kinds ...jobs.Kind) (jobs.Job, error) {
	id, err := strconv.ParseInt(u.value("job"), 10, 64)
	if err != nil {
		return jobs.Job{}, attendance.BadField("file", "at least one file")
	}
	j, err := s.job(ctx, jobs.ID(id))
	if err == nil && !slices.Contains(kinds, j.Kind) {
		err = attendance.BadField("job", "one that reads such files, or the preview of one")
	}
	return j, err
}

// submitFiles adds a job for the files of a form, or for those of the job of one of these
// kinds, which has ended, that the form names.
func (s *Server) submitFiles(ctx context.Context, v identity.Viewer, kind jobs.Kind, args any, u *upload, kinds ...jobs.Kind) (*jobOutput, error) {
	if len(u.files) == 0 {
		j, err := s.earlier(ctx, u, kinds...)
		if err == nil && !j.State.Ended() {
			err = attendance.BadField("job", "one that has ended")
		}
		if err != nil {
			return nil, err
		}
		return s.submit(ctx, v, kind, j.Title, args, nil, j.ID)
	}
	sources := make([]jobs.Source, len(u.files))
	for i, f := range u.files {
		sources[i] = jobs.Source{Name: f.Name, Open: f.Open}
	}
	return s.submit(ctx, v, kind, u.title(), args, sources, 0)
}

func (s *Server) postImportRejects(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	in, err := s.sent(ctx)
	if err != nil {
		return nil, err
	}
	cs, err := roster.NewImporter(s.Roster, s.now, nil).Preview(ctx, in.bundle)
	if err == nil && len(cs.Rejects) == 0 {
		err = attendance.Refuse(attendance.CodeNotFound, "No row is rejected.")
	}
	var name string
	if err == nil {
		name, err = roster.RejectsName(in.files)
	}
	if err != nil {
		in.close()
		return nil, err
	}
	kind, ok := fileTypes[strings.TrimPrefix(filepath.Ext(name), ".")]
	if !ok {
		kind = "application/zip"
	}
	return s.stream(name, kind, func(w io.Writer) error {
		defer in.close()
		return roster.WriteRejects(w, in.files, in.o, cs.Rejects)
	}), nil
}

func (s *Server) postImportRows(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	in, err := s.sent(ctx)
	if err != nil {
		return nil, err
	}
	return s.stream("preview.csv", fileTypes["csv"], func(w io.Writer) error {
		defer in.close()
		row, end := roster.WriteRows(w)
		_, err := roster.NewImporter(s.Roster, s.now, nil).Rows(ctx, in.bundle, row)
		return errors.Join(err, end())
	}), nil
}
