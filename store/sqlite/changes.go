package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/store/schema"
)

// change is a change set that is being applied, in a transaction.
type change struct {
	ctx      context.Context
	store    *Store
	tx       *sql.Tx
	commands []attendance.Command
	changes.Result
}

// errNothing has the transaction of a set that changes nothing rolled back.
var errNothing = errors.New("nothing is changed")

// change applies what fn does as one change set: all of it or nothing. If fn changes
// nothing, there is no set, and the Result's ID is 0.
func (s *Store) change(ctx context.Context, h changes.Header, fn func(*change) error) (changes.Result, error) {
	var c *change
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		c = &change{ctx: ctx, store: s, tx: tx, Result: changes.Result{Set: changes.Set{Header: h}}}
		if again, err := c.begin(); again || err != nil {
			return err
		}
		if err := fn(c); err != nil {
			return err
		}
		if err := c.carryOut(); err != nil {
			return err
		}
		return c.end()
	})
	if errors.Is(err, errNothing) {
		return changes.Result{Set: changes.Set{Header: h}}, nil
	}
	if err != nil {
		return changes.Result{}, err
	}
	return c.Result, nil
}

// begin opens the set, unless its job has applied one already.
func (c *change) begin() (again bool, err error) {
	if c.Job != 0 {
		done, err := scanSet(c.tx.QueryRowContext(c.ctx, selectSets+` WHERE job_id = ?`, c.Job).Scan)
		if err == nil {
			c.Set = done
			return true, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return false, fmt.Errorf("look for the change set of job %d: %w", c.Job, err)
		}
	}
	for _, statement := range []string{
		`CREATE TEMP TABLE IF NOT EXISTS was (what TEXT, key TEXT, image TEXT, PRIMARY KEY (what, key)) WITHOUT ROWID`,
		`DELETE FROM temp.was`,
	} {
		if _, err := c.tx.ExecContext(c.ctx, statement); err != nil {
			return false, fmt.Errorf("begin a change set: %w", err)
		}
	}
	result, err := c.tx.ExecContext(c.ctx, `INSERT INTO change_sets (at, actor, kind, title, course_id, came_from, undoes, job_id)
		VALUES (?, ?, ?, ?, nullif(?, 0), ?, nullif(?, 0), nullif(?, 0))`,
		c.At.UnixMilli(), c.Actor, string(c.Kind), c.Title, c.Course, c.From, c.Undoes, c.Job)
	if err != nil {
		return false, fmt.Errorf("begin a change set: %w", err)
	}
	c.ID, err = result.LastInsertId()
	return false, err
}

func (c *change) end() error {
	if c.Rows == 0 {
		return errNothing
	}
	if _, err := c.tx.ExecContext(c.ctx, `UPDATE change_sets SET row_count = ? WHERE id = ?`, c.Rows, c.ID); err != nil {
		return fmt.Errorf("end a change set: %w", err)
	}
	return addAudit(c.ctx, c.tx, c.At, attendance.Author{Person: c.Actor, From: c.From}, "change set: "+string(c.Kind), fmt.Sprint("change set ", c.ID),
		map[string]any{"title": c.Title, "rows": c.Rows})
}

// track records what write does to things, of which keys has the keys, each once.
func (c *change) track(t schema.Thing, keys rows, write func() error) error {
	if err := c.before(t, keys); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return c.after(t, keys)
}

// before notes how things are before they are written.
func (c *change) before(t schema.Thing, keys rows) error {
	_, err := c.tx.ExecContext(c.ctx, `INSERT OR IGNORE INTO temp.was (what, key, image) SELECT '`+t.What+`', `+keyOf(t)+`, `+imageOf(t)+`
		FROM json_each(?) j CROSS JOIN `+t.Table+` t ON `+onKey(t, "j.value"), keys.json())
	if err != nil {
		return fmt.Errorf("note how each %s was: %w", t.What, err)
	}
	return nil
}

