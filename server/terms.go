package server

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/report"
)

// termRoutes are the calls that tell who was there over many sessions.
func (s *Server) termRoutes(api huma.API) {
	formats := []string{"csv", "xlsx"}
	huma.Get(api, "/courses/{id}/report", s.getTerm, summary("The term of a course: its students by its sessions"))
	files(s, api, "/courses/{id}/report", "The term of a course, as a file", formats, s.termFile)
	huma.Get(api, "/courses/{id}/students/{person}/report", s.getStudentTerm, summary("One student's term in a course"))
	files(s, api, "/courses/{id}/students/{person}/report", "One student's term in a course, as a file", formats, s.studentTermFile)
	huma.Get(api, "/people/{id}/report", s.getPersonReport, summary("One person's marks in all courses"))
	files(s, api, "/people/{id}/report", "One person's marks in all courses, as a file", formats, s.personReportFile)
	huma.Get(api, "/reports/courses", s.getCourseTotals, summary("Totals of all courses"))
	files(s, api, "/reports/courses", "Totals of all courses, as a file", formats, s.courseTotalsFile)
	huma.Get(api, "/reports/students", s.getStudentTotals, summary("Totals of all students"))
	files(s, api, "/reports/students", "Totals of all students, as a file", formats, s.studentTotalsFile)
	huma.Get(api, "/reports/marks", s.getMarks, summary("Marks of all courses or of one, a row each"))
	files(s, api, "/reports/marks", "Marks of all courses or of one, a row each, as a file", []string{"csv", "xlsx", "json"}, s.marksFile)
	huma.Get(api, "/oneroster.zip", s.getOneRoster, summary("Rosters with results, as a OneRoster 1.2 bundle"), answersFile("application/zip"))
}

// Score is what marks are worth.
type Score struct {
	Counts  markCounts `json:"counts" doc:"Present, late, absent, excused, unset."`
	Points  float64    `json:"points"`
	Of      float64    `json:"of" doc:"The points there could be: for each mark that counts."`
	Counted int        `json:"counted" doc:"Marks that count."`
	There   int        `json:"there" doc:"Those that count as having been there."`
	Percent *float64   `json:"percent" doc:"In how many percent of what counts they were there; null: nothing counts yet."`
}

func newScore(s report.Score) Score {
	return Score{newMarkCounts(s.Counts), s.Points, s.Of, s.Counted, s.There, percentOf(&s)}
}

// percentOf is a share in percent with one decimal place; nil if nothing counts.
func percentOf(s *report.Score) *float64 {
	share, ok := s.Share()
	if !ok {
		return nil
	}
	percent := float64(int(share*1000+0.5)) / 10
	return &percent
}

type termSession struct {
	ID     attendance.SessionID `json:"id"`
	Title  string               `json:"title"`
	Starts int64                `json:"starts" doc:"As planned or, if nobody planned it, when it was opened."`
	Status string               `json:"status" enum:"open,closed"`
	Score
}

type termStudent struct {
	Person attendance.PersonID `json:"person"`
	Family string              `json:"family"`
	Given  string              `json:"given"`
	Ref    string              `json:"ref"`
	Left   bool                `json:"left" doc:"No longer a student of the course."`
	Marks  []string            `json:"marks" doc:"One for each of the sessions."`
	Score
}

type termCourse struct {
	ID    attendance.CourseID `json:"id"`
	Code  string              `json:"code"`
	Title string              `json:"title"`
	Term  string              `json:"term"`
}

func newTermCourse(c report.About) termCourse { return termCourse{c.ID, c.Code, c.Title, c.Term} }

type termOutput struct {
	Body struct {
		Course   termCourse    `json:"course"`
		Sessions []termSession `json:"sessions" doc:"Those that were opened and not cancelled, in the order that they were held in."`
		Students []termStudent `json:"students" doc:"Those of now and whoever has a mark, by family name."`
		Statuses []gridStatus  `json:"statuses" doc:"Of marks that stand for another status."`
		Score
	}
}

