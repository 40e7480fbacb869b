// Package audit answers who changed what, when, from where, and what it was before:
// settings, people, rosters and marks. It is only ever added to, and chained by hashes,
// so that whoever changes the past is found out by [Verify].
//
// What was done outside of sessions is in rows of its own; what a change set did is in
// the rows of the set; what happened in a session is in its log.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Row is one thing that was done outside of sessions, or the end of a session.
type Row struct {
	ID int64
	attendance.Author
	At      time.Time
	Action  string
	Subject string // "person 12", "course 5", "session 42"
	Detail  string // JSON
	Hash    []byte // nil: from before there were hashes
}

// Text is what is hashed of a row: all of it, no two rows the same way.
func (r *Row) Text() string {
	b := make([]byte, 0, 128+len(r.Detail))
	for _, n := range []int64{r.At.UnixMilli(), int64(r.Person)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, s := range []string{r.Action, r.Subject, r.Detail, r.From} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return string(b)
}

// Chain returns the hash of a row that comes after one with the hash before (nil: none
// does).
func (r *Row) Chain(before []byte) []byte {
	sum := sha256.Sum256(append(append([]byte(nil), before...), r.Text()...))
	return sum[:]
}

// SessionClosed is the Action of rows about the end of a session.
const SessionClosed = "close session"

// ClosedDetail is the Detail of such a row: how far the session's log went, and the hash
// of its newest event, so that the log's end cannot be cut off either.
func ClosedDetail(s *attendance.Session) map[string]any {
	return map[string]any{"seq": s.Seq, "chain": hex.EncodeToString(s.Chain)}
}

// Detail turns the particulars of a row into JSON.
func Detail(of map[string]any) (string, error) {
	if of == nil {
		return "{}", nil
	}
	text, err := json.Marshal(of)
	return string(text), err
}
