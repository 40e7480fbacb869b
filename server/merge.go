package server

import (
	"context"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

// mergeRoutes are the calls about people who are in the record twice.
func (s *Server) mergeRoutes(api huma.API) {
	huma.Get(api, "/duplicates", s.getDuplicates, summary("People who may be in the record twice, the surest first"))
	huma.Post(api, "/people/{id}/merge", s.postMerge, summary("See what merging another record into a person's does, or do it"))
}

// shownDuplicates is how many there are in an answer.
const shownDuplicates = 200

type duplicateBody struct {
	Keep twinBody `json:"keep" doc:"Of whom the record knows more."`
	Drop twinBody `json:"drop"`
	Why  []string `json:"why"`
}

type twinBody struct {
	ID       attendance.PersonID `json:"id"`
	Given    string              `json:"given"`
	Family   string              `json:"family"`
	Ref      string              `json:"ref"`
	Email    string              `json:"email"`
	Username string              `json:"username"`
	Active   bool                `json:"active"`
}

func newTwin(p *roster.StoredPerson) twinBody {
	return twinBody{p.ID, p.Given, p.Family, p.Ref, p.Email, p.Username, p.Active}
}

type duplicatesOutput struct {
	Body struct {
		Duplicates []duplicateBody `json:"duplicates"`
		More       int             `json:"more" doc:"How many there are besides."`
	}
}

func (s *Server) getDuplicates(ctx context.Context, _ *struct{}) (*duplicatesOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.EditRoster); err != nil {
		return nil, err
	}
	cur, err := s.Roster.Current(ctx)
	if err != nil {
		return nil, err
	}
	all := roster.Duplicates(cur)
	out := &duplicatesOutput{}
	out.Body.Duplicates = []duplicateBody{}
	for i := range all[:min(len(all), shownDuplicates)] {
		c := &all[i]
		out.Body.Duplicates = append(out.Body.Duplicates, duplicateBody{newTwin(&c.Keep), newTwin(&c.Drop), c.Why})
	}
	out.Body.More = len(all) - len(out.Body.Duplicates)
	return out, nil
}

type mergeInput struct {
	ID   attendance.PersonID `path:"id" doc:"Who is kept."`
	Body struct {
		From   attendance.PersonID `json:"from" doc:"Whose record becomes part of that one."`
		Apply  bool                `json:"apply,omitempty"`
		Digest string              `json:"digest,omitempty" doc:"Of the preview that is to be applied."`
	}
}

type mergeOutput struct {
	Body struct {
		Digest  string          `json:"digest"`
		Applied bool            `json:"applied"`
		Set     int64           `json:"set" doc:"The change set, by which it can be taken back; 0 for a preview."`
		Lines   []mergeLineBody `json:"lines"`
		More    int             `json:"more"`
	}
}

type mergeLineBody struct {
	Kind   string `json:"kind" enum:"add,change,end"`
	What   string `json:"what"`
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

func (s *Server) postMerge(ctx context.Context, in *mergeInput) (*mergeOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	keep, drop := in.ID, in.Body.From
	out := &mergeOutput{}
	var merge *roster.Merge
	if in.Body.Apply {
		h := s.header(ctx, v, changes.Merge, 0, "")
		result, err := roster.MergePeople(ctx, s.Roster, h, keep, drop, in.Body.Digest, &merge)
		if err != nil {
			return nil, err
		}
		s.changed(result)
		out.Body.Applied, out.Body.Set = true, result.ID
	} else {
		m, err := s.Roster.Merging(ctx, keep, drop)
		if err != nil {
			return nil, err
		}
		if merge, err = roster.PlanMerge(m); err != nil {
			return nil, err
		}
	}
	out.Body.Digest, out.Body.More, out.Body.Lines = merge.Digest, merge.More, []mergeLineBody{}
	for _, l := range merge.Lines {
		out.Body.Lines = append(out.Body.Lines, mergeLineBody{fmt.Sprint(l.Change), l.What, l.Name, l.Detail})
	}
	return out, nil
}
