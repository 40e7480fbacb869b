package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/store/schema"
)

// UndoChanges implements [changes.Store].
func (s *Store) UndoChanges(ctx context.Context, h changes.Header, id int64, rest bool) (changes.Undoing, error) {
	set, err := s.ChangeSet(ctx, id)
	if err != nil {
		return changes.Undoing{}, err
	}
	h.Kind, h.Title, h.Course = changes.Undo, "Undone: "+set.Title, set.Course
	u := undoing{id: id}
	result, err := s.change(ctx, h, func(c *change) error {
		u.change, u.out = c, changes.Undoing{}
		return u.run(rest)
	})
	u.out.Result = result
	return u.out, err
}

// undoing is an undo that is being applied.
type undoing struct {
	*change
	id  int64 // of the set that is undone
	out changes.Undoing
}

func (u *undoing) run(rest bool) error {
	set, err := readSet(u.ctx, u.tx, u.id)
	if err != nil {
		return err
	}
	if set.UndoneBy != 0 {
		return attendance.Refuse(attendance.CodeConflict, "This has been undone already.")
	}
	if err := u.contradictions(); err != nil {
		return err
	}
	if n := len(u.out.Contradicted) + u.out.More; n > 0 && !rest {
		return changes.Contradicted(n, set.Rows)
	}
	for i := len(schema.Things) - 1; i >= 0; i-- {
		if err := u.putBack(schema.Things[i]); err != nil {
			return err
		}
	}
	if err := u.marks(); err != nil {
		return err
	}
	if err := u.excuses(); err != nil {
		return err
	}
	if err := u.show(); err != nil {
		return err
	}
	u.Undoes = u.id
	for _, statement := range []string{
		`UPDATE change_sets SET undoes = $2 WHERE id = $1`,
		`UPDATE change_sets SET undone_by = $1 WHERE id = $2`,
		// What undid something, and is undone, leaves it done again.
		`UPDATE change_sets SET undone_by = NULL WHERE id = (SELECT undoes FROM change_sets WHERE id = $2) AND $1::bigint > 0`,
	} {
		if _, err := u.tx.Exec(u.ctx, statement, u.ID, u.id); err != nil {
			return fmt.Errorf("note that change set %d is undone: %w", u.id, err)
		}
	}
	return nil
}

// contradictions finds the rows whose things are not any more what they became, and
// keeps their numbers in the table kept.
func (u *undoing) contradictions() error {
	if _, err := u.tx.Exec(u.ctx, `CREATE TEMP TABLE kept (n bigint PRIMARY KEY) ON COMMIT DROP`); err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	for _, t := range append(slices.Clone(schema.Things), schema.Mark) {
		differs := ` FROM change_rows r LEFT JOIN ` + t.Table + ` t ON ` + onKey(t, "r.key") + `
			WHERE r.set_id = $1 AND r.what = '` + t.What + `' AND ` + imageOf(t) + ` IS DISTINCT FROM r.became::jsonb`
		result, err := u.tx.Exec(u.ctx, `INSERT INTO kept SELECT r.n`+differs, u.id)
		if err != nil {
			return fmt.Errorf("look for what contradicts an undo: %w", err)
		}
		n := result.RowsAffected()
		if n == 0 {
			continue
		}
		room := changes.MaxContradictions - len(u.out.Contradicted)
		u.out.More += max(0, int(n)-room)
		err = eachRow(u.ctx, u.tx, `SELECT `+rowColumns+`, coalesce((`+imageOf(t)+`)::text, '')`+differs+` LIMIT $2`, []any{u.id, room}, func(scan scanFunc) error {
			var c changes.Contradiction
			var err error
			c.Row, err = scanRow(scan, &c.Now)
			u.out.Contradicted = append(u.out.Contradicted, c)
			return err
		})
		if err != nil {
			return fmt.Errorf("look for what contradicts an undo: %w", err)
		}
	}
	return nil
}

// undone are the rows r of a thing that are put back.
const undone = ` r.set_id = $1 AND r.what = $2 AND r.n NOT IN (SELECT n FROM kept)`

