package server

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
)

// rulesRoutes is the call that changes rules for sessions that were held.
func (s *Server) rulesRoutes(api huma.API) {
	huma.Post(api, "/courses/{id}/rules", s.postRules, summary("Change settings of a course, for sessions that were held as well, or see what that would do"))
}

type rulesInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		RulesBody
		Since   int64 `json:"since,omitempty" minimum:"0" doc:"Sessions that began then or later are judged again. Left out: none are."`
		Preview bool  `json:"preview,omitempty" doc:"Only say what would be done."`
	}
}

type rulesOutput struct {
	Body struct {
		Set      int64      `json:"set" doc:"The change set that was applied; 0: none was."`
		Course   courseBody `json:"course" doc:"As it is, or would be."`
		Marks    markCounts `json:"marks" doc:"How many marks become present, late, absent, excused, unset."`
		Sessions int        `json:"sessions" doc:"In how many sessions marks change."`
		People   int        `json:"people" doc:"Of how many students."`
	}
}

func (s *Server) postRules(ctx context.Context, in *rulesInput) (*rulesOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.EditCourse)
	if err != nil {
		return nil, err
	}
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	var since time.Time
	if in.Body.Since != 0 {
		since = time.UnixMilli(in.Body.Since)
	}
	h := s.header(ctx, g.Viewer, changes.Rules, in.ID, "Rules changed")
	c, result, err := s.Roster.JudgeByRules(ctx, h, change, since, in.Body.Preview)
	if err != nil {
		return nil, err
	}
	out := &rulesOutput{}
	var counts attendance.Counts
	sessions, people := make(map[attendance.SessionID]bool), make(map[attendance.PersonID]bool)
	for _, e := range result.Events {
		counts[e.Mark]++
		sessions[e.Session], people[e.Person] = true, true
	}
	b := &out.Body
	b.Set, b.Marks, b.Sessions, b.People = result.ID, newMarkCounts(counts), len(sessions), len(people)
	if !in.Body.Preview {
		s.changed(result)
	}
	course, err := s.courseOutput(ctx, c, g)
	if err != nil {
		return nil, err
	}
	b.Course = course.Body
	return out, nil
}
