package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

// courseDisplayRoutes are the calls of a display that stays on for a whole term, and
// shows whichever session of its course is open.
func (s *Server) courseDisplayRoutes(api huma.API) {
	huma.Post(api, "/courses/{id}/display-link", s.postCourseDisplayLink, summary("A link that opens the displays of all sessions of a course, and nothing else"), answersSecret)
	huma.Delete(api, "/courses/{id}/display-link", s.deleteCourseDisplayLinks, summary("End all links to a course's display"))
	huma.Post(api, "/courses/{id}/display/enter", s.enterCourseDisplay, summary("Keep the token of a course's display as a cookie"), answersSecret)
	huma.Get(api, "/courses/{id}/display", s.getCourseDisplay, summary("Which session the display of a course shows now"))
}

type courseDisplayLinkOutput struct {
	Body struct {
		URL     string `json:"url"`
		Expires int64  `json:"expires"`
	}
}

func (s *Server) postCourseDisplayLink(ctx context.Context, in *courseInput) (*courseDisplayLinkOutput, error) {
	if _, err := s.authorize(ctx, in.ID, identity.RunSession); err != nil { // a display may not make links
		return nil, err
	}
	token, until, err := s.Accounts.CourseDisplayToken(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var out courseDisplayLinkOutput
	out.Body.URL = fmt.Sprintf("%s/display/course/%d#%s", s.baseURL(requestOf(ctx).raw), in.ID, token)
	out.Body.Expires = until.UnixMilli()
	return &out, nil
}

// deleteCourseDisplayLinks ends the links that are about, of which one may have got
// around. Displays that are on by them end within seconds.
func (s *Server) deleteCourseDisplayLinks(ctx context.Context, in *courseInput) (*struct{}, error) {
	g, err := s.authorize(ctx, in.ID, identity.PlanSessions)
	if err != nil {
		return nil, err
	}
	return nil, s.Accounts.EndCourseDisplays(ctx, in.ID, s.author(ctx, g.Viewer))
}

// enterCourseDisplay turns the token of the header Authorization into a cookie, as
// enterDisplay does; but one that outlasts the browser, since the room's computer is
// switched off at night.
func (s *Server) enterCourseDisplay(ctx context.Context, in *courseInput) (*cookieOnly, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	if v.CourseDisplay == 0 || v.CourseDisplay != in.ID {
		return nil, attendance.Refuse(attendance.CodeNotSignedIn, "This display link does not work, or has run out. Make a new one on the course's page.")
	}
	_, token, _ := strings.Cut(requestOf(ctx).raw.Header.Get("Authorization"), " ") // as authenticate has read it
	return &cookieOnly{SetCookie: s.cookie(requestOf(ctx).raw, displayCookie, strings.TrimSpace(token), identity.CourseDisplayLife)}, nil
}

type courseDisplayOutput struct {
	Body struct {
		Course  string               `json:"course"`
		Session attendance.SessionID `json:"session" doc:"The one that is open, the newest if there are several; else the one that begins within the hour; 0: none."`
		Next    int64                `json:"next" doc:"When the next one begins that is planned; 0: none is."`
	}
}

func (s *Server) getCourseDisplay(ctx context.Context, in *courseInput) (*courseDisplayOutput, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	if v.CourseDisplay == 0 || v.CourseDisplay != in.ID {
		if _, err := s.authorize(ctx, in.ID, identity.ShowDisplay); err != nil {
			return nil, err
		}
	}
	course, err := s.Roster.Course(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	meetings, err := s.Roster.Meetings(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &courseDisplayOutput{}
	out.Body.Course = course.Title
	out.Body.Session, out.Body.Next = onDisplay(meetings, s.now())
	return out, nil
}

// displayEarly is how long before its beginning a session is on the course's display.
const displayEarly = time.Hour

// onDisplay returns which of a course's sessions its display shows now, 0 if none, and
// when the next one begins.
func onDisplay(meetings []roster.Meeting, now time.Time) (session attendance.SessionID, next int64) {
	var opened, soon time.Time
	for i := range meetings {
		m := &meetings[i]
		if m.Status == attendance.Open && (session == 0 || m.OpenedAt.After(opened)) {
			session, opened = m.ID, m.OpenedAt
		}
		if m.Status == attendance.Scheduled && m.CancelledAt.IsZero() && m.Starts.After(now) && (soon.IsZero() || m.Starts.Before(soon)) {
			soon, next = m.Starts, m.Starts.UnixMilli()
		}
	}
	for i := range meetings {
		m := &meetings[i]
		if session == 0 && m.Status == attendance.Scheduled && m.CancelledAt.IsZero() && !m.Starts.IsZero() && m.Starts.Before(now.Add(displayEarly)) && m.Ends.After(now) {
			session = m.ID
		}
	}
	return session, next
}
