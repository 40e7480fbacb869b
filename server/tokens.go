package server

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// tokenRoutes are the calls for API tokens. No API token may make them.
func (s *Server) tokenRoutes(api huma.API) {
	huma.Get(api, "/me/tokens", s.getMyTokens, summary("One's own API tokens"))
	huma.Post(api, "/me/tokens", s.postMyToken, summary("Make an API token for oneself"), answersSecret)
	huma.Delete(api, "/me/tokens/{token}", s.deleteMyToken, summary("Revoke one of one's API tokens"))
	huma.Get(api, "/tokens", s.getTokens, summary("Everybody's API tokens"))
	huma.Post(api, "/people/{id}/tokens", s.postToken, summary("Make an API token for a person"), answersSecret)
	huma.Delete(api, "/tokens/{token}", s.deleteToken, summary("Revoke anybody's API token"))
}

type tokenBody struct {
	ID      int64               `json:"id"`
	Person  attendance.PersonID `json:"person" doc:"For whom it acts."`
	Given   string              `json:"given"`
	Family  string              `json:"family"`
	Name    string              `json:"name" doc:"What it is for, in the words of who made it."`
	Scopes  []string            `json:"scopes"`
	Created int64               `json:"created"`
	Expires int64               `json:"expires"`
	Used    int64               `json:"used" doc:"Roughly when last; 0: never."`
	Revoked int64               `json:"revoked" doc:"0: not."`
}

func newTokenBody(t *identity.APIToken) tokenBody {
	return tokenBody{t.ID, t.Person, t.Given, t.Family, t.Name, strings.Fields(t.Scopes.String()), millis(t.Created), millis(t.Expires), millis(t.Used), millis(t.Revoked)}
}

type tokensOutput struct {
	Body struct {
		Tokens []tokenBody `json:"tokens" doc:"Newest first, those that have ended too."`
		Next   string      `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) tokens(ctx context.Context, of attendance.PersonID, in *idPageInput) (*tokensOutput, error) {
	before, err := in.after()
	if err != nil {
		return nil, err
	}
	found, err := s.Accounts.Tokens(ctx, of, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{}
	out.Body.Tokens = make([]tokenBody, len(found))
	for i := range found {
		out.Body.Tokens[i] = newTokenBody(&found[i])
		before = found[i].ID
	}
	out.Body.Next = nextPage(len(found), in.Limit, before)
	return out, nil
}

func (s *Server) getMyTokens(ctx context.Context, in *idPageInput) (*tokensOutput, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return s.tokens(ctx, v.Person, in)
}

func (s *Server) getTokens(ctx context.Context, in *idPageInput) (*tokensOutput, error) {
	if _, err := s.adminInPerson(ctx); err != nil {
		return nil, err
	}
	return s.tokens(ctx, 0, in)
}

// adminInPerson refuses everybody but an administrator who has signed in.
func (s *Server) adminInPerson(ctx context.Context) (identity.Viewer, error) {
	if v, err := s.signedIn(ctx); err != nil {
		return v, err
	}
	return s.authorizeAdmin(ctx)
}

// newToken says what token is to be made.
type newToken struct {
	Name   string   `json:"name" minLength:"1" maxLength:"100" doc:"What it is for."`
	Scopes []string `json:"scopes" minItems:"1" maxItems:"20" doc:"Of roster:read, roster:write, marks:read, marks:write, sessions:write, reports:read and admin."`
	Days   int      `json:"days" minimum:"1" maximum:"730" doc:"How long it counts."`
}

type postMyTokenInput struct{ Body newToken }

type postTokenInput struct {
	ID   attendance.PersonID `path:"id"`
	Body newToken
}

type madeTokenOutput struct {
	Body struct {
		Secret string    `json:"secret" doc:"Send it as Authorization: Bearer. It is told only now."`
		Token  tokenBody `json:"token"`
	}
}

func (s *Server) makeToken(ctx context.Context, by identity.Viewer, person attendance.PersonID, b newToken) (*madeTokenOutput, error) {
	scopes, err := identity.ParseScopes(strings.Join(b.Scopes, " "))
	if err != nil {
		return nil, err
	}
	secret, t, err := s.Accounts.MakeToken(ctx, identity.NewToken{Person: person, Name: b.Name, Scopes: scopes, Days: b.Days}, s.author(ctx, by))
	if err != nil {
		return nil, err
	}
	out := &madeTokenOutput{}
	out.Body.Secret, out.Body.Token = secret, newTokenBody(&t)
	return out, nil
}

// postMyToken is for those who teach or administer: students have nothing to automate.
func (s *Server) postMyToken(ctx context.Context, in *postMyTokenInput) (*madeTokenOutput, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.meOf(ctx, v.Person)
	if err != nil {
		return nil, err
	}
	if !m.Teaches && !m.Admin {
		return nil, attendance.Refuse(attendance.CodeForbidden, "API tokens are for those who teach or administer. Ask an administrator to make one for you.")
	}
	return s.makeToken(ctx, v, v.Person, in.Body)
}

func (s *Server) postToken(ctx context.Context, in *postTokenInput) (*madeTokenOutput, error) {
	v, err := s.adminInPerson(ctx)
	if err != nil {
		return nil, err
	}
	return s.makeToken(ctx, v, in.ID, in.Body)
}

type tokenInput struct {
	Token int64 `path:"token"`
}

func (s *Server) deleteMyToken(ctx context.Context, in *tokenInput) (*struct{}, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Accounts.RevokeToken(ctx, v.Person, in.Token, s.author(ctx, v))
}

func (s *Server) deleteToken(ctx context.Context, in *tokenInput) (*struct{}, error) {
	v, err := s.adminInPerson(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Accounts.RevokeToken(ctx, 0, in.Token, s.author(ctx, v))
}