// keys are those of the things that are put back.
func (u *undoing) keys(t schema.Thing) (keys, error) {
	found := make(keys, len(t.Key))
	err := eachRow(u.ctx, u.tx, `SELECT r.key FROM change_rows r WHERE`+undone, []any{u.id, t.What}, func(scan scanFunc) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		var key []int64
		if err := json.Unmarshal([]byte(text), &key); err != nil || len(key) != len(found) {
			return fmt.Errorf("a %s with the key %s is not one this program knows", t.What, text)
		}
		for i := range key {
			found[i] = append(found[i], key[i])
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what an undo puts back: %w", err)
	}
	return found, nil
}

// putBack makes things what they were.
func (u *undoing) putBack(t schema.Thing) error {
	found, err := u.keys(t)
	if err != nil || len(found[0]) == 0 {
		return err
	}
	return u.track(t, found, func() error {
		for _, statement := range putBack(t, u.At.UnixMilli()) {
			if _, err := u.tx.Exec(u.ctx, statement, u.id, t.What); err != nil {
				return fmt.Errorf("put back each %s: %w", t.What, personConflict(err))
			}
		}
		return nil
	})
}

// putBack returns the statements that make things what they were, at time now.
func putBack(t schema.Thing, now int64) (statements []string) {
	where := ` WHERE` + undone + ` AND ` + onKey(t, "r.key")
	set := func(what, which string) {
		statements = append(statements, `UPDATE `+t.Table+` t SET `+what+` FROM change_rows r`+where+which)
	}
	if len(t.Unique) > 0 {
		set(strings.Join(t.Unique, " = NULL, ")+" = NULL", " AND r.was IS NOT NULL")
	}
	set(`(`+strings.Join(t.Columns, ", ")+`) = (SELECT `+strings.Join(t.Columns, ", ")+` FROM jsonb_populate_record(NULL::`+t.Table+`, r.was::jsonb))`, " AND r.was IS NOT NULL")
	switch added := " AND r.was IS NULL"; {
	case t.EndedAt != "":
		set(fmt.Sprintf("%s = %d", t.EndedAt, now), added)
	case t.Flag != "":
		set(t.Flag+" = false", added)
	case t.Delete:
		statements = append(statements,
			`DELETE FROM `+t.Table+` t USING change_rows r`+where+added,
			`INSERT INTO `+t.Table+` (`+strings.Join(slices.Concat(t.Key, t.Columns), ", ")+`) SELECT `+valuesOf(t)+`
			FROM change_rows r CROSS JOIN LATERAL jsonb_populate_record(NULL::`+t.Table+`, r.was::jsonb) w WHERE`+undone+` AND r.became IS NULL`)
	}
	return statements
}

// valuesOf are key and columns of a thing as its row r, and its image w, have them.
func valuesOf(t schema.Thing) string {
	var values []string
	for i := range t.Key {
		values = append(values, fmt.Sprintf("(r.key::jsonb ->> %d)::bigint", i))
	}
	for _, column := range t.Columns {
		values = append(values, "w."+column)
	}
	return strings.Join(values, ", ")
}

// marks gives students their marks back, by commands.
func (u *undoing) marks() error {
	bySession := make(map[attendance.SessionID][]attendance.MarkChange)
	var order []attendance.SessionID
	err := eachRow(u.ctx, u.tx, `SELECT (r.key::jsonb ->> 0)::bigint, (r.key::jsonb ->> 1)::bigint, coalesce(r.was, '') FROM change_rows r WHERE`+undone+` ORDER BY r.n`,
		[]any{u.id, schema.Mark.What}, func(scan scanFunc) error {
			var session attendance.SessionID
			var m attendance.MarkChange
			var was string
			if err := scan(&session, &m.Person, &was); err != nil {
				return err
			}
			var err error
			if m.As, err = changes.MarkWas(was); err != nil {
				return err
			}
			if bySession[session] == nil {
				order = append(order, session)
			}
			bySession[session] = append(bySession[session], m)
			return nil
		})
	if err != nil {
		return fmt.Errorf("read the marks that were: %w", err)
	}
	for _, session := range order {
		for some := bySession[session]; len(some) > 0; {
			n := min(len(some), attendance.MaxMarks)
			u.command(attendance.Command{Session: session, Kind: attendance.SetMarks, Marks: some[:n]})
			some = some[n:]
		}
	}
	return nil
}

// excuses has marks follow the excuses that have been put back: those that were set
// since, too.
func (u *undoing) excuses() error {
	found, err := u.keys(schema.Excuse)
	if err != nil {
		return err
	}
	return u.followExcuses(found[0])
}

// show has boards show, and servers know, what has been put back.
func (u *undoing) show() error {
	var courses []attendance.CourseID
	err := eachRow(u.ctx, u.tx, `SELECT DISTINCT e.course_id FROM change_rows r JOIN enrolments e ON e.person_id = (r.key::jsonb ->> 0)::bigint WHERE`+undone+` AND e.ended_at IS NULL
		UNION SELECT (r.key::jsonb ->> 0)::bigint FROM change_rows r WHERE r.set_id = $1 AND r.what IN ('course', 'enrolment') AND r.n NOT IN (SELECT n FROM kept)
		UNION SELECT s.course_id FROM change_rows r JOIN sessions s ON s.id = (r.key::jsonb ->> 0)::bigint WHERE r.set_id = $1 AND r.what = 'session' AND r.n NOT IN (SELECT n FROM kept)`,
		[]any{u.id, schema.Person.What}, func(scan scanFunc) error {
			var id attendance.CourseID
			err := scan(&id)
			courses = append(courses, id)
			return err
		})
	if err != nil {
		return fmt.Errorf("find the courses that an undo touches: %w", err)
	}
	var locked []attendance.PersonID
	err = eachRow(u.ctx, u.tx, `SELECT p.id FROM change_rows r JOIN people p ON p.id = (r.key::jsonb ->> 0)::bigint WHERE`+undone+` AND NOT p.active`,
		[]any{u.id, schema.Person.What}, func(scan scanFunc) error {
			var id attendance.PersonID
			err := scan(&id)
			locked = append(locked, id)
			return err
		})
	if err != nil {
		return fmt.Errorf("find the people whom an undo locks out: %w", err)
	}
	if err := u.touch(courses); err != nil {
		return err
	}
	return u.lock(locked)
}
