package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/table"
	"github.com/muster-live/muster/timetable"
	"github.com/muster-live/muster/work"
)

// timetableFileRoutes are the calls that take timetables in from files.
func (s *Server) timetableFileRoutes(api huma.API) {
	fields := []string{
		"file", "A calendar (.ics), or a table (CSV or XLSX) with a session in each row.",
		"only", "For a calendar: what an event must mention to count.",
		"first", "Instead of the term's first day.",
		"last", "Instead of the term's last day.",
		"missing", "What happens to sessions to come that the file does not have: cancel those that a file of this name planned (if left out), keep, or cancel_all.",
		"sheet", "For a workbook: which sheet; left out: the first.",
		"mapping", "For a table: a JSON object that has for each field the column that holds it. Left out: as with such a table before, or else the headings tell.",
		"apply", "true: do it. Otherwise nothing is changed.",
		"digest", "Of the preview that is to be applied.",
	}
	job := append(slices.Clone(fields), "job", "Instead of file: the id of an earlier job of a timetable, whose file is taken.")
	one, many := "/courses/{id}/timetable/file", "/timetable/file"

	ofOne, ofMany := planning(s, s.timetableFile)
	huma.Post(api, one, ofOne, summary("See what a file would plan, or plan it"))
	huma.Post(api, many, ofMany, summary("See what a file of many courses would plan, or plan it"))
	takesFiles(api, one, fields...)
	takesFiles(api, many, fields...)

	jobOfOne, jobOfMany := planning(s, s.timetableJob)
	huma.Post(api, one+"/jobs", jobOfOne, summary("The same as a job, for a large file"), accepted)
	huma.Post(api, many+"/jobs", jobOfMany, summary("The same as a job, for a large file of many courses"), accepted)
	takesFiles(api, one+"/jobs", job...)
	takesFiles(api, many+"/jobs", job...)

	rejectsOfOne, rejectsOfMany := planning(s, s.timetableRejects)
	huma.Post(api, one+"/rejects", rejectsOfOne, summary("What comes to nothing of a file, in its format, with the reasons"), answersFile("application/octet-stream"))
	huma.Post(api, many+"/rejects", rejectsOfMany, summary("What comes to nothing of a file of many courses"), answersFile("application/octet-stream"))
	takesFiles(api, one+"/rejects", job...)
	takesFiles(api, many+"/rejects", job...)

	huma.Post(api, "/timetable/columns", s.postTimetableColumns, summary("What a table has, and what we guess"))
	takesFiles(api, "/timetable/columns", "file", "A table (CSV or XLSX).", "sheet", "For a workbook: which sheet; left out: the first.")
}

// planning makes of do a call for a course, by those who plan its sessions, and one for
// files that name their courses (0), by administrators. Nobody's file is taken in before
// it is known who they are.
func planning[Out any](s *Server, do func(context.Context, identity.Viewer, attendance.CourseID) (*Out, error)) (one func(context.Context, *courseInput) (*Out, error), many func(context.Context, *struct{}) (*Out, error)) {
	one = func(ctx context.Context, in *courseInput) (*Out, error) {
		v, err := s.mayPlan(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return do(ctx, v, in.ID)
	}
	many = func(ctx context.Context, _ *struct{}) (*Out, error) {
		v, err := s.mayPlan(ctx, 0)
		if err != nil {
			return nil, err
		}
		return do(ctx, v, 0)
	}
	return one, many
}

// mayPlan refuses who may not plan the sessions of a course, or of all (0).
func (s *Server) mayPlan(ctx context.Context, course attendance.CourseID) (identity.Viewer, error) {
	if course == 0 {
		return s.authorizeAll(ctx, identity.EditRoster)
	}
	g, err := s.authorize(ctx, course, identity.PlanSessions)
	return g.Viewer, err
}

// sentTimetable is a file that a form is about, for as long as it is there.
type sentTimetable struct {
	*upload
	timetable.Request
	apply  bool
	digest string
}

// sentTimetable reads the form of a timetable. The caller closes it.
func (s *Server) sentTimetable(ctx context.Context, course attendance.CourseID) (*sentTimetable, error) {
	u, err := s.form(ctx)
	if err != nil {
		return nil, err
	}
	t := &sentTimetable{upload: u, digest: u.value("digest"), Request: timetable.Request{
		Course: course, Only: u.value("only"), Sheet: u.value("sheet"), Missing: timetable.CancelVanished,
	}}
	var err1, err2, err3, err4, err5 error
	t.apply, err1 = u.is("apply")
	t.Term.First, err2 = parseDay("first", u.value("first"))
	t.Term.Last, err3 = parseDay("last", u.value("last"))
	if text := u.value("missing"); text != "" {
		var ok bool
		if t.Missing, ok = timetable.ParseMissing(text); !ok {
			err4 = attendance.BadField("missing", "keep, cancel or cancel_all")
		}
	}
	if text := u.value("mapping"); text != "" && json.Unmarshal([]byte(text), &t.Mapping) != nil {
		err5 = attendance.BadField("mapping", "a JSON object of texts: field to column")
	}
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		u.close()
		return nil, err
	}
	return t, nil
}

