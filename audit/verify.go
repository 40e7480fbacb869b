package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/muster-live/muster/attendance"
)

// Log is what is known of a session's log.
type Log struct {
	Session attendance.SessionID
	Seq     int64  // of the newest event
	After   int64  // the seq after which the chain begins
	Chain   []byte // hash of the newest event; nil: none is chained
}

// Report is what [Verify] found.
type Report struct {
	Rows, Sessions, Events int64
	Unchained              int64    // rows and events from before there were hashes
	Head                   string   // hash of the newest row, in hex: to be noted down elsewhere
	Faults                 []string // what does not fit, at most MaxFaults
	More                   int      // how many faults there are besides
}

// MaxFaults is how many faults a Report names.
const MaxFaults = 100

// batch is how many rows are read at once.
const batch = 2000

// Verify goes through the audit and the logs of all sessions, and finds what has been
// changed, removed or put in since it was written. Whoever can write to the database
// can also make all hashes anew; so note the Head down somewhere else from time to
// time, and give it as expect: it must occur. Told is called with what has been looked at
// so far.
func Verify(ctx context.Context, store Store, expect string, told func(Report)) (Report, error) {
	v := verifier{ctx: ctx, store: store, told: told, closed: make(map[attendance.SessionID][]anchor)}
	if err := v.rows(expect); err != nil {
		return v.Report, err
	}
	return v.Report, v.logs()
}

type verifier struct {
	Report
	ctx    context.Context
	store  Store
	told   func(Report)
	closed map[attendance.SessionID][]anchor
}

// anchor is what the audit says of a session's log.
type anchor struct {
	row   int64
	seq   int64
	chain []byte
}

func (v *verifier) fault(format string, args ...any) {
	if len(v.Faults) == MaxFaults {
		v.More++
		return
	}
	v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
}

func (v *verifier) rows(expect string) error {
	var last int64
	var before []byte
	seen := expect == ""
	for {
		rows, err := v.store.AuditRows(v.ctx, last, batch)
		if err != nil || len(rows) == 0 {
			if err == nil && !seen {
				v.fault("the hash %s, which is expected, does not occur: the audit has been made anew, or is that of another installation", expect)
			}
			v.Head = hex.EncodeToString(before)
			return err
		}
		for i := range rows {
			r := &rows[i]
			last = r.ID
			v.Rows++
			if r.Hash == nil && before == nil {
				v.Unchained++
				continue
			}
			if want := r.Chain(before); !bytes.Equal(want, r.Hash) {
				v.fault("row %d of the audit (%s, %s, %s) does not follow from the one before: it, or what stood before it, has been changed or removed", r.ID, r.At.Format("2006-01-02 15:04:05"), r.Action, r.Subject)
			}
			before = r.Hash
			seen = seen || hex.EncodeToString(before) == expect
			if r.Action == SessionClosed {
				v.note(r)
			}
		}
		v.told(v.Report)
	}
}

// note remembers what a row says of a session's log.
func (v *verifier) note(r *Row) {
	var session attendance.SessionID
	var detail struct {
		Seq   int64
		Chain string
	}
	_, errSubject := fmt.Sscanf(r.Subject, "session %d", &session)
	errDetail := json.Unmarshal([]byte(r.Detail), &detail)
	chain, errChain := hex.DecodeString(detail.Chain)
	if errors.Join(errSubject, errDetail, errChain) != nil {
		v.fault("row %d of the audit says nothing of a session's log that can be read", r.ID)
		return
	}
	v.closed[session] = append(v.closed[session], anchor{r.ID, detail.Seq, chain})
}

func (v *verifier) logs() error {
	var last attendance.SessionID
	for {
		logs, err := v.store.Logs(v.ctx, last, batch)
		if err != nil || len(logs) == 0 {
			for session := range v.closed {
				v.fault("session %d, of which the audit knows, is gone", session)
			}
			return err
		}
		for i := range logs {
			last = logs[i].Session
			if err := v.log(&logs[i]); err != nil {
				return err
			}
			delete(v.closed, last)
		}
		v.told(v.Report)
	}
}

// log goes through the events of a session.
func (v *verifier) log(l *Log) error {
	v.Sessions++
	anchors := v.closed[l.Session]
	var chain []byte
	var seq int64
	for {
		events, err := v.store.Events(v.ctx, l.Session, seq, batch)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for i := range events {
			e := &events[i]
			if e.Seq != seq+1 {
				v.fault("session %d: event %d is followed by event %d", l.Session, seq, e.Seq)
			}
			seq = e.Seq
			v.Events++
			if seq <= l.After {
				v.Unchained++
				continue
			}
			chain = e.Chain(chain)
			for len(anchors) > 0 && anchors[0].seq <= seq {
				if anchors[0].seq == seq && !bytes.Equal(anchors[0].chain, chain) {
					v.fault("session %d: its log up to event %d is not what row %d of the audit says it was", l.Session, seq, anchors[0].row)
				}
				anchors = anchors[1:]
			}
		}
	}
	switch {
	case len(anchors) > 0:
		v.fault("session %d: its log ends with event %d, and row %d of the audit knows of event %d", l.Session, seq, anchors[0].row, anchors[0].seq)
	case seq != l.Seq:
		v.fault("session %d: its log ends with event %d, and should with event %d", l.Session, seq, l.Seq)
	case !bytes.Equal(chain, l.Chain):
		v.fault("session %d: its events do not lead to its hash: one of events %d to %d has been changed", l.Session, l.After+1, l.Seq)
	}
	return nil
}
