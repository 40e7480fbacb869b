package server

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

// Roster is what the API needs to know of people, courses and sessions.
type Roster interface {
	Course(context.Context, attendance.CourseID) (roster.Course, error)
	Courses(context.Context, roster.Page) (found []roster.Listing, next string, err error)
	ChangeRules(ctx context.Context, by attendance.Author, id attendance.CourseID, change roster.RulesChange, now time.Time) (roster.Course, error)
	JudgeByRules(ctx context.Context, h changes.Header, rules roster.RulesChange, since time.Time, dry bool) (roster.Course, changes.Result, error)
	Members(context.Context, attendance.CourseID) ([]roster.Member, error)
	Memberships(context.Context, attendance.PersonID) ([]roster.Membership, error)

	Meeting(context.Context, attendance.SessionID) (roster.Meeting, error)
	Meetings(context.Context, attendance.CourseID) ([]roster.Meeting, error)
	AddSession(context.Context, roster.NewSession) (attendance.SessionID, error)

	People(context.Context, roster.Page) (found []roster.Person, next string, err error)
	AddPerson(ctx context.Context, by attendance.Author, p roster.Person, now time.Time) (roster.Person, error)
	ChangePerson(ctx context.Context, by attendance.Author, id attendance.PersonID, change roster.PersonChange, now time.Time) (p roster.Person, courses []attendance.CourseID, err error)

	roster.ImportStore
	roster.MergeStore
	roster.GroupStore
	roster.Everybody
}

// rosterRoutes are the calls about courses and their sessions.
func (s *Server) rosterRoutes(api huma.API) {
	huma.Get(api, "/courses", s.getCourses, summary("All courses"))
	huma.Get(api, "/courses/{id}", s.getCourse, summary("A course with its settings and people"))
	huma.Patch(api, "/courses/{id}", s.patchCourse, summary("Change settings of a course"))
	huma.Get(api, "/courses/{id}/sessions", s.getSessions, summary("The sessions of a course, newest first"))
	huma.Post(api, "/courses/{id}/sessions", s.postSession, summary("Make a session, and perhaps open it"))
	huma.Get(api, "/sessions/{id}", s.getSession, summary("A session"))
}

type courseInput struct {
	ID attendance.CourseID `path:"id"`
}

type memberBody struct {
	ID     attendance.PersonID `json:"id"`
	Given  string              `json:"given"`
	Family string              `json:"family"`
	Ref    string              `json:"ref"`
	Role   string              `json:"role"`
}

type courseBody struct {
	ID         attendance.CourseID    `json:"id"`
	Code       string                 `json:"code"`
	Title      string                 `json:"title"`
	Term       string                 `json:"term"`
	Role       string                 `json:"role" enum:"student,assistant,teacher,admin"`
	Students   int                    `json:"students"`
	LateAfter  *int                   `json:"late_after" doc:"Minutes after opening; null: nobody is late."`
	OnClose    string                 `json:"on_close" enum:"absent,leave"`
	CodeStepMS int64                  `json:"code_step_ms"`
	CodeGrace  int                    `json:"code_grace"`
	StatusSet  attendance.StatusSetID `json:"status_set" doc:"What marks mean in it."`
	People     []memberBody           `json:"people,omitempty" doc:"For teachers, assistants and administrators."`
}

type courseOutput struct{ Body courseBody }

func (s *Server) courseOutput(ctx context.Context, c roster.Course, g grant) (*courseOutput, error) {
	b := courseBody{
		ID: c.ID, Code: c.Code, Title: c.Title, Term: c.Term, Role: g.roleName(), Students: c.Students,
		OnClose: c.Rules.OnClose.String(), CodeStepMS: c.Rules.CodeStep.Milliseconds(), CodeGrace: c.Rules.CodeGrace, StatusSet: c.StatusSet,
	}
	if c.Rules.LateAfter >= 0 {
		minutes := int(c.Rules.LateAfter / time.Minute)
		b.LateAfter = &minutes
	}
	if !g.Viewer.May(g.Role, identity.SeeMembers) {
		return &courseOutput{b}, nil
	}
	members, err := s.Roster.Members(ctx, c.ID)
	for _, m := range members {
		b.People = append(b.People, memberBody{m.ID, m.Given, m.Family, m.Ref, m.Role.String()})
	}
	return &courseOutput{b}, err
}

