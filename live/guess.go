package live

import (
	"github.com/muster-live/muster/attendance"
)

// Guess is what a room has of a session, which may be behind the log.
type Guess struct {
	State  *attendance.State // as much as the commands need; nothing is known of what was done before
	Roster int64             // version of the roster that it goes by
}

// Guess returns what this node's rooms have of the sessions that check-ins are for, or
// false if they do not have all that is needed, or if there are other commands among them.
// The record is most often the same; who goes by a guess has to make sure of that.
func (h *Hub) Guess(group []attendance.Command) (map[attendance.SessionID]Guess, bool) {
	people := make(map[attendance.SessionID][]attendance.PersonID)
	for i := range group {
		c := &group[i]
		if c.Kind != attendance.CheckIn {
			return nil, false
		}
		people[c.Session] = append(people[c.Session], c.Actor)
	}
	guesses := make(map[attendance.SessionID]Guess, len(people))
	for id, some := range people {
		r := h.find(id)
		if r == nil {
			return nil, false
		}
		g, ok := r.guess(some)
		if !ok {
			return nil, false
		}
		guesses[id] = g
	}
	return guesses, true
}

func (r *room) guess(people []attendance.PersonID) (Guess, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded {
		return Guess{}, false
	}
	s := &attendance.State{
		Session: r.session, Rules: r.rules,
		Students:    make(map[attendance.PersonID]attendance.Entry, len(people)),
		Done:        make(map[attendance.CommandKey]attendance.Outcome),
		UsedTickets: make(map[string]attendance.PersonID),
	}
	for _, p := range people {
		if e, enrolled := r.entries[p]; enrolled {
			s.Students[p] = e
		}
	}
	return Guess{s, r.roster}, true
}
