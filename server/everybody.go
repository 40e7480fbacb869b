package server

import (
	"context"
	"sync"

	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/names"
	"github.com/muster-live/muster/roster"
)

// everybody finds people of the whole institution by what is written of them. The index
// is kept for as long as nobody changes: of 100,000 people it takes seconds to make.
type everybody struct {
	mu    sync.Mutex
	index *names.Index
	as    string // as of which the index is
}

func (e *everybody) names(ctx context.Context, store roster.Everybody) (*names.Index, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	as, err := store.PeopleAsOf(ctx)
	if err != nil || e.index != nil && e.as == as {
		return e.index, err
	}
	all, err := store.Everybody(ctx)
	if err != nil {
		return nil, err
	}
	people := make([]names.Person, len(all))
	for i, p := range all {
		people[i] = names.Person{ID: p.ID, Ref: p.Ref, Given: p.Given, Family: p.Family, Username: p.Username, Email: p.Email}
	}
	e.index, e.as = names.NewIndex(people), as
	return e.index, nil
}

type findEverybodyInput struct {
	Body struct {
		Text string `json:"text" maxLength:"200000" doc:"A line for each person: an id, a name, or columns of a spreadsheet."`
	}
}

func (s *Server) postFindEverybody(ctx context.Context, in *findEverybodyInput) (*findOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.SeeRoster); err != nil {
		return nil, err
	}
	index, err := s.everybody.names(ctx, s.Roster)
	if err != nil {
		return nil, err
	}
	return newFindOutput(index.List(in.Body.Text)), nil
}
