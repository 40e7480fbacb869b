package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/excuse"
	"github.com/muster-live/muster/identity"
)

// excuseRoutes are the calls about who need not come.
func (s *Server) excuseRoutes(api huma.API) {
	huma.Get(api, "/courses/{id}/excuses", s.getExcuses, summary("The excuses of a course's students, newest first"))
	huma.Get(api, "/excuses", s.getAllExcuses, summary("The excuses of the whole institution, newest first"))
	huma.Post(api, "/excuses", s.postExcuses, summary("Excuse people over a stretch of time, or see what that would do"))
	huma.Post(api, "/excuses/withdraw", s.postWithdraw, summary("Withdraw excuses"))
}

type excuseBody struct {
	ID       int64               `json:"id"`
	Person   attendance.PersonID `json:"person"`
	Family   string              `json:"family"`
	Given    string              `json:"given"`
	Ref      string              `json:"ref"`
	Course   attendance.CourseID `json:"course" doc:"0: all courses; only administrators withdraw it."`
	Code     string              `json:"course_code" doc:"Of that course, in the list of all excuses."`
	From     int64               `json:"from"`
	Until    int64               `json:"until" doc:"The first moment that it is not for."`
	Reason   string              `json:"reason"`
	Status   string              `json:"status,omitempty" doc:"Which status of excused; left out: excused itself."`
	By       string              `json:"by" doc:"The name of who gave it."`
	At       int64               `json:"at"`
	Sessions int                 `json:"sessions" doc:"How many sessions it reaches: of this course or, in the list of all, of all that it is for."`
	Marks    int                 `json:"marks" doc:"How many marks say excused because of it."`
}

type excusesOutput struct {
	Body struct {
		Excuses []excuseBody `json:"excuses"`
	}
}

func (s *Server) getExcuses(ctx context.Context, in *courseInput) (*excusesOutput, error) {
	if _, err := s.authorize(ctx, in.ID, identity.SeeReport); err != nil {
		return nil, err
	}
	found, err := s.Excuses.Excuses(ctx, in.ID)
	out := &excusesOutput{}
	out.Body.Excuses = newExcuseBodies(found)
	return out, err
}

func newExcuseBodies(found []excuse.Listed) []excuseBody {
	all := make([]excuseBody, len(found))
	for i, l := range found {
		all[i] = excuseBody{l.ID, l.Person, l.Family, l.Given, l.Ref, l.Course, l.CourseCode, millis(l.From), millis(l.Until), l.Reason, l.Status, l.ByName, millis(l.At), l.Sessions, l.Marks}
	}
	return all
}

type allExcusesInput struct {
	Cursor int64 `query:"cursor" minimum:"0" doc:"What the page before said comes next."`
	Limit  int   `query:"limit" default:"200" minimum:"1" maximum:"1000"`
}

type allExcusesOutput struct {
	Body struct {
		Excuses []excuseBody `json:"excuses"`
		Next    int64        `json:"next" doc:"The cursor of the next page; 0: there is none."`
	}
}

func (s *Server) getAllExcuses(ctx context.Context, in *allExcusesInput) (*allExcusesOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.SeeReports); err != nil {
		return nil, err
	}
	found, err := s.Excuses.AllExcuses(ctx, in.Cursor, in.Limit+1)
	out := &allExcusesOutput{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Body.Next = found[in.Limit-1].ID
	}
	out.Body.Excuses = newExcuseBodies(found)
	return out, err
}

type excusesInput struct {
	Body struct {
		People   []attendance.PersonID `json:"people,omitempty" maxItems:"100000" doc:"Who is excused."`
		Everyone bool                  `json:"everyone,omitempty" doc:"Instead of people: all students of the courses."`
		Courses  []attendance.CourseID `json:"courses,omitempty" maxItems:"200" doc:"What they are excused from. None: all courses, which only administrators may do."`
		From     int64                 `json:"from" minimum:"1"`
		Until    int64                 `json:"until" minimum:"1" doc:"The first moment that they are not excused from."`
		Reason   string                `json:"reason,omitempty" maxLength:"300"`
		Status   string                `json:"status,omitempty" maxLength:"20" pattern:"^[a-z0-9_-]*$" doc:"Which status of excused; left out: excused itself. Courses that do not have it show excused."`
		LeaveOut bool                  `json:"leave_out,omitempty" doc:"Leave out who is no student of these courses, rather than refuse."`
		Preview  bool                  `json:"preview,omitempty" doc:"Only say what would be done."`
	}
}

