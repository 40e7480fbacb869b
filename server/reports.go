package server

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/report"
)

// reportRoutes are the calls that tell, after the fact, who was there.
func (s *Server) reportRoutes(api huma.API) {
	huma.Get(api, "/sessions/{id}/report", s.getReport, summary("Who was there"))
	files(s, api, "/sessions/{id}/report", "Who was there, as a file", []string{"csv", "xlsx"}, s.reportFile)
	huma.Get(api, "/me/history", s.getHistory, summary("One's own marks in all courses"))
}

type ReportRow struct {
	Person attendance.PersonID `json:"person"`
	Family string              `json:"family"`
	Given  string              `json:"given"`
	Ref    string              `json:"ref"`
	Mark   string              `json:"mark"`
	Status string              `json:"status,omitempty" doc:"Which status of the mark; left out: the mark itself."`
	At     int64               `json:"at"`
	Source string              `json:"source"`
	Actor  string              `json:"actor" doc:"The name of who set the mark by hand."`
	Note   string              `json:"note"`
}

func newReportRow(r *report.Row) ReportRow {
	return ReportRow{r.Person, r.Family, r.Given, r.Ref, r.Mark.String(), r.Status, millis(r.At), r.Source.String(), r.ActorName, r.Note}
}

type reportOutput struct {
	Body struct {
		Session sessionBody `json:"session"`
		Rows    []ReportRow `json:"rows"`
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
	out.Body.Rows = make([]ReportRow, len(rep.Rows))
	for i, r := range rep.Rows {
		out.Body.Rows[i] = newReportRow(&r)
	}
	return &out, nil
}

type historyVisit struct {
	ID     attendance.SessionID `json:"id"`
	Title  string               `json:"title"`
	Opened int64                `json:"opened"`
	Status string               `json:"status"`
	Mark   string               `json:"mark"`
	Called string               `json:"called" doc:"How the mark, or the status that it stands for, is called."`
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

func (s *Server) reportFile(ctx context.Context, in *sessionInput) (*export, error) {
	rep, _, err := s.report(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &export{rep.FileName(), func(w report.Writer, zone *time.Location) error { return rep.Write(w, zone) }}, nil
}

func (s *Server) getHistory(ctx context.Context, _ *struct{}) (*historyOutput, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return s.history(ctx, v.Person)
}

func (s *Server) history(ctx context.Context, person attendance.PersonID) (*historyOutput, error) {
	courses, err := s.Reports.History(ctx, person)
	if err != nil {
		return nil, err
	}
	sets, err := s.Statuses.StatusSets(ctx)
	if err != nil {
		return nil, err
	}
	var out historyOutput
	out.Body.Courses = []historyCourse{}
	for _, c := range courses {
		set := attendance.FindStatusSet(sets, c.Set)
		h := historyCourse{Course: courseName{c.ID, c.Code, c.Title}, Counts: newMarkCounts(c.Tally().Counts()), Sessions: []historyVisit{}}
		for _, w := range c.Sessions {
			h.Sessions = append(h.Sessions, historyVisit{w.Session, w.Title, millis(w.OpenedAt), w.Status.String(), w.Mark.String(), set.Of(w.Marking).Name, millis(w.At), w.Source.String()})
		}
		out.Body.Courses = append(out.Body.Courses, h)
	}
	return &out, nil
}