func newTermOutput(t *report.Term) *termOutput {
	out := &termOutput{}
	b := &out.Body
	b.Course = newTermCourse(t.Course)
	b.Sessions, b.Students, b.Statuses = make([]termSession, len(t.Sessions)), make([]termStudent, len(t.Students)), []gridStatus{}
	for i := range t.Sessions {
		h := &t.Sessions[i]
		b.Sessions[i] = termSession{h.ID, h.Title, millis(h.Starts), h.Status.String(), newScore(t.OfSession(i))}
	}
	for i := range t.Students {
		p := &t.Students[i]
		marks := make([]string, len(t.Marks[i]))
		for j, m := range t.Marks[i] {
			marks[j] = m.Mark.String()
			if m.Status != "" {
				b.Statuses = append(b.Statuses, gridStatus{p.Person, t.Sessions[j].ID, m.Status})
			}
		}
		b.Students[i] = termStudent{p.Person, p.Family, p.Given, p.Ref, p.Left, marks, newScore(t.OfStudent(i))}
	}
	b.Score = newScore(t.All())
	return out
}

// term reads the term of a course for whoever may see it.
func (s *Server) term(ctx context.Context, course attendance.CourseID) (*report.Term, error) {
	if _, err := s.authorize(ctx, course, identity.SeeReport); err != nil {
		return nil, err
	}
	t, ok, err := s.Reports.Term(ctx, course)
	if err == nil && !ok {
		err = errUnknownCourse
	}
	return t, err
}

func (s *Server) getTerm(ctx context.Context, in *courseInput) (*termOutput, error) {
	t, err := s.term(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return newTermOutput(t), nil
}

func (s *Server) termFile(ctx context.Context, in *courseInput) (*export, error) {
	t, err := s.term(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &export{fileName("attendance", t.Course.Code, t.Course.Term), t.Write}, nil
}

type studentTermInput struct {
	ID     attendance.CourseID `path:"id"`
	Person attendance.PersonID `path:"person"`
}

func (s *Server) studentTerm(ctx context.Context, in *studentTermInput) (*report.Term, error) {
	t, err := s.term(ctx, in.ID)
	if err == nil && !t.Only(in.Person) {
		err = attendance.Refuse(attendance.CodeNotFound, "There is no such student in this course.")
	}
	return t, err
}

func (s *Server) getStudentTerm(ctx context.Context, in *studentTermInput) (*termOutput, error) {
	t, err := s.studentTerm(ctx, in)
	if err != nil {
		return nil, err
	}
	return newTermOutput(t), nil
}

func (s *Server) studentTermFile(ctx context.Context, in *studentTermInput) (*export, error) {
	t, err := s.studentTerm(ctx, in)
	if err != nil {
		return nil, err
	}
	p := t.Students[0]
	return &export{fileName("attendance", t.Course.Code, p.Family, p.Given), t.WriteStudent}, nil
}

// unsafeInName is what has no place in the name of a file.
var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// fileName returns the name of a file that says what is in it, without its ending.
func fileName(parts ...string) string {
	var name []string
	for _, p := range parts {
		if p = strings.Trim(unsafeInName.ReplaceAllString(p, "-"), "-."); p != "" {
			name = append(name, p)
		}
	}
	return strings.Join(name, "-")
}

// authorizeReports refuses whoever may not see everybody's marks.
func (s *Server) authorizeReports(ctx context.Context) error {
	_, err := s.authorizeAll(ctx, identity.SeeReports)
	return err
}

func (s *Server) getPersonReport(ctx context.Context, in *personInput) (*historyOutput, error) {
	if err := s.authorizeReports(ctx); err != nil {
		return nil, err
	}
	return s.history(ctx, in.ID)
}

func (s *Server) personReportFile(ctx context.Context, in *personInput) (*export, error) {
	if err := s.authorizeReports(ctx); err != nil {
		return nil, err
	}
	courses, err := s.Reports.History(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	sets, err := s.Statuses.StatusSets(ctx)
	if err != nil {
		return nil, err
	}
	return &export{fmt.Sprint("attendance-person-", in.ID), func(w report.Writer, zone *time.Location) error {
		return report.WriteHistory(courses, sets, w, zone)
	}}, nil
}
