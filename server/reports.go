package server

import (
	"context"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/report"
)

// reportRoutes are the calls that tell, after the fact, who was there.
func (s *Server) reportRoutes(api huma.API) {
	huma.Get(api, "/sessions/{id}/report", s.getReport, summary("Who was there"))
	huma.Get(api, "/sessions/{id}/report.csv", s.getReportCSV, summary("Who was there, for spreadsheets"))
	huma.Get(api, "/me/history", s.getHistory, summary("One's own marks in all courses"))
}

type reportRow struct {
	Person attendance.PersonID `json:"person"`
	Family string              `json:"family"`
	Given  string              `json:"given"`
	Ref    string              `json:"ref"`
	Mark   string              `json:"mark"`
	At     int64               `json:"at"`
	Source string              `json:"source"`
	Actor  string              `json:"actor" doc:"The name of who set the mark by hand."`
	Note   string              `json:"note"`
}

type reportOutput struct {
	Body struct {
		Session sessionBody `json:"session"`
		Rows    []reportRow `json:"rows"`
	}
}

// report reads the report of a session for whoever may see it.
func (s *Server) report(ctx context.Context, id attendance.SessionID) (report.Session, grant, error) {
	g, err := s.authorizeSession(ctx, id, identity.SeeReport)
	if err != nil {
		return report.Session{}, g, err
	}
	rep, ok, err := s.Reports.SessionReport(ctx, id)
	if err == nil && !ok {
		err = errUnknownSession
	}
	return rep, g, err
}

func (s *Server) getReport(ctx context.Context, in *sessionInput) (*reportOutput, error) {
	rep, g, err := s.report(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var out reportOutput
	out.Body.Session = newSessionBody(&rep.Meeting, g)
	out.Body.Rows = make([]reportRow, len(rep.Rows))
	for i, r := range rep.Rows {
		out.Body.Rows[i] = reportRow{r.Person, r.Family, r.Given, r.Ref, r.Mark.String(), millis(r.At), r.Source.String(), r.ActorName, r.Note}
	}
	return &out, nil
}

// csvFile is an answer that browsers save as a file.
type csvFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte `contentType:"text/csv"`
}

func newCSVFile(name string, table [][]string) *csvFile {
	return &csvFile{
		ContentType: "text/csv; charset=utf-8",
		Disposition: fmt.Sprintf("attachment; filename=%q", name+".csv"),
		Body:        report.CSV(table),
	}
}

func (s *Server) getReportCSV(ctx context.Context, in *sessionInput) (*csvFile, error) {
	rep, _, err := s.report(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return newCSVFile(rep.FileName(), rep.Table()), nil
}

type historyVisit struct {
	ID     attendance.SessionID `json:"id"`
	Title  string               `json:"title"`
	Opened int64                `json:"opened"`
	Status string               `json:"status"`
	Mark   string               `json:"mark"`
	At     int64                `json:"at"`
	Source string               `json:"source"`
}

type historyCourse struct {
	Course   courseName     `json:"course"`
	Counts   markCounts     `json:"counts" doc:"Sessions with each mark: present, late, absent, excused, unset."`
	Sessions []historyVisit `json:"sessions"`
}

type historyOutput struct {
	Body struct {
		Courses []historyCourse `json:"courses"`
	}
}

func (s *Server) getHistory(ctx context.Context, _ *struct{}) (*historyOutput, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	courses, err := s.Reports.History(ctx, v.Person)
	if err != nil {
		return nil, err
	}
	var out historyOutput
	out.Body.Courses = []historyCourse{}
	for _, c := range courses {
		h := historyCourse{Course: courseName{c.ID, c.Code, c.Title}, Counts: newMarkCounts(c.Counts()), Sessions: []historyVisit{}}
		for _, w := range c.Sessions {
			h.Sessions = append(h.Sessions, historyVisit{w.Session, w.Title, millis(w.OpenedAt), w.Status.String(), w.Mark.String(), millis(w.At), w.Source.String()})
		}
		out.Body.Courses = append(out.Body.Courses, h)
	}
	return &out, nil
}
