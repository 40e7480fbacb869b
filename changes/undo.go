package changes

import (
	"encoding/json"
	"fmt"

	"github.com/muster-live/muster/attendance"
)

// Contradicted refuses an undo that n of all rows of its set contradict.
func Contradicted(n, all int) *attendance.Error {
	return &attendance.Error{Code: attendance.CodeConflict, Field: "rest",
		Message: fmt.Sprintf("%d of the %d changes have been changed again since. Undo the others, or leave it.", n, all)}
}

// MarkWas reads the Was of a row about a mark: the line that a student had, and that
// an undo gives back.
func MarkWas(was string) (*attendance.Entry, error) {
	if was == "" {
		return &attendance.Entry{}, nil
	}
	var w struct {
		Mark, Source, Note, Status string
		Actor                      attendance.PersonID `json:"actor_id"`
	}
	if err := json.Unmarshal([]byte(was), &w); err != nil {
		return nil, fmt.Errorf("read a mark that was: %w", err)
	}
	m, ok1 := attendance.ParseMark(w.Mark)
	s, ok2 := attendance.ParseSource(w.Source)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("a mark that was, %q by %q, is not one this program knows", w.Mark, w.Source)
	}
	return &attendance.Entry{Mark: m, Source: s, Actor: w.Actor, Note: w.Note, Status: w.Status}, nil
}
