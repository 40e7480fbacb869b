package server

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// accountRoutes are the calls for signing in and out.
func (s *Server) accountRoutes(api huma.API) {
	huma.Post(api, "/signin", s.signIn, summary("Sign in with a password"), answersSecret)
	huma.Post(api, "/signout", s.signOut, summary("End this sign-in"))
	huma.Get(api, "/me", s.getMe, summary("Who is signed in, and their courses"))
	huma.Put(api, "/me/password", s.putPassword, summary("Change one's password"))
}

// me is a person as they see themselves.
type me struct {
	ID       attendance.PersonID `json:"id"`
	Given    string              `json:"given"`
	Family   string              `json:"family"`
	Email    string              `json:"email"`
	Username string              `json:"username"`
	Admin    bool                `json:"admin"`
	Teaches  bool                `json:"teaches"`
	Courses  []myCourse          `json:"courses"`
}

// myCourse is a course as one of its members sees it in a list.
type myCourse struct {
	ID          attendance.CourseID  `json:"id"`
	Code        string               `json:"code"`
	Title       string               `json:"title"`
	Term        string               `json:"term"`
	Role        string               `json:"role" enum:"student,assistant,teacher"`
	Students    int                  `json:"students"`
	OpenSession attendance.SessionID `json:"open_session" doc:"0 if none is open."`
}

func (s *Server) meOf(ctx context.Context, person attendance.PersonID) (me, error) {
	acc, err := s.Accounts.Account(ctx, person)
	if err != nil {
		return me{}, err
	}
	courses, err := s.Roster.Memberships(ctx, person)
	if err != nil {
		return me{}, err
	}
	m := me{ID: person, Given: acc.Given, Family: acc.Family, Email: acc.Email, Username: acc.Username, Admin: acc.Admin, Courses: []myCourse{}}
	for _, c := range courses {
		m.Courses = append(m.Courses, myCourse{c.ID, c.Code, c.Title, c.Term, c.Role.String(), c.Students, c.Open})
		m.Teaches = m.Teaches || c.Role != attendance.Student
	}
	return m, nil
}

// signedInAs is the answer to who has just signed in.
type signedInAs struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Person me `json:"person"`
	}
}

func (s *Server) answerSignedIn(ctx context.Context, token string, person attendance.PersonID) (*signedInAs, error) {
	out := &signedInAs{SetCookie: s.cookie(requestOf(ctx).raw, signInCookie, token, identity.SignInLife)}
	var err error
	out.Body.Person, err = s.meOf(ctx, person)
	return out, err
}

type signInInput struct {
	Body struct {
		Username string `json:"username" maxLength:"200"`
		Password string `json:"password" maxLength:"1000"`
	}
}

func (s *Server) signIn(ctx context.Context, in *signInInput) (*signedInAs, error) {
	r := requestOf(ctx).raw
	token, person, err := s.Accounts.SignIn(ctx, in.Body.Username, in.Body.Password, s.clientAddress(r), r.UserAgent())
	if err != nil {
		return nil, err
	}
	return s.answerSignedIn(ctx, token, person)
}

// cookieOnly is an answer that has no body.
type cookieOnly struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*cookieOnly, error) {
	v, err := s.viewer(ctx)
	if err != nil {
		return nil, err
	}
	if v.SignedIn() && v.Token == 0 {
		if err := s.Accounts.SignOut(ctx, v); err != nil {
			return nil, err
		}
	}
	return &cookieOnly{SetCookie: s.cookie(requestOf(ctx).raw, signInCookie, "", -time.Second)}, nil
}

type meOutput struct{ Body me }

func (s *Server) getMe(ctx context.Context, _ *struct{}) (*meOutput, error) {
	v, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.meOf(ctx, v.Person)
	return &meOutput{m}, err
}

type passwordInput struct {
	Body struct {
		Old string `json:"old,omitempty" maxLength:"1000" doc:"The present password; left out by who has none yet."`
		New string `json:"new" maxLength:"1000"`
	}
}

func (s *Server) putPassword(ctx context.Context, in *passwordInput) (*struct{}, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Accounts.ChangePassword(ctx, v, in.Body.Old, in.Body.New, s.clientAddress(requestOf(ctx).raw))
}
