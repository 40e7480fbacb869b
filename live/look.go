package live

import (
	"context"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Look returns a session and the rules of its course as its room has them, loading
// the room if need be. Its error is an [attendance.Error].
func (h *Hub) Look(ctx context.Context, id attendance.SessionID) (attendance.Session, attendance.Rules, error) {
	r, err := h.enter(ctx, id)
	if err != nil {
		return attendance.Session{}, attendance.Rules{}, err
	}
	defer h.exit(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session, r.rules, nil
}

// Enrolled reports whether somebody is a student of a session's course. It knows of
// sessions that this node has a room for alone, as fresh as its roster is: a second
// at the most.
func (h *Hub) Enrolled(session attendance.SessionID, p attendance.PersonID) bool {
	r := h.find(session)
	return r != nil && r.isStudent(p)
}

// CodeElsewhere reports whether a code is good for another session that this node
// has a room for. It makes a refusal clearer, and nothing depends on it.
func (h *Hub) CodeElsewhere(not attendance.SessionID, code string, now time.Time) bool {
	for _, r := range h.loadedRooms() {
		r.mu.Lock()
		s, rules := r.session, r.rules
		r.mu.Unlock()
		if r.id != not && s.Status == attendance.Open && s.Codes(rules).Check(code, now) == nil {
			return true
		}
	}
	return false
}

// State returns what a connection would be sent on joining, as JSON, for clients
// that poll. Its error is an [attendance.Error].
func (h *Hub) State(ctx context.Context, j Join) ([]byte, error) {
	out := &once{}
	c := h.Accept(out, j.Person)
	err := h.Join(ctx, c, j)
	c.Close(CloseNormal)
	return out.json, err
}

// once is a transport that keeps the first frame's JSON: what may be written with it
// is not part of the state.
type once struct{ json []byte }

func (t *once) bytes(f frame) []byte {
	b := f.json()
	if t.json == nil {
		t.json = b
	}
	return b
}

func (t *once) opening() []byte                 { return nil }
func (t *once) tryWrite(b []byte) (int, error)  { return len(b), nil }
func (t *once) write([]byte, time.Time) error   { return nil }
func (t *once) ping() (b []byte, answered bool) { return nil, false }
func (t *once) close(CloseCode, bool)           {}