func (s *Server) getCourse(ctx context.Context, in *courseInput) (*courseOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.SeeCourse)
	if err != nil {
		return nil, err
	}
	c, err := s.Roster.Course(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.courseOutput(ctx, c, g)
}

type patchCourseInput struct {
	ID   attendance.CourseID `path:"id"`
	Body RulesBody
}

// RulesBody changes those of a course's settings that are sent. It has an exported name
// because it is embedded in what huma fills in.
type RulesBody struct {
	LateAfter  minutesOrNull `json:"late_after,omitempty"`
	OnClose    *string       `json:"on_close,omitempty" enum:"absent,leave"`
	CodeStepMS *int64        `json:"code_step_ms,omitempty"`
	CodeGrace  *int          `json:"code_grace,omitempty"`
}

func (b *RulesBody) change() (roster.RulesChange, error) {
	change := roster.RulesChange{CodeGrace: b.CodeGrace}
	if late := b.LateAfter; late.sent {
		limit := attendance.NeverLate
		if !late.null {
			if late.minutes < 0 {
				return change, attendance.BadField("late_after", "a number of minutes from 0 to 1440, or null")
			}
			limit = time.Duration(min(late.minutes, 1<<20)) * time.Minute
		}
		change.LateAfter = &limit
	}
	if b.OnClose != nil {
		rule, _ := attendance.ParseOnClose(*b.OnClose)
		change.OnClose = &rule
	}
	if ms := b.CodeStepMS; ms != nil {
		step := time.Duration(min(max(*ms, 0), 1<<40)) * time.Millisecond
		change.CodeStep = &step
	}
	return change, nil
}

// minutesOrNull tells a field that is null from one that is not there.
type minutesOrNull struct {
	sent, null bool
	minutes    int
}

func (m *minutesOrNull) UnmarshalJSON(b []byte) error {
	m.sent, m.null = true, string(b) == "null"
	return json.Unmarshal(b, &m.minutes)
}

// Schema implements huma.SchemaProvider.
func (m minutesOrNull) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Nullable: true, Description: "Minutes after opening; null: nobody is late."}
}

func (s *Server) patchCourse(ctx context.Context, in *patchCourseInput) (*courseOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.EditCourse)
	if err != nil {
		return nil, err
	}
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	c, err := s.Roster.ChangeRules(ctx, s.author(ctx, g.Viewer), in.ID, change, s.now())
	if err != nil {
		return nil, err
	}
	s.Hub.CoursesChanged([]attendance.CourseID{in.ID})
	return s.courseOutput(ctx, c, g)
}

type sessionsInput struct {
	ID     attendance.CourseID  `path:"id"`
	Cursor attendance.SessionID `query:"cursor" minimum:"0" doc:"What the page before said comes next."`
	Limit  int                  `query:"limit" default:"1000" minimum:"1" maximum:"1000"`
}

