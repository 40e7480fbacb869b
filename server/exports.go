package server

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/work"
)

// exportRoutes are the calls that write long tables as jobs.
func (s *Server) exportRoutes(api huma.API) {
	huma.Post(api, "/exports", s.postExport, summary("Write a long table to a file, as a job"), accepted)
}

type exportInput struct {
	Body struct {
		Table  string              `json:"table" enum:"marks,courses,students" doc:"As at /reports/marks, /reports/courses and /reports/students."`
		Format string              `json:"format" enum:"csv,xlsx,json"`
		Course attendance.CourseID `json:"course,omitempty" doc:"For marks: only this course, which a teacher of it may ask for too."`
		From   int64               `json:"from,omitempty" minimum:"0" doc:"For marks: only sessions that began then or later."`
		To     int64               `json:"to,omitempty" minimum:"0" doc:"For marks: only sessions that began before."`
	}
}

func (s *Server) postExport(ctx context.Context, in *exportInput) (*jobOutput, error) {
	b := &in.Body
	v, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	var scope report.Scope
	title := map[string]string{work.Marks: "Marks", work.Courses: "Totals of courses", work.Students: "Totals of students"}[b.Table]
	if b.Table == work.Marks {
		scope, err = s.scope(ctx, &MarksScope{Course: b.Course, From: b.From, To: b.To})
	} else {
		err = s.authorizeReports(ctx)
	}
	if err != nil {
		return nil, err
	}
	if b.Format == "json" && b.Table != work.Marks {
		return nil, attendance.BadField("format", "csv or xlsx for this table")
	}
	if scope.Course != 0 {
		c, err := s.Roster.Course(ctx, scope.Course)
		if err != nil {
			return nil, err
		}
		title += " of " + c.Code
	}
	return s.submit(ctx, v, work.Export, title, work.ExportArgs{Table: b.Table, Format: b.Format, Scope: scope}, nil, 0)
}