type keptBody struct {
	Person  attendance.PersonID  `json:"person"`
	Family  string               `json:"family"`
	Given   string               `json:"given"`
	Session attendance.SessionID `json:"session"`
	Title   string               `json:"title"`
	Starts  int64                `json:"starts"`
	Mark    string               `json:"mark"`
	Source  string               `json:"source"`
}

type excusedOutput struct {
	Body struct {
		Set     int64      `json:"set" doc:"The change set that was applied; 0: none was."`
		People  int        `json:"people"`
		Add     int        `json:"add" doc:"How many excuses are new: one for each person and course."`
		Same    int        `json:"same" doc:"How many there were already."`
		Marks   int        `json:"marks" doc:"How many marks become excused at once."`
		Already int        `json:"already" doc:"How many marks were excused by another excuse."`
		Coming  int        `json:"coming" doc:"How many sessions have yet to be opened, and will have them excused."`
		Held    int        `json:"held" doc:"How many sessions have been opened."`
		Checked int        `json:"checked_in" doc:"Marks that are left alone, because the student checked in."`
		ByHand  int        `json:"by_hand" doc:"Marks that are left alone, because somebody set them."`
		LeftOut int        `json:"left_out" doc:"How many people are no students of these courses."`
		Kept    []keptBody `json:"kept" doc:"What is left alone, at most 200 lines of it."`
	}
}

func (s *Server) postExcuses(ctx context.Context, in *excusesInput) (*excusedOutput, error) {
	b := &in.Body
	v, course, err := s.authorizeCourses(ctx, b.Courses)
	if err != nil {
		return nil, err
	}
	if b.Everyone == (len(b.People) > 0) {
		return nil, attendance.BadField("people", "given, or everyone, but not both")
	}
	now := s.now()
	w := &excuse.Wanted{Reason: b.Reason, Status: b.Status, By: v.Person, At: now, LeaveOut: b.LeaveOut, Scope: excuse.Scope{From: time.UnixMilli(b.From), Until: time.UnixMilli(b.Until)}}
	if len(b.Courses) > 0 {
		w.Courses = b.Courses
	}
	if !b.Everyone {
		slices.Sort(b.People)
		w.People = slices.Compact(b.People)
	}
	if err := w.Validate(); err != nil {
		return nil, err
	}
	if err := s.checkExcused(ctx, b.Courses, b.Status); err != nil {
		return nil, err
	}
	reach, err := s.Excuses.Reach(ctx, w.Scope)
	if err != nil {
		return nil, err
	}
	plan, err := w.Decide(reach)
	if err != nil {
		return nil, err
	}
	var set int64
	if !b.Preview && len(plan.Add) > 0 {
		h := s.header(ctx, v, changes.Excuses, course, plan.Title(reach, b.Reason))
		result, err := s.Excuses.GiveExcuses(ctx, h, w.Scope, func(r *excuse.Reach) ([]excuse.Excuse, error) {
			var err error
			reach = r
			plan, err = w.Decide(r)
			return plan.Add, err
		})
		if err != nil {
			return nil, err
		}
		s.changed(result)
		set = result.ID
	}
	return newExcusedOutput(set, plan, reach), nil
}

// checkExcused refuses a status of excused that none of the courses has; without courses,
// one that no course may have.
func (s *Server) checkExcused(ctx context.Context, courses []attendance.CourseID, status string) error {
	if status == "" {
		return nil
	}
	var sets []attendance.StatusSet
	for _, course := range courses {
		set, err := s.statusesOf(ctx, course)
		if err != nil {
			return err
		}
		sets = append(sets, *set)
	}
	if len(courses) == 0 {
		var err error
		if sets, err = s.Statuses.StatusSets(ctx); err != nil {
			return err
		}
	}
	for i := range sets {
		if sets[i].Check(attendance.Marking{Mark: attendance.Excused, Status: status}) == nil {
			return nil
		}
	}
	return attendance.BadField("status", "the key of one of the courses' statuses of excused")
}