type sessionsOutput struct {
	Body struct {
		Sessions []sessionBody `json:"sessions"`
		Next     string        `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) getSessions(ctx context.Context, in *sessionsInput) (*sessionsOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.SeeCourse)
	if err != nil {
		return nil, err
	}
	found, err := s.Roster.Meetings(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Cursor != 0 {
		i := slices.IndexFunc(found, func(m roster.Meeting) bool { return m.ID == in.Cursor })
		if i < 0 {
			return nil, attendance.BadField("cursor", "what the page before said comes next")
		}
		found = found[i+1:]
	}
	out := &sessionsOutput{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		out.Body.Next = strconv.FormatInt(int64(found[in.Limit-1].ID), 10)
	}
	out.Body.Sessions = make([]sessionBody, len(found))
	for i := range found {
		out.Body.Sessions[i] = newSessionBody(&found[i], g)
	}
	return out, nil
}

type postSessionInput struct {
	ID   attendance.CourseID `path:"id"`
	Body struct {
		Title  string `json:"title,omitempty" maxLength:"200"`
		Starts int64  `json:"starts,omitempty" minimum:"0"`
		Ends   int64  `json:"ends,omitempty" minimum:"0"`
		Open   bool   `json:"open,omitempty" doc:"Open it at once. With nothing else given, a planned session that goes on or begins within the hour is opened rather than another one made."`
	}
}

type sessionOutput struct{ Body sessionBody }

func (s *Server) postSession(ctx context.Context, in *postSessionInput) (*sessionOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.RunSession)
	if err != nil {
		return nil, err
	}
	if in.Body.Ends != 0 && in.Body.Ends <= in.Body.Starts {
		return nil, attendance.BadField("ends", "after starts")
	}
	if !attendance.IsText(in.Body.Title) {
		return nil, attendance.BadField("title", "text, without the character U+0000")
	}
	if in.Body.Open && in.Body.Title == "" && in.Body.Starts == 0 {
		if id, err := s.Planner.Due(ctx, in.ID); err != nil || id != 0 {
			return s.openNow(ctx, id, g, err)
		}
	}
	n := roster.Schedule(in.ID, in.Body.Title, s.now())
	if in.Body.Starts != 0 {
		n.Starts = time.UnixMilli(in.Body.Starts)
	}
	if in.Body.Ends != 0 {
		n.Ends = time.UnixMilli(in.Body.Ends)
	}
	id, err := s.Roster.AddSession(ctx, n)
	if err != nil {
		return nil, err
	}
	if in.Body.Open {
		return s.openNow(ctx, id, g, nil)
	}
	return s.sessionOutput(ctx, id, g)
}

// openNow opens a session that was made, or chosen, for that.
func (s *Server) openNow(ctx context.Context, id attendance.SessionID, g grant, err error) (*sessionOutput, error) {
	if err == nil {
		_, err = s.Recorder.Do(ctx, attendance.Command{ID: "open-on-creation", Session: id, Actor: g.Viewer.Person, From: s.author(ctx, g.Viewer).From, Kind: attendance.OpenSession})
	}
	if err != nil {
		return nil, err
	}
	return s.sessionOutput(ctx, id, g)
}

func (s *Server) sessionOutput(ctx context.Context, id attendance.SessionID, g grant) (*sessionOutput, error) {
	m, err := s.Roster.Meeting(ctx, id)
	if err != nil {
		return nil, err
	}
	body := newSessionBody(&m, g)
	opens, closes, err := s.Planner.Times(ctx, m.Course, id)
	body.Opens, body.Closes = millis(opens), millis(closes)
	return &sessionOutput{body}, err
}

func (s *Server) getSession(ctx context.Context, in *sessionInput) (*sessionOutput, error) {
	g, err := s.authorizeSession(ctx, in.ID, identity.SeeCourse)
	if err != nil {
		return nil, err
	}
	return s.sessionOutput(ctx, in.ID, g)
}

// pageInput asks for a part of a list.
type pageInput struct {
	Query  string `query:"q" maxLength:"200" doc:"Words that must all occur."`
	Cursor string `query:"cursor" maxLength:"1000" doc:"What the page before said comes next."`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200"`
}

func (in *pageInput) page() roster.Page {
	return roster.Page{Query: searchable(in.Query), After: searchable(in.Cursor), Limit: in.Limit}
}

type coursesOutput struct {
	Body struct {
		Courses []listedCourse `json:"courses"`
		Next    string         `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

type listedCourse struct {
	ID       attendance.CourseID `json:"id"`
	Code     string              `json:"code"`
	Title    string              `json:"title"`
	Term     string              `json:"term"`
	Students int                 `json:"students"`
	Teachers []string            `json:"teachers"`
}

func (s *Server) getCourses(ctx context.Context, in *pageInput) (*coursesOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.SeeRoster); err != nil {
		return nil, err
	}
	found, next, err := s.Roster.Courses(ctx, in.page())
	out := &coursesOutput{}
	out.Body.Courses, out.Body.Next = make([]listedCourse, len(found)), next
	for i, c := range found {
		out.Body.Courses[i] = listedCourse{c.ID, c.Code, c.Title, c.Term, c.Students, c.Teachers}
	}
	return out, err
}

// searchable leaves out what is no text, which nothing can be found by.
func searchable(q string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(q, "\x00", ""), "")
}
