package server

import (
	"context"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/report"
)

// linkRoutes are the calls for links that let somebody in: join links and display links.
func (s *Server) linkRoutes(api huma.API) {
	huma.Get(api, "/join/{token}", s.getJoin, summary("Whom a join link is for"))
	huma.Post(api, "/join/{token}", s.postJoin, summary("Use a join link up"), answersSecret)
	huma.Post(api, "/people/{id}/join-link", s.postJoinLink, summary("Make a join link for a person"), answersSecret)
	huma.Post(api, "/courses/{id}/join-links", s.postJoinLinks, summary("Make join links for those of a course who have no password"), answersSecret)
	huma.Post(api, "/display/{session}/enter", s.enterDisplay, summary("Keep a display token as a cookie"), answersSecret)
	huma.Post(api, "/sessions/{id}/display-link", s.postDisplayLink, summary("A link that opens the display, and nothing else"), answersSecret)
}

type joinTokenInput struct {
	Token string `path:"token"`
}

type joinerOutput struct {
	Body struct {
		Given       string `json:"given"`
		Family      string `json:"family"`
		Username    string `json:"username"`
		HasPassword bool   `json:"has_password"`
	}
}

func (s *Server) getJoin(ctx context.Context, in *joinTokenInput) (*joinerOutput, error) {
	acc, err := s.Accounts.Joiner(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	var out joinerOutput
	out.Body.Given, out.Body.Family, out.Body.Username, out.Body.HasPassword = acc.Given, acc.Family, acc.Username, acc.HasPassword
	return &out, nil
}

type joinInput struct {
	Token string `path:"token"`
	Body  struct {
		Username string `json:"username,omitempty" maxLength:"200" doc:"For who has none yet."`
		Password string `json:"password,omitempty" maxLength:"1000"`
	}
}

func (s *Server) postJoin(ctx context.Context, in *joinInput) (*signedInAs, error) {
	token, person, err := s.Accounts.Join(ctx, in.Token, in.Body.Username, in.Body.Password, requestOf(ctx).raw.UserAgent())
	if err != nil {
		return nil, err
	}
	return s.answerSignedIn(ctx, token, person)
}

func (s *Server) joinURL(ctx context.Context, i identity.Invitation) string {
	return s.baseURL(requestOf(ctx).raw) + "/join/" + i.Token
}

type personInput struct {
	ID attendance.PersonID `path:"id"`
}

type joinLinkOutput struct {
	Body struct {
		URL     string `json:"url"`
		Expires int64  `json:"expires"`
	}
}

func (s *Server) postJoinLink(ctx context.Context, in *personInput) (*joinLinkOutput, error) {
	v, err := s.authorizeAdmin(ctx)
	if err != nil {
		return nil, err
	}
	made, err := s.Accounts.Invite(ctx, v.Person, in.ID)
	if err != nil {
		return nil, err
	}
	var out joinLinkOutput
	out.Body.URL, out.Body.Expires = s.joinURL(ctx, made), made.Expires.UnixMilli()
	return &out, nil
}

type joinLinksInput struct {
	ID     attendance.CourseID `path:"id"`
	Accept string              `header:"Accept"`
}

type courseJoinLink struct {
	Person attendance.PersonID `json:"person"`
	Given  string              `json:"given"`
	Family string              `json:"family"`
	Ref    string              `json:"ref"`
	URL    string              `json:"url"`
}

type joinLinksBody struct {
	Links   []courseJoinLink `json:"links"`
	Expires int64            `json:"expires"`
}

// joinLinksOutput is one of two things: joinLinksBody, or a CSV file.
type joinLinksOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        any
}

func (s *Server) postJoinLinks(ctx context.Context, in *joinLinksInput) (*joinLinksOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.MakeJoinLinks)
	if err != nil {
		return nil, err
	}
	made, err := s.Accounts.InviteCourse(ctx, g.Viewer, in.ID)
	if err != nil {
		return nil, err
	}
	body := joinLinksBody{Links: []courseJoinLink{}, Expires: s.now().Add(identity.JoinLinkLife).UnixMilli()}
	for _, i := range made {
		body.Links = append(body.Links, courseJoinLink{i.Person, i.Given, i.Family, i.Ref, s.joinURL(ctx, i)})
	}
	if !strings.Contains(in.Accept, "text/csv") {
		return &joinLinksOutput{Body: body}, nil
	}
	rows := [][]string{{"Family name", "Given name", "Reference", "Join link"}}
	for _, l := range body.Links {
		rows = append(rows, []string{l.Family, l.Given, l.Ref, l.URL})
	}
	return &joinLinksOutput{ContentType: fileTypes["csv"], Disposition: `attachment; filename="join-links.csv"`, Body: report.CSV(rows)}, nil
}

type sessionPathInput struct {
	Session attendance.SessionID `path:"session"`
}

// enterDisplay turns the display token of the header Authorization into a cookie,
// since a browser cannot send that header when it opens a WebSocket.
func (s *Server) enterDisplay(ctx context.Context, in *sessionPathInput) (*cookieOnly, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	if v.Display == 0 || v.Display != in.Session {
		return nil, attendance.Refuse(attendance.CodeNotSignedIn, "This display link does not work. Make a new one from the board.")
	}
	return &cookieOnly{SetCookie: s.cookie(requestOf(ctx).raw, displayCookie, s.Accounts.DisplayToken(in.Session), 0)}, nil
}

type sessionInput struct {
	ID attendance.SessionID `path:"id"`
}

type displayLinkOutput struct {
	Body struct {
		URL string `json:"url"`
	}
}

func (s *Server) postDisplayLink(ctx context.Context, in *sessionInput) (*displayLinkOutput, error) {
	if _, err := s.authorizeSession(ctx, in.ID, identity.SeeBoard); err != nil { // whoever may run it; a display may not make links
		return nil, err
	}
	var out displayLinkOutput
	out.Body.URL = fmt.Sprintf("%s/display/%d#%s", s.baseURL(requestOf(ctx).raw), in.ID, s.Accounts.DisplayToken(in.ID))
	return &out, nil
}
