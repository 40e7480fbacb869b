package server

import (
	"context"
	"math"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/report"
)

// statusRoutes are the calls about what the institution makes of marks.
func (s *Server) statusRoutes(api huma.API) {
	huma.Get(api, "/statuses", s.getStatuses, summary("The status sets: how marks are called and written, and what they count as"))
	huma.Post(api, "/statuses", s.postStatuses, summary("Add a status set, which courses may choose"))
	huma.Put(api, "/statuses/{id}", s.putStatuses, summary("Change a status set, or see what that would do to what students have"))
	huma.Post(api, "/courses/{id}/statuses", s.chooseStatuses, summary("Choose the status set of a course, or see what that would do to what students have"))
}

// Statuses is where it is kept what the institution makes of marks.
type Statuses interface {
	StatusSets(context.Context) ([]attendance.StatusSet, error)
	ChangeStatusSet(context.Context, changes.Header, attendance.StatusSet) (attendance.StatusSetID, changes.Result, error)
	ChooseStatusSet(context.Context, changes.Header, attendance.StatusSetID) (changes.Result, error)
}

type statusBody struct {
	Mark   string  `json:"mark" enum:"present,late,absent,excused"`
	Key    string  `json:"key,omitempty" maxLength:"20" pattern:"^[a-z0-9_-]*$" doc:"Which status of the mark; left out: the mark itself."`
	Name   string  `json:"name" minLength:"1" maxLength:"30"`
	Letter string  `json:"letter" minLength:"1" maxLength:"1"`
	Points float64 `json:"points" minimum:"0" maximum:"100"`
	Counts string  `json:"counts" enum:"there,away,out" doc:"there: the student was there; away: was not; out: as if the session had not been."`
}

type statusSetBody struct {
	ID       attendance.StatusSetID `json:"id" doc:"1 is the set of courses that have chosen no other."`
	Name     string                 `json:"name"`
	Statuses []statusBody           `json:"statuses" doc:"The four marks, then other statuses."`
}

func newStatusSetBody(set *attendance.StatusSet) statusSetBody {
	out := statusSetBody{set.ID, set.Name, make([]statusBody, len(set.Meanings))}
	for i, m := range set.Meanings {
		out.Statuses[i] = statusBody{m.Mark.String(), m.Key, m.Name, m.Letter, float64(m.Points) / 100, m.Counts.String()}
	}
	return out
}

type statusesInput struct {
	Course  attendance.CourseID  `query:"course" minimum:"0" doc:"Only the set of this course."`
	Session attendance.SessionID `query:"session" minimum:"0" doc:"Only the set of this session's course."`
}

type statusesOutput struct {
	Body struct {
		Sets []statusSetBody `json:"sets"`
	}
}

func (s *Server) getStatuses(ctx context.Context, in *statusesInput) (*statusesOutput, error) {
	var g grant
	var err error
	switch {
	case in.Session != 0:
		g, err = s.authorizeSession(ctx, in.Session, identity.SeeCourse)
	case in.Course != 0:
		g, err = s.authorize(ctx, in.Course, identity.SeeCourse)
	default:
		_, err = s.known(ctx)
	}
	if err != nil {
		return nil, err
	}
	var sets []attendance.StatusSet
	if g.Course == 0 {
		sets, err = s.Statuses.StatusSets(ctx)
	} else {
		var one *attendance.StatusSet
		if one, err = s.statusesOf(ctx, g.Course); err == nil {
			sets = append(sets, *one)
		}
	}
	out := &statusesOutput{}
	out.Body.Sets = []statusSetBody{}
	for i := range sets {
		out.Body.Sets = append(out.Body.Sets, newStatusSetBody(&sets[i]))
	}
	return out, err
}

