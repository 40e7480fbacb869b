package server

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

// groupRoutes are the calls about lists of people that were given a name.
func (s *Server) groupRoutes(api huma.API) {
	huma.Get(api, "/courses/{id}/groups", s.getGroups, summary("The groups of a course, and those of the institution that have students of it"))
	huma.Post(api, "/courses/{id}/groups", s.postGroup, summary("Make a group of a course"))
	huma.Get(api, "/courses/{id}/groups/{group}", s.getGroup, summary("A group with its people, as far as they are students of the course"))
	huma.Put(api, "/courses/{id}/groups/{group}", s.putGroup, summary("Give a group of a course another name and other people"))
	huma.Delete(api, "/courses/{id}/groups/{group}", s.deleteGroup, summary("End a group of a course"))

	huma.Get(api, "/groups", s.getAllGroups, summary("The groups of the institution"))
	huma.Post(api, "/groups", s.postOwnGroup, summary("Make a group of the institution"))
	huma.Get(api, "/groups/{group}", s.getOwnGroup, summary("A group of the institution with its people"))
	huma.Put(api, "/groups/{group}", s.putOwnGroup, summary("Give a group of the institution another name and other people"))
	huma.Delete(api, "/groups/{group}", s.deleteOwnGroup, summary("End a group of the institution"))
}

type groupBody struct {
	ID     roster.GroupID `json:"id"`
	Name   string         `json:"name"`
	Own    bool           `json:"own" doc:"It is the course's; false: the institution's, which administrators change."`
	People int            `json:"people" doc:"How many it has, of a course's students."`
}

type groupsOutput struct {
	Body struct {
		Groups []groupBody `json:"groups"`
	}
}

type groupOutput struct {
	Body struct {
		ID      roster.GroupID `json:"id"`
		Name    string         `json:"name"`
		Own     bool           `json:"own"`
		People  int            `json:"people"`
		Members []foundPerson  `json:"members"`
	}
}

type savedGroup struct {
	Name   string                `json:"name" minLength:"1" maxLength:"100"`
	People []attendance.PersonID `json:"people" minItems:"1" maxItems:"5000"`
}

type savedGroupOutput struct {
	Body struct {
		ID  roster.GroupID `json:"id"`
		Set int64          `json:"set" doc:"The change set, by which it can be taken back; 0: nothing was different."`
	}
}

type groupInput struct {
	ID    attendance.CourseID `path:"id"`
	Group roster.GroupID      `path:"group" minimum:"1"`
}

type ownGroupInput struct {
	Group roster.GroupID `path:"group" minimum:"1"`
}

type postGroupInput struct {
	ID   attendance.CourseID `path:"id"`
	Body savedGroup
}

type putGroupInput struct {
	ID    attendance.CourseID `path:"id"`
	Group roster.GroupID      `path:"group" minimum:"1"`
	Body  savedGroup
}

type postOwnGroupInput struct{ Body savedGroup }

type putOwnGroupInput struct {
	Group roster.GroupID `path:"group" minimum:"1"`
	Body  savedGroup
}

func (s *Server) getGroups(ctx context.Context, in *courseInput) (*groupsOutput, error) {
	if _, err := s.authorize(ctx, in.ID, identity.SeeMembers); err != nil {
		return nil, err
	}
	return s.groups(ctx, in.ID)
}

func (s *Server) getAllGroups(ctx context.Context, _ *struct{}) (*groupsOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.SeeRoster); err != nil {
		return nil, err
	}
	return s.groups(ctx, 0)
}

func (s *Server) groups(ctx context.Context, course attendance.CourseID) (*groupsOutput, error) {
	all, err := s.Roster.Groups(ctx, course)
	out := &groupsOutput{}
	out.Body.Groups = make([]groupBody, len(all))
	for i, g := range all {
		out.Body.Groups[i] = groupBody{g.ID, g.Name, g.Course == course, g.People}
	}
	return out, err
}

func (s *Server) getGroup(ctx context.Context, in *groupInput) (*groupOutput, error) {
	if _, err := s.authorize(ctx, in.ID, identity.SeeMembers); err != nil {
		return nil, err
	}
	return s.group(ctx, in.ID, in.Group)
}

func (s *Server) getOwnGroup(ctx context.Context, in *ownGroupInput) (*groupOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.SeeRoster); err != nil {
		return nil, err
	}
	return s.group(ctx, 0, in.Group)
}

func (s *Server) group(ctx context.Context, course attendance.CourseID, id roster.GroupID) (*groupOutput, error) {
	g, people, err := s.Roster.Group(ctx, course, id)
	if err != nil {
		return nil, err
	}
	out := &groupOutput{}
	out.Body.ID, out.Body.Name, out.Body.Own, out.Body.People = g.ID, g.Name, g.Course == course, g.People
	out.Body.Members = make([]foundPerson, len(people))
	for i, p := range people {
		out.Body.Members[i] = foundPerson{p.ID, p.Family, p.Given, p.Ref}
	}
	return out, nil
}

func (s *Server) postGroup(ctx context.Context, in *postGroupInput) (*savedGroupOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.SetMarks)
	if err != nil {
		return nil, err
	}
	return s.saveGroup(ctx, g.Viewer, roster.Group{Course: in.ID, Name: in.Body.Name}, in.Body.People)
}

func (s *Server) putGroup(ctx context.Context, in *putGroupInput) (*savedGroupOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.SetMarks)
	if err != nil {
		return nil, err
	}
	return s.saveGroup(ctx, g.Viewer, roster.Group{ID: in.Group, Course: in.ID, Name: in.Body.Name}, in.Body.People)
}

func (s *Server) postOwnGroup(ctx context.Context, in *postOwnGroupInput) (*savedGroupOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	return s.saveGroup(ctx, v, roster.Group{Name: in.Body.Name}, in.Body.People)
}

func (s *Server) putOwnGroup(ctx context.Context, in *putOwnGroupInput) (*savedGroupOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	return s.saveGroup(ctx, v, roster.Group{ID: in.Group, Name: in.Body.Name}, in.Body.People)
}

func (s *Server) saveGroup(ctx context.Context, v identity.Viewer, g roster.Group, people []attendance.PersonID) (*savedGroupOutput, error) {
	people, err := roster.CheckGroup(&g, people)
	if err != nil {
		return nil, err
	}
	id, r, err := s.Roster.SaveGroup(ctx, s.header(ctx, v, changes.Groups, g.Course, "Group: "+g.Name), g, people)
	if err != nil {
		return nil, err
	}
	s.changed(r)
	out := &savedGroupOutput{}
	out.Body.ID, out.Body.Set = id, r.ID
	return out, nil
}

func (s *Server) deleteGroup(ctx context.Context, in *groupInput) (*savedGroupOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.SetMarks)
	if err != nil {
		return nil, err
	}
	return s.endGroup(ctx, g.Viewer, in.ID, in.Group)
}

func (s *Server) deleteOwnGroup(ctx context.Context, in *ownGroupInput) (*savedGroupOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	return s.endGroup(ctx, v, 0, in.Group)
}

func (s *Server) endGroup(ctx context.Context, v identity.Viewer, course attendance.CourseID, id roster.GroupID) (*savedGroupOutput, error) {
	g, err := s.Roster.EndGroup(ctx, s.header(ctx, v, changes.Groups, course, ""), course, id)
	if err != nil {
		return nil, err
	}
	s.changed(g)
	out := &savedGroupOutput{}
	out.Body.ID, out.Body.Set = id, g.ID
	return out, nil
}
