package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
	"github.com/muster-live/muster/recorder"
)

// The statements that write a group; each takes its rows as arrays, one a column.
const (
	insertCommands = `INSERT INTO commands (session_id, actor_id, command_id, from_seq, to_seq, mark, at, source)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::text[])`

	insertTickets = `INSERT INTO used_tickets (session_id, ticket, person_id)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING`

	insertEvents = `INSERT INTO events (session_id, seq, at, kind, person_id, mark, source, actor_id, note, status, came_from)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[])`

	setMarks = `INSERT INTO marks (session_id, person_id, mark, at, source, actor_id, note, status)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[])
		ON CONFLICT (session_id, person_id) DO UPDATE
		SET mark = excluded.mark, at = excluded.at, source = excluded.source, actor_id = excluded.actor_id, note = excluded.note, status = excluded.status`

	unsetMarks = `DELETE FROM marks m USING unnest($1::bigint[], $2::bigint[]) k (session_id, person_id)
		WHERE m.session_id = k.session_id AND m.person_id = k.person_id`

	updateSession = `UPDATE sessions SET seq = $2, status = $3, opened_at = $4, closed_at = $5, chain = $6 WHERE id = $1`
)

// writes gathers what a group changes, as rows of tables.
type writes struct {
	commands []commandRow
	tickets  []ticketRow
	events   []attendance.Event
}

type commandRow struct {
	session, actor, from, to, at int64
	id, mark, source             string
}

type ticketRow struct {
	session, person int64
	ticket          string
}

type markKey struct {
	session attendance.SessionID
	person  attendance.PersonID
}

func (w *writes) add(c *attendance.Command, r *recorder.Result) {
	entry := r.Outcome.Entry
	row := commandRow{session: int64(c.Session), actor: int64(c.Actor), id: c.ID, from: r.Outcome.From, to: r.Outcome.To, source: entry.Source.String()}
	if c.Kind == attendance.CheckIn {
		row.mark, row.at = entry.Mark.String(), entry.At.UnixMilli()
	}
	w.commands = append(w.commands, row)
	if c.Ticket != "" {
		w.tickets = append(w.tickets, ticketRow{int64(c.Session), int64(c.Actor), c.Ticket})
	}
	w.events = append(w.events, r.Events...)
}

// commit writes and commits in one round trip. Unless the server answers, the error
// is an unsureError.
func (w *writes) commit(ctx context.Context, conn *pgxpool.Conn, all states) error {
	batch := &pgx.Batch{}
	if err := w.queue(batch, all); err != nil {
		return err
	}
	batch.Queue("COMMIT")
	err := conn.SendBatch(ctx, batch).Close()
	if err == nil || saysServer(err) {
		return err
	}
	return &unsureError{err}
}

// queue puts everything into a batch, and the ends of sessions into the audit.
func (w *writes) queue(batch *pgx.Batch, all states) error {
	w.queueCommands(batch)
	w.queueEvents(batch)
	w.queueMarks(batch)
	w.queueSessions(batch, all)
	for i := range w.events {
		if e := &w.events[i]; e.Kind == attendance.SessionClosed {
			s := &all[e.Session].Session
			if err := queueAudit(batch, e.At, attendance.Author{Person: e.Actor, From: e.From}, audit.SessionClosed, fmt.Sprint("session ", e.Session), audit.ClosedDetail(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writes) queueCommands(batch *pgx.Batch) {
	if rows := w.commands; len(rows) > 0 {
		batch.Queue(insertCommands,
			column(rows, func(r *commandRow) int64 { return r.session }),
			column(rows, func(r *commandRow) int64 { return r.actor }),
			column(rows, func(r *commandRow) string { return r.id }),
			column(rows, func(r *commandRow) int64 { return r.from }),
			column(rows, func(r *commandRow) int64 { return r.to }),
			column(rows, func(r *commandRow) string { return r.mark }),
			column(rows, func(r *commandRow) int64 { return r.at }),
			column(rows, func(r *commandRow) string { return r.source }))
	}
	if rows := w.tickets; len(rows) > 0 {
		batch.Queue(insertTickets,
			column(rows, func(r *ticketRow) int64 { return r.session }),
			column(rows, func(r *ticketRow) string { return r.ticket }),
			column(rows, func(r *ticketRow) int64 { return r.person }))
	}
}

func (w *writes) queueEvents(batch *pgx.Batch) {
	rows := w.events
	if len(rows) == 0 {
		return
	}
	batch.Queue(insertEvents,
		column(rows, func(e *attendance.Event) int64 { return int64(e.Session) }),
		column(rows, func(e *attendance.Event) int64 { return e.Seq }),
		column(rows, func(e *attendance.Event) int64 { return e.At.UnixMilli() }),
		column(rows, func(e *attendance.Event) string { return e.Kind.String() }),
		column(rows, func(e *attendance.Event) int64 { return int64(e.Person) }),
		column(rows, markOf),
		column(rows, func(e *attendance.Event) string { return e.Source.String() }),
		column(rows, func(e *attendance.Event) int64 { return int64(e.Actor) }),
		column(rows, func(e *attendance.Event) string { return e.Note }),
		column(rows, func(e *attendance.Event) string { return e.Status }),
		column(rows, func(e *attendance.Event) string { return e.From }))
}

// markOf is the mark that an event sets; empty if it sets none.
func markOf(e *attendance.Event) string {
	if e.Kind != attendance.MarkSet {
		return ""
	}
	return e.Mark.String()
}

// queueMarks writes the marks as the events have left them.
func (w *writes) queueMarks(batch *pgx.Batch) {
	var set, unset []attendance.Event
	seen := make(map[markKey]bool, len(w.events))
	for _, e := range slices.Backward(w.events) {
		key := markKey{e.Session, e.Person}
		switch {
		case e.Kind != attendance.MarkSet || seen[key]:
			continue
		case e.Mark == attendance.Unset:
			unset = append(unset, e)
		default:
			set = append(set, e)
		}
		seen[key] = true
	}
	if len(set) > 0 {
		batch.Queue(setMarks,
			column(set, func(e *attendance.Event) int64 { return int64(e.Session) }),
			column(set, func(e *attendance.Event) int64 { return int64(e.Person) }),
			column(set, markOf),
			column(set, func(e *attendance.Event) int64 { return e.At.UnixMilli() }),
			column(set, func(e *attendance.Event) string { return e.Source.String() }),
			column(set, func(e *attendance.Event) int64 { return int64(e.Actor) }),
			column(set, func(e *attendance.Event) string { return e.Note }),
			column(set, func(e *attendance.Event) string { return e.Status }))
	}
	if len(unset) > 0 {
		batch.Queue(unsetMarks,
			column(unset, func(e *attendance.Event) int64 { return int64(e.Session) }),
			column(unset, func(e *attendance.Event) int64 { return int64(e.Person) }))
	}
}

// queueSessions writes the sessions as the events have left them.
func (w *writes) queueSessions(batch *pgx.Batch, all states) {
	written := make(map[attendance.SessionID]bool)
	for _, e := range w.events {
		if !written[e.Session] {
			written[e.Session] = true
			s := &all[e.Session].Session
			batch.Queue(updateSession, s.ID, s.Seq, s.Status.String(), toMillis(s.OpenedAt), toMillis(s.ClosedAt), s.Chain)
		}
	}
}

// column returns one value of each row.
func column[R, V any](rows []R, value func(*R) V) []V {
	values := make([]V, len(rows))
	for i := range rows {
		values[i] = value(&rows[i])
	}
	return values
}