// statusesOf returns the status set of a course.
func (s *Server) statusesOf(ctx context.Context, course attendance.CourseID) (*attendance.StatusSet, error) {
	c, err := s.Roster.Course(ctx, course)
	if err != nil {
		return nil, err
	}
	sets, err := s.Statuses.StatusSets(ctx)
	if err != nil {
		return nil, err
	}
	return attendance.FindStatusSet(sets, c.StatusSet), nil
}

// checkStatuses refuses marks with statuses that the course does not have.
func (s *Server) checkStatuses(ctx context.Context, course attendance.CourseID, c *attendance.Command) error {
	if !slices.ContainsFunc(c.Marks, func(m attendance.MarkChange) bool { return m.Status != "" }) {
		return nil
	}
	set, err := s.statusesOf(ctx, course)
	for i := 0; err == nil && i < len(c.Marks); i++ {
		err = set.Check(attendance.Marking{Mark: c.Marks[i].Mark, Status: c.Marks[i].Status})
	}
	return err
}

// StatusSetChange is a status set as it is sent. It has an exported name because it is
// embedded in what huma fills in.
type StatusSetChange struct {
	Name     string       `json:"name,omitempty" maxLength:"30"`
	Statuses []statusBody `json:"statuses" minItems:"1" maxItems:"20" doc:"Marks that are left out stay as they are; of other statuses there are these from now on."`
}

// set is what becomes of a set by the body.
func (b *StatusSetChange) set(was *attendance.StatusSet) attendance.StatusSet {
	set := attendance.StatusSet{ID: was.ID, Name: was.Name, Meanings: append([]attendance.Meaning{}, was.Meanings[:attendance.MarkCount-1]...)}
	if b.Name != "" {
		set.Name = b.Name
	}
	for _, one := range b.Statuses {
		mark, _ := attendance.ParseMark(one.Mark) // huma lets only these through
		counts, _ := attendance.ParseCountsAs(one.Counts)
		m := attendance.Meaning{Mark: mark, Key: one.Key, Name: one.Name, Letter: one.Letter, Points: int(math.Round(one.Points * 100)), Counts: counts}
		if one.Key == "" {
			set.Meanings[mark-attendance.Present] = m
		} else {
			set.Meanings = append(set.Meanings, m)
		}
	}
	return set
}

type shiftScore struct {
	Percent *float64 `json:"percent"`
	Points  float64  `json:"points"`
	Of      float64  `json:"of"`
}

type shiftedBody struct {
	Course termCourse          `json:"course"`
	Person attendance.PersonID `json:"person"`
	Family string              `json:"family"`
	Given  string              `json:"given"`
	Before shiftScore          `json:"before"`
	After  shiftScore          `json:"after"`
}

type shiftBody struct {
	Courses  int           `json:"courses" doc:"That count by the set, and have marks."`
	Students int           `json:"students" doc:"Who have marks in them; those of two courses count twice."`
	Up       int           `json:"up" doc:"Of how many the percentage or, if that stays, the points become more."`
	Down     int           `json:"down" doc:"Of how many they become less."`
	Most     []shiftedBody `json:"most" doc:"At most 50 of them, the biggest differences first."`
}

type statusChangeOutput struct {
	Body struct {
		Set      int64         `json:"set" doc:"The change set that was applied; 0: none was."`
		Statuses statusSetBody `json:"statuses" doc:"As it is, or would be."`
		Shift    *shiftBody    `json:"shift,omitempty" doc:"What this does, or would do, to what students have."`
	}
}

func newStatusChange(result changes.Result, set *attendance.StatusSet, shift *shiftBody) *statusChangeOutput {
	out := &statusChangeOutput{}
	out.Body.Set, out.Body.Statuses, out.Body.Shift = result.ID, newStatusSetBody(set), shift
	return out
}

type postStatusesInput struct{ Body StatusSetChange }

