package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
)

// states are the sessions of a group, as its commands see them.
type states map[attendance.SessionID]*attendance.State

// The statements of a group. The arrays that have the keys are of the same length.
// Sessions are locked in order of their ids, so that no two groups wait for each other, and
// read by a statement of its own, which sees what changed while the lock was waited for.
//
// A LATERAL (… LIMIT 1) has the planner look a row up by its whole key, where it
// otherwise might go through all rows of a course for each person.
const (
	lockSessions = `SELECT FROM sessions WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`

	lockedSessions = `SELECT s.id, ` + sessionColumns + ` FROM sessions s JOIN courses c ON c.id = s.course_id WHERE s.id = ANY($1)`

	itsMark = ` LEFT JOIN LATERAL (SELECT * FROM marks WHERE session_id = s.id AND person_id = e.person_id LIMIT 1) m ON true`

	allStudents = `SELECT s.id, e.person_id, ` + entryColumns + ` FROM sessions s
		JOIN enrolments e ON e.course_id = s.course_id AND e.role = 'student' AND e.ended_at IS NULL` + itsMark + `
		WHERE s.id = ANY($1)`

	someStudents = `SELECT s.id, e.person_id, ` + entryColumns + ` FROM unnest($1::bigint[], $2::bigint[]) k (session_id, person_id)
		JOIN sessions s ON s.id = k.session_id
		CROSS JOIN LATERAL (SELECT person_id FROM enrolments WHERE course_id = s.course_id AND person_id = k.person_id
			AND role = 'student' AND ended_at IS NULL LIMIT 1) e` + itsMark

	doneCommands = `SELECT c.session_id, c.actor_id, c.command_id, c.from_seq, c.to_seq, c.mark, c.at, c.source
		FROM unnest($1::bigint[], $2::bigint[], $3::text[]) k (session_id, actor_id, command_id) JOIN commands c
		ON c.session_id = k.session_id AND c.actor_id = k.actor_id AND c.command_id = k.command_id`

	usedTickets = `SELECT t.session_id, t.ticket, t.person_id FROM unnest($1::bigint[], $2::text[]) k (session_id, ticket)
		JOIN used_tickets t ON t.session_id = k.session_id AND t.ticket = k.ticket`
)

// needs are the keys of what a group's commands need to be decided.
type needs struct {
	all                      []int64 // sessions of which every student is needed
	checkIns                 []int64 // sessions of which it is needed who checked in when
	excuses                  []int64 // sessions of which it is needed who is excused
	studentSession, students []int64
	commandSession, actors   []int64
	commands                 []string
	ticketSession            []int64
	tickets                  []string
}

// maxSome is how many students of a session are looked up one by one. All at once, a
// student takes half as long.
const maxSome = 500

func needsOf(group []attendance.Command) (n needs, sessions []int64) {
	bySession := make(map[attendance.SessionID][]attendance.Command)
	for _, c := range group {
		bySession[c.Session] = append(bySession[c.Session], c)
		n.commandSession, n.actors, n.commands = append(n.commandSession, int64(c.Session)), append(n.actors, int64(c.Actor)), append(n.commands, c.ID)
		if c.Ticket != "" {
			n.ticketSession, n.tickets = append(n.ticketSession, int64(c.Session)), append(n.tickets, c.Ticket)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(bySession)) {
		sessions = append(sessions, int64(id))
		some, all := attendance.Needs(bySession[id])
		if len(some) > maxSome {
			some, all = nil, true
		}
		if all {
			n.all = append(n.all, int64(id))
		}
		if attendance.NeedsCheckIns(bySession[id]) {
			n.checkIns = append(n.checkIns, int64(id))
		}
		if attendance.NeedsExcuses(bySession[id]) {
			n.excuses = append(n.excuses, int64(id))
		}
		for _, p := range some {
			n.studentSession, n.students = append(n.studentSession, int64(id)), append(n.students, int64(p))
		}
	}
	return n, sessions
}

// sender is a connection or a transaction.
type sender interface {
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}

// read sends a batch that also locks the group's sessions and reads as much of them as
// the commands need. Sessions that there are not are left out.
func read(ctx context.Context, to sender, batch *pgx.Batch, group []attendance.Command) (states, error) {
	n, sessions := needsOf(group)
	all := make(states, len(sessions))
	query := func(query string, args []any, each func(scanFunc) error) {
		batch.Queue(query, args...).Query(func(rows pgx.Rows) error { return readRows(rows, each) })
	}
	batch.Queue(lockSessions, sessions)
	query(lockedSessions, []any{sessions}, all.addSession)
	query(doneCommands, []any{n.commandSession, n.actors, n.commands}, all.addDone)
	if len(n.all) > 0 {
		query(allStudents, []any{n.all}, all.addStudent)
	}
	if len(n.students) > 0 {
		query(someStudents, []any{n.studentSession, n.students}, all.addStudent)
	}
	if len(n.excuses) > 0 {
		query(excusedFrom, []any{n.excuses, group[0].At.UnixMilli()}, all.addExcuse)
	}
	if len(n.checkIns) > 0 {
		query(checkInsOf, []any{n.checkIns}, all.addCheckIn)
	}
	if len(n.tickets) > 0 {
		query(usedTickets, []any{n.ticketSession, n.tickets}, all.addTicket)
	}
	return all, to.SendBatch(ctx, batch).Close()
}

func (all states) addSession(scan scanFunc) error {
	var id attendance.SessionID
	var row sessionRow
	if err := scan(append([]any{&id}, row.dest()...)...); err != nil {
		return err
	}
	session, rules, err := row.session(id)
	all[id] = &attendance.State{
		Session: session, Rules: rules,
		Students:    make(map[attendance.PersonID]attendance.Entry),
		Done:        make(map[attendance.CommandKey]attendance.Outcome),
		UsedTickets: make(map[string]attendance.PersonID),
	}
	return err
}

func (all states) addStudent(scan scanFunc) error {
	var session attendance.SessionID
	var person attendance.PersonID
	var row entryRow
	if err := scan(append([]any{&session, &person}, row.dest()...)...); err != nil {
		return err
	}
	entry, err := row.entry()
	all[session].Students[person] = entry
	return err
}

func (all states) addDone(scan scanFunc) error {
	var session attendance.SessionID
	var key attendance.CommandKey
	var out attendance.Outcome
	var row entryRow
	if err := scan(&session, &key.Actor, &key.ID, &out.From, &out.To, &row.mark, &row.at, &row.source); err != nil {
		return err
	}
	var err error
	out.Entry, err = row.entry()
	all[session].Done[key] = out
	return err
}

func (all states) addTicket(scan scanFunc) error {
	var session attendance.SessionID
	var ticket string
	var person attendance.PersonID
	err := scan(&session, &ticket, &person)
	all[session].UsedTickets[ticket] = person
	return err
}