func newExcusedOutput(set int64, p *excuse.Plan, r *excuse.Reach) *excusedOutput {
	out := &excusedOutput{}
	b := &out.Body
	b.Set, b.People, b.Add, b.Same, b.Marks, b.Already, b.Coming, b.Held = set, p.People, len(p.Add), p.Same, p.Marks, p.Already, p.Coming, p.Held
	b.LeftOut = len(p.Unknown)
	b.Checked, b.ByHand = p.Left[excuse.CheckedIn], p.Left[excuse.ByHand]
	sessions := make(map[attendance.SessionID]*excuse.Session)
	for i := range r.Sessions {
		sessions[r.Sessions[i].ID] = &r.Sessions[i]
	}
	people := make(map[attendance.PersonID]*excuse.Student)
	for i := range r.Students {
		people[r.Students[i].Person] = &r.Students[i]
	}
	b.Kept = make([]keptBody, len(p.Kept))
	for i, l := range p.Kept {
		b.Kept[i] = keptBody{Person: l.Person, Session: l.Session, Mark: l.Mark.String(), Source: l.Source.String()}
		if one := people[l.Person]; one != nil {
			b.Kept[i].Family, b.Kept[i].Given = one.Family, one.Given
		}
		if one := sessions[l.Session]; one != nil {
			b.Kept[i].Title, b.Kept[i].Starts = one.Title, millis(one.Starts)
		}
	}
	return out
}

// authorizeCourses grants setting marks in all of these courses, or, if there are none,
// in the whole institution. It returns the course whose teachers may take back what is
// done: 0 if there are several.
func (s *Server) authorizeCourses(ctx context.Context, courses []attendance.CourseID) (v identity.Viewer, one attendance.CourseID, err error) {
	if len(courses) == 0 {
		v, err = s.authorizeAll(ctx, identity.SetMarks)
		return v, 0, err
	}
	for i, course := range courses {
		g, err := s.authorize(ctx, course, identity.SetMarks)
		if err != nil {
			return v, 0, err
		}
		v = g.Viewer
		if i == 0 || course == one {
			one = course
		} else {
			one = 0
		}
	}
	return v, one, nil
}

type withdrawInput struct {
	Body struct {
		IDs []int64 `json:"ids" minItems:"1" maxItems:"100000"`
	}
}

type withdrawOutput struct {
	Body struct {
		Set   int64 `json:"set" doc:"The change set that was applied; 0: they had been withdrawn already."`
		Marks int   `json:"marks" doc:"How many marks were taken back."`
	}
}

func (s *Server) postWithdraw(ctx context.Context, in *withdrawInput) (*withdrawOutput, error) {
	found, err := s.Excuses.ExcusesByID(ctx, in.Body.IDs)
	if err != nil {
		return nil, err
	}
	out := &withdrawOutput{}
	courses := make([]attendance.CourseID, 0, 1)
	everywhere := false // an administrator's
	for _, x := range found {
		everywhere = everywhere || x.Course == 0
		if !slices.Contains(courses, x.Course) {
			courses = append(courses, x.Course)
		}
	}
	if everywhere || len(found) == 0 {
		courses = nil
	}
	v, course, err := s.authorizeCourses(ctx, courses)
	if err != nil {
		return nil, err
	}
	title := "Excuse withdrawn"
	if len(found) > 1 {
		title = fmt.Sprintf("%d excuses withdrawn", len(found))
	}
	result, err := s.Excuses.WithdrawExcuses(ctx, s.header(ctx, v, changes.Excuses, course, title), in.Body.IDs)
	if err != nil {
		return nil, err
	}
	s.changed(result)
	out.Body.Set, out.Body.Marks = result.ID, len(result.Events)
	return out, nil
}