// hold takes the file that came with the form, or else that of the job it names.
func (s *Server) hold(ctx context.Context, t *sentTimetable) error {
	if len(t.files) == 0 {
		if err := s.fetch(ctx, t.upload, work.TimetablePreview, work.Timetable); err != nil {
			return err
		}
	}
	if len(t.files) != 1 {
		return attendance.BadField("file", "one file")
	}
	t.File = t.files[0]
	return nil
}

func (s *Server) timetableFile(ctx context.Context, v identity.Viewer, course attendance.CourseID) (*planOutput, error) {
	t, err := s.sentTimetable(ctx, course)
	if err != nil {
		return nil, err
	}
	defer t.close()
	if err := s.hold(ctx, t); err != nil {
		return nil, err
	}
	input, err := s.Planner.Read(ctx, t.Request)
	if err != nil {
		return nil, work.FileProblem(err)
	}
	b, err := s.plan(ctx, v, course, t.title(), input, t.apply, t.digest)
	if err != nil {
		return nil, err
	}
	return &planOutput{b}, nil
}

func (s *Server) timetableJob(ctx context.Context, v identity.Viewer, course attendance.CourseID) (*jobOutput, error) {
	t, err := s.sentTimetable(ctx, course)
	if err != nil {
		return nil, err
	}
	defer t.close()
	kind := work.TimetablePreview
	if t.apply {
		kind = work.Timetable
	}
	return s.submitFiles(ctx, v, kind, work.TimetableArgs{Request: t.Request, Digest: t.digest}, t.upload, work.TimetablePreview, work.Timetable)
}

func (s *Server) timetableRejects(ctx context.Context, _ identity.Viewer, course attendance.CourseID) (out *huma.StreamResponse, err error) {
	t, err := s.sentTimetable(ctx, course)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if err := s.hold(ctx, t); err != nil {
		return nil, err
	}
	input, err := s.Planner.Read(ctx, t.Request)
	if err != nil {
		return nil, work.FileProblem(err)
	}
	plan, err := s.Planner.Preview(ctx, input)
	if err == nil && len(plan.Rejects) == 0 {
		err = timetable.ErrNoRejects
	}
	if err != nil {
		return nil, err
	}
	name, err := timetable.RejectsName(t.File)
	if err != nil {
		return nil, work.FileProblem(err)
	}
	return s.stream(name, fileTypes[strings.TrimPrefix(filepath.Ext(name), ".")], func(w io.Writer) error {
		defer t.close()
		return timetable.WriteRejects(w, t.Request, plan)
	}), nil
}

type timetableColumnsOutput struct {
	Body struct {
		Calendar   bool              `json:"calendar" doc:"It is a calendar, which has no columns."`
		Columns    []string          `json:"columns"`
		Sample     [][]string        `json:"sample" doc:"The first rows."`
		Mapping    timetable.Mapping `json:"mapping" doc:"For each field that we find the column that holds it."`
		Remembered bool              `json:"remembered" doc:"The mapping is the one that was chosen for such a table before, and no guess."`
		Fields     []timetable.Field `json:"fields" doc:"All fields that there are."`
		Sheets     []string          `json:"sheets" doc:"Of a workbook."`
	}
}

func (s *Server) postTimetableColumns(ctx context.Context, _ *struct{}) (*timetableColumnsOutput, error) {
	if _, err := s.known(ctx); err != nil {
		return nil, err
	}
	u, err := s.upload(ctx)
	if err != nil {
		return nil, err
	}
	defer u.close()
	out := &timetableColumnsOutput{}
	b := &out.Body
	b.Columns, b.Sample, b.Mapping, b.Fields, b.Sheets = []string{}, [][]string{}, timetable.Mapping{}, timetable.Fields, []string{}
	calendar, err := timetable.ReadCalendarFile(u.files[0])
	if err != nil {
		return nil, work.FileProblem(err)
	}
	if b.Calendar = calendar != nil; b.Calendar {
		return out, nil
	}
	c, err := s.Planner.Columns(ctx, u.files[0], table.Options{Sheet: u.value("sheet")})
	if err != nil {
		return nil, work.FileProblem(err)
	}
	b.Columns, b.Sample, b.Mapping, b.Remembered = c.Headings, c.Sample, c.Mapping, c.Remembered
	b.Sheets = append(b.Sheets, c.Sheets...)
	return out, nil
}