func (s *Server) postStatuses(ctx context.Context, in *postStatusesInput) (*statusChangeOutput, error) {
	v, err := s.authorizeAdmin(ctx)
	if err != nil {
		return nil, err
	}
	usual := attendance.DefaultStatusSet()
	usual.ID, usual.Name = 0, ""
	set := in.Body.set(usual)
	var result changes.Result
	set.ID, result, err = s.Statuses.ChangeStatusSet(ctx, s.header(ctx, v, changes.Rules, 0, "Statuses added: "+set.Name), set)
	if err != nil {
		return nil, err
	}
	s.changed(result)
	return newStatusChange(result, &set, nil), nil
}

type putStatusesInput struct {
	ID   attendance.StatusSetID `path:"id"`
	Body struct {
		StatusSetChange
		Preview bool `json:"preview,omitempty" doc:"Only say what would be done."`
	}
}

func (s *Server) putStatuses(ctx context.Context, in *putStatusesInput) (*statusChangeOutput, error) {
	v, err := s.authorizeAdmin(ctx)
	if err != nil {
		return nil, err
	}
	was, err := s.statusSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	set := in.Body.set(was)
	if err := set.Validate(); err != nil {
		return nil, err
	}
	shift, err := s.shift(ctx, was, &set, 0)
	if err != nil || in.Body.Preview {
		return newStatusChange(changes.Result{}, &set, shift), err
	}
	_, result, err := s.Statuses.ChangeStatusSet(ctx, s.header(ctx, v, changes.Rules, 0, "Statuses changed: "+set.Name), set)
	if err != nil {
		return nil, err
	}
	s.changed(result)
	return newStatusChange(result, &set, shift), nil
}

func (s *Server) statusSet(ctx context.Context, id attendance.StatusSetID) (*attendance.StatusSet, error) {
	sets, err := s.Statuses.StatusSets(ctx)
	if err != nil {
		return nil, err
	}
	set := attendance.FindStatusSet(sets, id)
	if set.ID != id {
		return nil, attendance.Refuse(attendance.CodeNotFound, "There is no such status set.")
	}
	return set, nil
}

type chooseStatusesInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		StatusSet attendance.StatusSetID `json:"status_set" minimum:"1"`
		Preview   bool                   `json:"preview,omitempty" doc:"Only say what would be done."`
	}
}

func (s *Server) chooseStatuses(ctx context.Context, in *chooseStatusesInput) (*statusChangeOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.EditCourse)
	if err != nil {
		return nil, err
	}
	set, err := s.statusSet(ctx, in.Body.StatusSet)
	if err != nil {
		return nil, err
	}
	was, err := s.statusesOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	shift, err := s.shift(ctx, was, set, in.ID)
	if err != nil || in.Body.Preview {
		return newStatusChange(changes.Result{}, set, shift), err
	}
	result, err := s.Statuses.ChooseStatusSet(ctx, s.header(ctx, g.Viewer, changes.Rules, in.ID, "Statuses: "+set.Name), set.ID)
	if err != nil {
		return nil, err
	}
	s.changed(result)
	return newStatusChange(result, set, shift), nil
}

// maxShifted is how many students a preview names.
const maxShifted = 50

// shift is what counting by after instead of before does, in one course or, if it is 0,
// in all that have the set.
func (s *Server) shift(ctx context.Context, before, after *attendance.StatusSet, course attendance.CourseID) (*shiftBody, error) {
	found, err := report.ShiftOf(ctx, before, after, maxShifted, func(ctx context.Context, fn func(*report.CourseTally) error) error {
		return s.Reports.EachTally(ctx, before.ID, course, fn)
	})
	if err != nil {
		return nil, err
	}
	out := &shiftBody{found.Courses, found.Students, found.Up, found.Down, make([]shiftedBody, len(found.Most))}
	for i := range found.Most {
		one := &found.Most[i]
		out.Most[i] = shiftedBody{newTermCourse(one.Course), one.Person, one.Family, one.Given, newShiftScore(&one.Before), newShiftScore(&one.After)}
	}
	return out, nil
}

func newShiftScore(s *report.Score) shiftScore { return shiftScore{percentOf(s), s.Points, s.Of} }
