package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
)

// done is a command that the database knows to be carried out.
type done struct {
	Actor    attendance.PersonID
	ID       string
	From, To int64
	Mark     string // of a check-in
	At       int64
	Source   string
}

// log is what the database has of one session.
type log struct {
	seq    int64 // as the session says
	status string
	events []event
	done   []done
	marks  map[attendance.PersonID]line
}

func readLog(ctx context.Context, conn *pgx.Conn, id attendance.SessionID) (l log, err error) {
	if err := conn.QueryRow(ctx, `SELECT seq, status FROM sessions WHERE id = $1`, id).Scan(&l.seq, &l.status); err != nil {
		return l, err
	}
	rows, _ := conn.Query(ctx, `SELECT seq, at, kind, person_id, mark, source, actor_id, note FROM events WHERE session_id = $1 ORDER BY seq`, id)
	var e event
	if _, err := pgx.ForEachRow(rows, []any{&e.Seq, &e.At, &e.Kind, &e.Person, &e.Mark, &e.Source, &e.Actor, &e.Note}, func() error {
		l.events = append(l.events, e)
		return nil
	}); err != nil {
		return l, err
	}
	rows, _ = conn.Query(ctx, `SELECT actor_id, command_id, from_seq, to_seq, mark, at, source FROM commands WHERE session_id = $1 ORDER BY from_seq, to_seq`, id)
	var d done
	if _, err := pgx.ForEachRow(rows, []any{&d.Actor, &d.ID, &d.From, &d.To, &d.Mark, &d.At, &d.Source}, func() error {
		l.done = append(l.done, d)
		return nil
	}); err != nil {
		return l, err
	}
	l.marks = make(map[attendance.PersonID]line)
	rows, _ = conn.Query(ctx, `SELECT person_id, mark, at, source, actor_id, note FROM marks WHERE session_id = $1`, id)
	var m line
	_, err = pgx.ForEachRow(rows, []any{&m.Person, &m.Mark, &m.At, &m.Source, &m.Actor, &m.Note}, func() error {
		if m.Mark != "unset" {
			l.marks[m.Person] = m
		}
		return nil
	})
	return l, err
}

// checkRecords compares what everybody was told and shows with the log.
func (t *trial) checkRecords(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, t.postgres.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, m := range t.meetings {
		l, err := readLog(ctx, conn, m.ID)
		if err != nil {
			return fmt.Errorf("read the log of session %d: %w", m.ID, err)
		}
		final := t.checkShown(m, l)
		t.checkCommands(m, l)
		for _, s := range t.screens {
			if s.meeting == m && !s.hasGone() {
				t.checkScreen(s, final)
			}
		}
		t.checkHistory(m)
	}
	return nil
}

// checkShown goes through the log, and compares it with what screens showed of each
// seq. It returns what the log comes to.
func (t *trial) checkShown(m *meeting, l log) *record {
	r := newRecord(len(m.Students))
	for _, e := range l.events {
		if e.Seq != r.Seq+1 {
			t.violate("session %d: seq %d follows %d in the log", m.ID, e.Seq, r.Seq)
		}
		r.apply(e)
		if s, there := m.shown[e.Seq]; there && s != r.state {
			t.violate("session %d: a screen showed %+v, and the log has %+v", m.ID, s, r.state)
		}
	}
	if l.seq != r.Seq || l.status != r.Status {
		t.violate("session %d: its log ends with seq %d, %s; its row says %d, %s", m.ID, r.Seq, r.Status, l.seq, l.status)
	}
	if !maps.Equal(r.lines, l.marks) {
		t.violate("session %d: its marks are not what its log comes to", m.ID)
	}
	return r
}

// checkCommands compares the commands with the log: all that were acknowledged are
// there as they were acknowledged, and every event is of exactly one command.
func (t *trial) checkCommands(m *meeting, l log) {
	found := make(map[string]done, len(l.done)) // ids of ours differ throughout a session
	next := int64(1)
	for _, d := range l.done {
		found[d.ID] = d
		if d.To < d.From {
			continue // it changed nothing
		}
		if d.From != next {
			t.doubled++
			t.violate("session %d: command %s of person %d made events %d–%d, and those before end at %d", m.ID, d.ID, d.Actor, d.From, d.To, next-1)
		}
		next = d.To + 1
	}
	if next != l.seq+1 {
		t.doubled++
		t.violate("session %d: events %d–%d are of no command", m.ID, next, l.seq)
	}
	for _, op := range m.ops {
		d, there := found[op.ID]
		switch {
		case op.end.IsZero() && there, op.code != "" && there && op.sent > 1:
			m.late = append(m.late, op.carriedOut(d))
		case op.code != "" && there:
			t.violate("session %d: %s %s of person %d was refused with %s, and it is in the log as %d–%d", m.ID, op.Kind, op.ID, op.actor, op.code, d.From, d.To)
		case op.end.IsZero(), op.code != "":
		case !there, d.From != op.answer.From, d.To != op.answer.To:
			t.lost++
			t.violate("session %d: %s %s of person %d was acknowledged as %s, and the database has %+v (there: %t)", m.ID, op.Kind, op.ID, op.actor, brief(&op.answer), d, there)
		case d.To > int64(len(l.events)):
			t.lost++ // what is missing has been said
		default:
			t.acknowledged++
			t.checkEvents(m, op, l.events[d.From-1:max(d.From-1, d.To)])
		}
	}
}

// carriedOut returns the operation as which a command took place whose answer nobody
// waited for; or of which one copy was refused, and another one, sent through another
// server, was carried out later: a refusal is not kept.
func (op *operation) carriedOut(d done) *operation {
	late := *op
	late.code, late.end = "", time.Now()
	late.answer = message{From: d.From, To: d.To, Mark: d.Mark, At: d.At, Source: d.Source}
	return &late
}

// checkEvents compares a command with the events it made.
func (t *trial) checkEvents(m *meeting, op *operation, events []event) {
	wanted := make(map[attendance.PersonID]string)
	for _, w := range op.Marks {
		wanted[w.Person] = w.Mark
	}
	for i, e := range events {
		ok := true
		switch op.Kind {
		case "check_in":
			ok = e.Kind == "mark" && e.Person == op.actor && e.Mark == op.answer.Mark && e.At == op.answer.At && e.Source == op.answer.Source
		case "mark":
			ok = e.Kind == "mark" && e.Mark == wanted[e.Person] && e.Note == op.Note
		case "close", "reopen":
			ok = i > 0 && e.Kind == "mark" && e.Source == "rule" || i == 0 && e.Kind == op.Kind
		}
		if !ok {
			t.violate("session %d: %s %s of person %d made %+v", m.ID, op.Kind, op.ID, op.actor, e)
		}
	}
}

// checkScreen compares what a screen shows in the end with the log.
func (t *trial) checkScreen(s *screen, final *record) {
	v := &s.view
	if v.state != final.state {
		t.violate("%s shows %+v in the end, and the log has %+v", s.name, v.state, final.state)
		return
	}
	if v.audience == "board" && !maps.Equal(v.lines, final.lines) {
		t.violate("%s shows marks in the end that are not those of the log", s.name)
	}
	if v.audience == "student" {
		own, there := final.lines[s.person]
		if !there {
			own = line{Mark: "unset"}
		}
		if v.you.Mark != own.Mark || v.you.At != own.At || v.you.Source != own.Source {
			t.violate("%s shows its student %+v in the end, and the log has %+v", s.name, v.you, own)
		}
	}
}
