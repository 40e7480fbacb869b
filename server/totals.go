package server

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/roster"
)

// idPageInput asks for a part of a list that is in the order of ids.
type idPageInput struct {
	Cursor string `query:"cursor" maxLength:"100" doc:"What the page before said comes next."`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
}

// after is the id of the last row of the page before.
func (in *idPageInput) after() (int64, error) {
	if in.Cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(in.Cursor, 10, 64)
	if err != nil {
		return 0, attendance.BadField("cursor", "what the page before said comes next")
	}
	return n, nil
}

// nextPage is the cursor of the page after one with these rows.
func nextPage(rows, limit int, last int64) string {
	if rows < limit {
		return ""
	}
	return strconv.FormatInt(last, 10)
}

type courseTotal struct {
	Course   termCourse `json:"course"`
	Students int        `json:"students"`
	Sessions int        `json:"sessions" doc:"That were opened and not cancelled."`
	Score
}

type courseTotalsOutput struct {
	Body struct {
		Courses []courseTotal `json:"courses"`
		Next    string        `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) getCourseTotals(ctx context.Context, in *idPageInput) (*courseTotalsOutput, error) {
	if err := s.authorizeReports(ctx); err != nil {
		return nil, err
	}
	after, err := in.after()
	if err != nil {
		return nil, err
	}
	found, err := s.Reports.CourseTotals(ctx, attendance.CourseID(after), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &courseTotalsOutput{}
	out.Body.Courses = make([]courseTotal, len(found))
	sets, err := s.Statuses.StatusSets(ctx)
	if err != nil {
		return nil, err
	}
	for i, c := range found {
		out.Body.Courses[i] = courseTotal{newTermCourse(c.About), c.Students, c.Sessions, newScore(report.CountingBy(attendance.FindStatusSet(sets, c.Set)).Score(c.Tally))}
		after = int64(c.ID)
	}
	out.Body.Next = nextPage(len(found), in.Limit, after)
	return out, nil
}

func (s *Server) courseTotalsFile(ctx context.Context, _ *struct{}) (*export, error) {
	if err := s.authorizeReports(ctx); err != nil {
		return nil, err
	}
	return &export{"attendance-courses", func(w report.Writer, _ *time.Location) error { return report.WriteCourses(ctx, s.Reports, w) }}, nil
}

type studentTotal struct {
	Person  attendance.PersonID `json:"person"`
	Family  string              `json:"family"`
	Given   string              `json:"given"`
	Ref     string              `json:"ref"`
	Courses int                 `json:"courses" doc:"In which there is a mark."`
	Score
}

type studentTotalsOutput struct {
	Body struct {
		Students []studentTotal `json:"students"`
		Next     string         `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) getStudentTotals(ctx context.Context, in *idPageInput) (*studentTotalsOutput, error) {
	if err := s.authorizeReports(ctx); err != nil {
		return nil, err
	}
	after, err := in.after()
	if err != nil {
		return nil, err
	}
	found, err := s.Reports.StudentTotals(ctx, attendance.PersonID(after), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &studentTotalsOutput{}
	out.Body.Students = make([]studentTotal, len(found))
	sets, err := s.Statuses.StatusSets(ctx)
	if err != nil {
		return nil, err
	}
	for i, p := range found {
		out.Body.Students[i] = studentTotal{p.Person, p.Family, p.Given, p.Ref, p.Courses, newScore(report.ScoreBy(sets, p.Tallies))}
		after = int64(p.Person)
	}
	out.Body.Next = nextPage(len(found), in.Limit, after)
	return out, nil
}

func (s *Server) studentTotalsFile(ctx context.Context, _ *struct{}) (*export, error) {
	if err := s.authorizeReports(ctx); err != nil {
		return nil, err
	}
	return &export{"attendance-students", func(w report.Writer, _ *time.Location) error { return report.WriteStudents(ctx, s.Reports, w) }}, nil
}

// MarksScope says which marks are asked for. Its name is exported for huma, which looks
// into no others that are embedded.
type MarksScope struct {
	Course attendance.CourseID `query:"course" doc:"Only this course, which a teacher of it may ask for too."`
	From   int64               `query:"from" minimum:"0" doc:"Only sessions that began then or later."`
	To     int64               `query:"to" minimum:"0" doc:"Only sessions that began before."`
}

// scope returns what is asked for, if whoever asks may see it.
func (s *Server) scope(ctx context.Context, in *MarksScope) (scope report.Scope, err error) {
	scope.Course = in.Course
	if in.From != 0 {
		scope.From = time.UnixMilli(in.From)
	}
	if in.To != 0 {
		scope.To = time.UnixMilli(in.To)
	}
	if in.Course == 0 {
		return scope, s.authorizeReports(ctx)
	}
	_, err = s.authorize(ctx, in.Course, identity.SeeReport)
	return scope, err
}

type marksInput struct {
	MarksScope
	Cursor string `query:"cursor" maxLength:"100" doc:"What the page before said comes next."`
	Limit  int    `query:"limit" default:"1000" minimum:"1" maximum:"5000" doc:"Roughly how many rows: sessions are not divided."`
}

type markRow struct {
	Course  attendance.CourseID  `json:"course"`
	Code    string               `json:"code" doc:"Of the course."`
	Session attendance.SessionID `json:"session"`
	Title   string               `json:"title" doc:"Of the session."`
	Starts  int64                `json:"starts" doc:"As planned or, if nobody planned it, when it was opened."`
	ReportRow
}

type marksOutput struct {
	Body struct {
		Marks []markRow `json:"marks"`
		Next  string    `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) getMarks(ctx context.Context, in *marksInput) (*marksOutput, error) {
	scope, err := s.scope(ctx, &in.MarksScope)
	if err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		if scope.After, err = parseMarksCursor(in.Cursor); err != nil {
			return nil, err
		}
	}
	out := &marksOutput{}
	out.Body.Marks = []markRow{}
	full := false
	err = report.EachSession(ctx, s.Reports, scope, func(l *report.Lines) error {
		if len(out.Body.Marks) >= in.Limit {
			full = true
			return report.ErrEnough
		}
		for i := range l.Rows {
			out.Body.Marks = append(out.Body.Marks, markRow{l.Course.ID, l.Course.Code, l.Session.ID, l.Session.Title, millis(l.Session.Starts), newReportRow(&l.Rows[i])})
		}
		scope.After = report.Place{Course: l.Course.ID, Session: l.Session.ID}
		return nil
	})
	if full {
		out.Body.Next = strconv.FormatInt(int64(scope.After.Course), 10) + "." + strconv.FormatInt(int64(scope.After.Session), 10)
	}
	return out, err
}

func parseMarksCursor(cursor string) (report.Place, error) {
	course, session, _ := strings.Cut(cursor, ".")
	c, err1 := strconv.ParseInt(course, 10, 64)
	n, err2 := strconv.ParseInt(session, 10, 64)
	if err1 != nil || err2 != nil {
		return report.Place{}, attendance.BadField("cursor", "what the page before said comes next")
	}
	return report.Place{Course: attendance.CourseID(c), Session: attendance.SessionID(n)}, nil
}

func (s *Server) marksFile(ctx context.Context, in *MarksScope) (*export, error) {
	scope, err := s.scope(ctx, in)
	if err != nil {
		return nil, err
	}
	return &export{"attendance-marks", func(w report.Writer, zone *time.Location) error {
		return report.WriteMarks(ctx, s.Reports, scope, w, zone, nil)
	}}, nil
}

type oneRosterInput struct {
	Org      string `query:"org" maxLength:"200" doc:"The institution's name."`
	Sessions bool   `query:"sessions" doc:"A result for each session, instead of one for the term."`
}

func (s *Server) getOneRoster(ctx context.Context, in *oneRosterInput) (*huma.StreamResponse, error) {
	if err := s.authorizeReports(ctx); err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	bundle := report.OneRoster{Org: in.Org, Sessions: in.Sessions, Now: s.now(), Zone: zone}
	return s.stream("oneroster.zip", "application/zip", func(to io.Writer) error {
		return bundle.Write(ctx, rosterReports{s.Reports, s.Roster}, to, nil)
	}), nil
}

// rosterReports are rosters and reports of the same store.
type rosterReports struct {
	report.Store
	roster.ImportStore
}
