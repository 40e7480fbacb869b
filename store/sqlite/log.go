package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
	"github.com/muster-live/muster/recorder"
)

// Append implements [recorder.Log]. The commands of a session see the session as
// the ones before them have left it.
func (s *Store) Append(ctx context.Context, group []attendance.Command) ([]recorder.Result, error) {
	bySession := make(map[attendance.SessionID][]int)
	var order []attendance.SessionID
	for i := range group {
		id := group[i].Session
		if bySession[id] == nil {
			order = append(order, id)
		}
		bySession[id] = append(bySession[id], i)
	}
	results := make([]recorder.Result, len(group))
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, id := range order {
			a := appender{ctx: ctx, tx: hotTx{tx, s.frequent}, inserts: s.inserts, group: group, mine: bySession[id], results: results}
			if err := a.run(id); err != nil {
				return fmt.Errorf("record session %d: %w", id, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// The statements that nearly every group needs; they are prepared when the store is
// opened.
const (
	oneSession = `SELECT s.course_id, s.title, s.starts_at, s.ends_at, s.status, s.opened_at, s.closed_at, s.secret, s.seq, s.chain,
		CASE WHEN s.late_after IS NULL THEN c.late_after WHEN s.late_after >= 0 THEN s.late_after END, coalesce(s.on_close, c.on_close), c.code_step, c.code_grace,
		s.cancelled_at FROM sessions s JOIN courses c ON c.id = s.course_id WHERE s.id = ?`

	entryColumns = `SELECT e.person_id, m.mark, m.at, m.source, m.actor_id, m.note, m.status `
	withMarks    = ` LEFT JOIN marks m ON m.session_id = ?2 AND m.person_id = e.person_id`
	studentsOfIt = ` e.course_id = ?1 AND e.role = 'student' AND e.ended_at IS NULL`
	allStudents  = entryColumns + `FROM enrolments e` + withMarks + ` WHERE` + studentsOfIt
	someStudents = entryColumns + `FROM json_each(?3) j CROSS JOIN enrolments e ON e.person_id = j.value ->> 0 AND` + studentsOfIt + withMarks

	doneCommands = `SELECT c.actor_id, c.command_id, c.from_seq, c.to_seq, c.mark, c.at, c.source
		FROM json_each(?1) j CROSS JOIN commands c
		ON c.session_id = ?2 AND c.actor_id = j.value ->> 0 AND c.command_id = j.value ->> 1`

	usedTickets = `SELECT t.ticket, t.person_id FROM json_each(?1) j CROSS JOIN used_tickets t
		ON t.session_id = ?2 AND t.ticket = j.value ->> 0`

	updateSession = `UPDATE sessions SET seq = ?2, status = ?3, opened_at = ?4, closed_at = ?5, chain = ?6 WHERE id = ?1`
)

var frequent = []string{oneSession, allStudents, someStudents, doneCommands, usedTickets, updateSession}

// appender records one session's commands of a group.
type appender struct {
	ctx     context.Context
	tx      hotTx
	inserts inserters
	group   []attendance.Command
	mine    []int // indices into group and results
	results []recorder.Result
}

func (a *appender) run(id attendance.SessionID) error {
	state, err := a.load(id)
	if errors.Is(err, sql.ErrNoRows) {
		for _, i := range a.mine {
			a.results[i].Err = attendance.Refuse(attendance.CodeUnknownSession, "There is no such session.")
		}
		return nil
	}
	if err != nil {
		return err
	}
	w := writes{session: id}
	for _, i := range a.mine {
		c := &a.group[i]
		_, again := state.Done[c.Key()]
		r := &a.results[i]
		r.Events, r.Outcome, r.Err = attendance.Decide(state, c)
		if r.Err == nil && !again {
			w.add(c, r)
		}
	}
	if len(w.commands) == 0 {
		return nil
	}
	return a.flush(&w, state)
}

// load reads as much of the session as the commands need.
func (a *appender) load(id attendance.SessionID) (*attendance.State, error) {
	state := &attendance.State{
		Students:    make(map[attendance.PersonID]attendance.Entry),
		Done:        make(map[attendance.CommandKey]attendance.Outcome),
		UsedTickets: make(map[string]attendance.PersonID),
	}
	var err error
	if state.Session, state.Rules, err = readSession(a.ctx, a.tx, id); err != nil {
		return nil, err
	}
	mine := make([]attendance.Command, len(a.mine))
	var keys, tickets rows
	for j, i := range a.mine {
		mine[j] = a.group[i]
		keys.add(int64(mine[j].Actor), mine[j].ID)
		if mine[j].Ticket != "" {
			tickets.add(mine[j].Ticket)
		}
	}
	if err := a.loadStudents(state, mine); err != nil {
		return nil, err
	}
	if attendance.NeedsExcuses(mine) {
		if err := a.loadExcuses(state); err != nil {
			return nil, err
		}
	}
	if attendance.NeedsCheckIns(mine) {
		if err := a.loadCheckIns(state); err != nil {
			return nil, err
		}
	}
	if err := a.loadDone(state, keys); err != nil {
		return nil, err
	}
	if len(tickets) > 0 {
		err = a.loadTickets(state, tickets)
	}
	return state, err
}

func (a *appender) loadStudents(state *attendance.State, mine []attendance.Command) error {
	args := []any{state.Session.Course, state.Session.ID}
	query := allStudents
	if some, all := attendance.Needs(mine); !all {
		var people rows
		for _, p := range some {
			people.add(int64(p))
		}
		args = append(args, people.json())
		query = someStudents
	}
	return eachRow(a.ctx, a.tx, query, args, func(scan scanFunc) error {
		var person attendance.PersonID
		var m markColumns
		if err := scan(append([]any{&person}, m.fields()...)...); err != nil {
			return err
		}
		var err error
		state.Students[person], err = m.entry()
		return err
	})
}

func (a *appender) loadDone(state *attendance.State, keys rows) error {
	return eachRow(a.ctx, a.tx, doneCommands, []any{keys.json(), state.Session.ID}, func(scan scanFunc) error {
		var key attendance.CommandKey
		var out attendance.Outcome
		var mark, source string
		var at int64
		if err := scan(&key.Actor, &key.ID, &out.From, &out.To, &mark, &at, &source); err != nil {
			return err
		}
		if mark != "" {
			var err error
			if out.Entry, err = parseEntry(mark, at, source, 0, "", ""); err != nil {
				return err
			}
		}
		state.Done[key] = out
		return nil
	})
}

func (a *appender) loadTickets(state *attendance.State, tickets rows) error {
	return eachRow(a.ctx, a.tx, usedTickets, []any{tickets.json(), state.Session.ID}, func(scan scanFunc) error {
		var ticket string
		var person attendance.PersonID
		err := scan(&ticket, &person)
		state.UsedTickets[ticket] = person
		return err
	})
}

// writes gathers what the commands of one session change: the values of rows, one
// table a field.
type writes struct {
	session                   attendance.SessionID
	events, commands, tickets []any
	changed                   []attendance.PersonID // whose marks, perhaps repeatedly
	closings                  []attendance.Event
}

func (w *writes) add(c *attendance.Command, r *recorder.Result) {
	for _, e := range r.Events {
		mark := ""
		if e.Kind == attendance.MarkSet {
			mark = e.Mark.String()
			w.changed = append(w.changed, e.Person)
		}
		if e.Kind == attendance.SessionClosed {
			w.closings = append(w.closings, e)
		}
		w.events = append(w.events, int64(w.session), e.Seq, e.At.UnixMilli(), e.Kind.String(), int64(e.Person), mark, e.Source.String(), int64(e.Actor), e.Note, e.Status, e.From)
	}
	entry, mark := r.Outcome.Entry, ""
	var at int64
	if c.Kind == attendance.CheckIn {
		mark, at = entry.Mark.String(), entry.At.UnixMilli()
	}
	w.commands = append(w.commands, int64(w.session), int64(c.Actor), c.ID, r.Outcome.From, r.Outcome.To, mark, at, entry.Source.String())
	if c.Ticket != "" {
		w.tickets = append(w.tickets, int64(w.session), c.Ticket, int64(c.Actor))
	}
}

func (a *appender) flush(w *writes, state *attendance.State) error {
	if err := a.inserts.commands.write(a.ctx, a.tx.Tx, w.commands); err != nil {
		return fmt.Errorf("insert commands: %w", err)
	}
	if err := a.inserts.tickets.write(a.ctx, a.tx.Tx, w.tickets); err != nil {
		return fmt.Errorf("insert used tickets: %w", err)
	}
	if len(w.events) == 0 {
		return nil
	}
	if err := a.inserts.events.write(a.ctx, a.tx.Tx, w.events); err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	if err := a.flushMarks(w, state); err != nil {
		return err
	}
	s := &state.Session
	_, err := a.tx.ExecContext(a.ctx, updateSession,
		s.ID, s.Seq, s.Status.String(), toMillis(s.OpenedAt), toMillis(s.ClosedAt), s.Chain)
	if err != nil {
		return fmt.Errorf("update session: %w", err)
	}
	for _, e := range w.closings {
		err := addAudit(a.ctx, a.tx.Tx, e.At, attendance.Author{Person: e.Actor, From: e.From}, audit.SessionClosed, fmt.Sprint("session ", s.ID), audit.ClosedDetail(s))
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *appender) flushMarks(w *writes, state *attendance.State) error {
	var set []any
	var unset rows
	for _, p := range w.changed {
		if e := state.Students[p]; e.Mark == attendance.Unset {
			unset.add(int64(p))
		} else {
			set = append(set, int64(w.session), int64(p), e.Mark.String(), e.At.UnixMilli(), e.Source.String(), int64(e.Actor), e.Note, e.Status)
		}
	}
	if err := a.inserts.marks.write(a.ctx, a.tx.Tx, set); err != nil {
		return fmt.Errorf("set marks: %w", err)
	}
	if len(unset) == 0 {
		return nil
	}
	_, err := a.tx.ExecContext(a.ctx, `DELETE FROM marks WHERE session_id = ?1 AND person_id IN (SELECT j.value ->> 0 FROM json_each(?2) j)`,
		w.session, unset.json())
	if err != nil {
		return fmt.Errorf("unset marks: %w", err)
	}
	return nil
}

// queryer is a transaction or a pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type scanFunc func(dest ...any) error

// eachRow calls fn for each row of a query.
func eachRow(ctx context.Context, q queryer, query string, args []any, fn func(scanFunc) error) error {
	found, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := fn(found.Scan); err != nil {
			return err
		}
	}
	return found.Err()
}

// readSession returns sql.ErrNoRows if there is no such session.
func readSession(ctx context.Context, q queryer, id attendance.SessionID) (attendance.Session, attendance.Rules, error) {
	s := attendance.Session{ID: id}
	var r attendance.Rules
	var starts, ends, opened, closed, cancelled, lateAfter sql.NullInt64
	var status, onClose string
	var step int64
	err := q.QueryRowContext(ctx, oneSession, id).
		Scan(&s.Course, &s.Title, &starts, &ends, &status, &opened, &closed, &s.Secret, &s.Seq, &s.Chain, &lateAfter, &onClose, &step, &r.CodeGrace, &cancelled)
	if err != nil {
		return s, r, err
	}
	s.Starts, s.Ends, s.OpenedAt, s.ClosedAt, s.CancelledAt = fromMillis(starts), fromMillis(ends), fromMillis(opened), fromMillis(closed), fromMillis(cancelled)
	r.CodeStep = time.Duration(step) * time.Millisecond
	r.LateAfter = attendance.NeverLate
	if lateAfter.Valid {
		r.LateAfter = time.Duration(lateAfter.Int64) * time.Minute
	}
	var ok1, ok2 bool
	s.Status, ok1 = attendance.ParseStatus(status)
	r.OnClose, ok2 = attendance.ParseOnClose(onClose)
	if !ok1 || !ok2 {
		return s, r, fmt.Errorf("session %d has status %q and its course %q on closing: this file was written by something else", id, status, onClose)
	}
	return s, r, nil
}

func parseEntry(mark string, at int64, source string, actor int64, note, status string) (attendance.Entry, error) {
	m, ok1 := attendance.ParseMark(mark)
	src, ok2 := attendance.ParseSource(source)
	if !ok1 || !ok2 {
		return attendance.Entry{}, fmt.Errorf("mark %q by %q is not one this program knows", mark, source)
	}
	return attendance.Entry{Mark: m, At: time.UnixMilli(at).UTC(), Source: src, Actor: attendance.PersonID(actor), Note: note, Status: status}, nil
}