// after records what has become of things since before.
func (c *change) after(t schema.Thing, keys rows) error {
	result, err := c.tx.ExecContext(c.ctx, `INSERT INTO change_rows (set_id, n, what, key, was, became)
		SELECT ?1, ?2 + row_number() OVER (), '`+t.What+`', j.value, w.image, `+imageOf(t)+`
		FROM json_each(?3) j LEFT JOIN `+t.Table+` t ON `+onKey(t, "j.value")+`
		LEFT JOIN temp.was w ON w.what = '`+t.What+`' AND w.key = j.value
		WHERE w.image IS NOT `+imageOf(t), c.ID, c.Rows, keys.json())
	if err != nil {
		return fmt.Errorf("record what becomes of each %s: %w", t.What, err)
	}
	n, err := result.RowsAffected()
	c.Rows += int(n)
	return err
}

// imageOf is what is kept of the thing t; NULL if there is none.
func imageOf(t schema.Thing) string {
	pairs := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		pairs[i] = "'" + column + "', t." + column
	}
	return `CASE WHEN t.` + t.Key[0] + ` IS NOT NULL THEN json_object(` + strings.Join(pairs, ", ") + `) END`
}

// keyOf is the key of the thing t, as rows write it.
func keyOf(t schema.Thing) string { return `json_array(t.` + strings.Join(t.Key, ", t.") + `)` }

// onKey joins the thing t with a key that is a JSON array.
func onKey(t schema.Thing, key string) string {
	parts := make([]string, len(t.Key))
	for i, column := range t.Key {
		parts[i] = fmt.Sprintf("t.%s = %s ->> %d", column, key, i)
	}
	return strings.Join(parts, " AND ")
}

// command has a command carried out as part of the set, after everything else; if it is
// refused, the whole set is. Its id, actor and time are those of the set.
func (c *change) command(cmd attendance.Command) {
	cmd.ID = fmt.Sprintf("set-%d-%d", c.ID, len(c.commands)+1)
	cmd.Actor, cmd.At, cmd.From = c.Actor, c.At, fmt.Sprint("change set ", c.ID)
	c.commands = append(c.commands, cmd)
}

// carryOut carries the commands out, those of a session together.
func (c *change) carryOut() error {
	bySession := make(map[attendance.SessionID][]int)
	var order []attendance.SessionID
	for i := range c.commands {
		if err := c.commands[i].Validate(); err != nil {
			return err
		}
		id := c.commands[i].Session
		if bySession[id] == nil {
			order = append(order, id)
		}
		bySession[id] = append(bySession[id], i)
	}
	results := make([]recorder.Result, len(c.commands))
	for _, id := range order {
		a := appender{ctx: c.ctx, tx: hotTx{c.tx, c.store.frequent}, inserts: c.store.inserts, group: c.commands, mine: bySession[id], results: results}
		if err := c.track(schema.Mark, markKeys(c.commands, bySession[id]), func() error { return a.run(id) }); err != nil {
			return fmt.Errorf("change session %d: %w", id, err)
		}
	}
	for i := range results {
		if results[i].Err != nil {
			return results[i].Err
		}
		c.Events = append(c.Events, results[i].Events...)
	}
	return nil
}

// markKeys are the keys of the marks that commands of one session are about.
func markKeys(commands []attendance.Command, mine []int) (keys rows) {
	seen := make(map[attendance.PersonID]bool)
	for _, i := range mine {
		for _, m := range commands[i].Marks {
			if !seen[m.Person] {
				seen[m.Person] = true
				keys.add(int64(commands[i].Session), int64(m.Person))
			}
		}
	}
	return keys
}

// touch has the boards of courses look again.
func (c *change) touch(courses []attendance.CourseID) error {
	var keys rows
	for _, id := range courses {
		keys.add(int64(id))
	}
	if _, err := c.tx.ExecContext(c.ctx, `UPDATE courses SET roster = roster + 1 WHERE id IN (SELECT j.value ->> 0 FROM json_each(?1) j)`, keys.json()); err != nil {
		return fmt.Errorf("note the change in courses: %w", err)
	}
	c.Touched = append(c.Touched, courses...)
	return nil
}

// lock signs people out, who may no longer sign in.
func (c *change) lock(people []attendance.PersonID) error {
	var keys rows
	for _, id := range people {
		keys.add(int64(id))
	}
	if _, err := c.tx.ExecContext(c.ctx, `DELETE FROM sign_ins WHERE person_id IN (SELECT j.value ->> 0 FROM json_each(?1) j)`, keys.json()); err != nil {
		return fmt.Errorf("sign people out: %w", err)
	}
	c.Locked = append(c.Locked, people...)
	return nil
}
