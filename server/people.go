package server

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

// peopleRoutes are the calls about people, for administrators.
func (s *Server) peopleRoutes(api huma.API) {
	huma.Get(api, "/people", s.getPeople, summary("All people"))
	huma.Post(api, "/people", s.postPerson, summary("Add a person"))
	huma.Post(api, "/people/find", s.postFindEverybody, summary("Find whom of the institution a pasted list means"))
	huma.Patch(api, "/people/{id}", s.patchPerson, summary("Change a person"))
}

type personBody struct {
	ID          attendance.PersonID `json:"id"`
	Ref         string              `json:"ref"`
	Given       string              `json:"given"`
	Family      string              `json:"family"`
	Username    string              `json:"username"`
	Email       string              `json:"email"`
	Admin       bool                `json:"admin"`
	Active      bool                `json:"active"`
	HasPassword bool                `json:"has_password"`
	Courses     int                 `json:"courses"`
}

type personOutput struct{ Body personBody }

func newPersonOutput(p roster.Person) *personOutput {
	return &personOutput{personBody{p.ID, p.Ref, p.Given, p.Family, p.Username, p.Email, p.Admin, p.Active, p.HasPassword, p.Courses}}
}

type peopleOutput struct {
	Body struct {
		People []personBody `json:"people"`
		Next   string       `json:"next" doc:"The cursor of the next page; empty: there is none."`
	}
}

func (s *Server) getPeople(ctx context.Context, in *pageInput) (*peopleOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.SeeRoster); err != nil {
		return nil, err
	}
	found, next, err := s.Roster.People(ctx, in.page())
	out := &peopleOutput{}
	out.Body.People, out.Body.Next = make([]personBody, len(found)), next
	for i, p := range found {
		out.Body.People[i] = newPersonOutput(p).Body
	}
	return out, err
}

// editPeople refuses whoever may not change people or, if it is about who administers
// muster, may not decide that.
func (s *Server) editPeople(ctx context.Context, admins bool) (identity.Viewer, error) {
	if admins {
		return s.authorizeAdmin(ctx)
	}
	return s.authorizeAll(ctx, identity.EditRoster)
}

type postPersonInput struct {
	Body struct {
		Given    string `json:"given" minLength:"1" maxLength:"200"`
		Family   string `json:"family" minLength:"1" maxLength:"200"`
		Username string `json:"username,omitempty" maxLength:"200"`
		Email    string `json:"email,omitempty" maxLength:"200"`
		Ref      string `json:"ref,omitempty" maxLength:"200"`
		Admin    bool   `json:"admin,omitempty"`
	}
}

func (s *Server) postPerson(ctx context.Context, in *postPersonInput) (*personOutput, error) {
	v, err := s.editPeople(ctx, in.Body.Admin)
	if err != nil {
		return nil, err
	}
	b := in.Body
	p := roster.Person{
		Given: strings.TrimSpace(b.Given), Family: strings.TrimSpace(b.Family), Email: strings.TrimSpace(b.Email),
		Username: strings.TrimSpace(b.Username), Ref: strings.TrimSpace(b.Ref), Admin: b.Admin,
	}
	if err := checkPerson(p); err != nil {
		return nil, err
	}
	if p, err = s.Roster.AddPerson(ctx, s.author(ctx, v), p, s.now()); err != nil {
		return nil, err
	}
	return newPersonOutput(p), nil
}

type patchPersonInput struct {
	ID   attendance.PersonID `path:"id"`
	Body struct {
		Given    *string `json:"given,omitempty" minLength:"1" maxLength:"200"`
		Family   *string `json:"family,omitempty" minLength:"1" maxLength:"200"`
		Username *string `json:"username,omitempty" maxLength:"200"`
		Email    *string `json:"email,omitempty" maxLength:"200"`
		Admin    *bool   `json:"admin,omitempty"`
		Active   *bool   `json:"active,omitempty"`
	}
}

func (s *Server) patchPerson(ctx context.Context, in *patchPersonInput) (*personOutput, error) {
	v, err := s.editPeople(ctx, in.Body.Admin != nil)
	if err != nil {
		return nil, err
	}
	b := in.Body
	for _, text := range []*string{b.Given, b.Family, b.Username, b.Email} {
		if text != nil {
			*text = strings.TrimSpace(*text)
		}
	}
	if in.ID == v.Person && (b.Admin != nil && !*b.Admin || b.Active != nil && !*b.Active) {
		return nil, attendance.Refuse(attendance.CodeForbidden, "You cannot take your own administration away. Ask another administrator.")
	}
	change := roster.PersonChange{Given: b.Given, Family: b.Family, Email: b.Email, Username: b.Username, Admin: b.Admin, Active: b.Active}
	if err := checkPerson(change.Apply(roster.Person{Given: "-", Family: "-"})); err != nil {
		return nil, err
	}
	p, courses, err := s.Roster.ChangePerson(ctx, s.author(ctx, v), in.ID, change, s.now())
	if err != nil {
		return nil, err
	}
	if len(courses) > 0 {
		s.Hub.CoursesChanged(courses)
	}
	// A live connection knows its viewer from when it was opened.
	if !p.Active || b.Admin != nil && !*b.Admin {
		s.Hub.Disconnect(p.ID)
	}
	return newPersonOutput(p), nil
}

// checkPerson says which field of a person is not as it must be.
func checkPerson(p roster.Person) error {
	for field, text := range map[string]string{"given": p.Given, "family": p.Family, "email": p.Email, "ref": p.Ref} {
		if !attendance.IsText(text) {
			return attendance.BadField(field, "text, without the character U+0000")
		}
	}
	switch {
	case p.Given == "" && p.Family == "":
		return attendance.BadField("family", "given")
	case p.Email != "" && !strings.Contains(p.Email, "@"):
		return attendance.BadField("email", "an address with an @")
	case p.Username != "":
		return identity.CheckUsername(p.Username)
	}
	return nil
}
