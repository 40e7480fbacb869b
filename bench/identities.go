package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/muster-live/muster/attendance"
)

// Identities is who takes part in a load test: what `muster load-session` prints.
type Identities struct {
	Sessions []Session `json:"sessions"`
}

// Session is one open session and the tokens of its people.
type Session struct {
	ID       attendance.SessionID `json:"session"`
	Board    string               `json:"board"`   // token of its teacher; "": there is no board
	Display  string               `json:"display"` // token of its display
	Students []Student            `json:"students"`
}

// Student is one student of a session, with a ticket that checks them in.
type Student struct {
	Person attendance.PersonID `json:"person"`
	Token  string              `json:"token"`
	Ticket string              `json:"ticket"`
}

// ReadIdentities reads what `muster load-session` printed.
func ReadIdentities(r io.Reader) (Identities, error) {
	var ids Identities
	if err := json.NewDecoder(r).Decode(&ids); err != nil {
		return ids, fmt.Errorf("read identities: %w", err)
	}
	if len(ids.Sessions) == 0 {
		return ids, errors.New("read identities: there are no sessions in it; make some with `muster load-session`")
	}
	for i, s := range ids.Sessions {
		if s.ID <= 0 || s.Board == "" || len(s.Students) == 0 {
			return ids, fmt.Errorf("read identities: sessions[%d] needs session, board and students", i)
		}
		for j, p := range s.Students {
			if p.Token == "" || p.Ticket == "" {
				return ids, fmt.Errorf("read identities: sessions[%d].students[%d] needs token and ticket", i, j)
			}
		}
	}
	return ids, nil
}
