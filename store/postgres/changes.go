package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/store/schema"
)

// change is a change set that is being applied, in a transaction.
type change struct {
	ctx      context.Context
	tx       pgx.Tx
	commands []attendance.Command
	changes.Result
}

// errNothing has the transaction of a set that changes nothing rolled back.
var errNothing = errors.New("nothing is changed")

// change applies what fn does as one change set: all of it or nothing. If fn changes
// nothing, there is no set, and the Result's ID is 0. As with inTx, fn may run again.
func (s *Store) change(ctx context.Context, h changes.Header, fn func(*change) error) (changes.Result, error) {
	var c *change
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		c = &change{ctx: ctx, tx: tx, Result: changes.Result{Set: changes.Set{Header: h}}}
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
		done, err := scanSet(c.tx.QueryRow(c.ctx, selectSets+` WHERE job_id = $1`, c.Job).Scan)
		if err == nil {
			c.Set = done
			return true, nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return false, fmt.Errorf("look for the change set of job %d: %w", c.Job, err)
		}
	}
	_, err = c.tx.Exec(c.ctx, `CREATE TEMP TABLE was (what text, key text COLLATE "C", image jsonb, PRIMARY KEY (what, key)) ON COMMIT DROP`)
	if err == nil {
		err = c.tx.QueryRow(c.ctx, `INSERT INTO change_sets (at, actor, kind, title, course_id, came_from, undoes, job_id)
			VALUES ($1, $2, $3, $4, nullif($5::bigint, 0), $6, nullif($7::bigint, 0), nullif($8::bigint, 0)) RETURNING id`,
			c.At.UnixMilli(), c.Actor, string(c.Kind), c.Title, int64(c.Course), c.From, c.Undoes, c.Job).Scan(&c.ID)
	}
	if err != nil {
		return false, fmt.Errorf("begin a change set: %w", err)
	}
	return false, nil
}

func (c *change) end() error {
	if c.Rows == 0 {
		return errNothing
	}
	if _, err := c.tx.Exec(c.ctx, `UPDATE change_sets SET row_count = $1 WHERE id = $2`, c.Rows, c.ID); err != nil {
		return fmt.Errorf("end a change set: %w", err)
	}
	return addAudit(c.ctx, c.tx, c.At, attendance.Author{Person: c.Actor, From: c.From}, "change set: "+string(c.Kind), fmt.Sprint("change set ", c.ID),
		map[string]any{"title": c.Title, "rows": c.Rows})
}

// keys are the keys of things, one list for each column of the key.
type keys [][]int64

// arrays are the parameters $1, $2, … that on joins things with.
func (k keys) arrays() []any {
	all := make([]any, len(k))
	for i := range k {
		all[i] = k[i]
	}
	return all
}

// unnest is the list of keys as a table k of columns k0, k1, ….
func unnest(t schema.Thing) string {
	arrays, columns := make([]string, len(t.Key)), make([]string, len(t.Key))
	for i := range t.Key {
		arrays[i], columns[i] = fmt.Sprintf("$%d::bigint[]", i+1), fmt.Sprint("k", i)
	}
	return `unnest(` + strings.Join(arrays, ", ") + `) k (` + strings.Join(columns, ", ") + `)`
}

// onKeys joins the thing t with unnest's table.
func onKeys(t schema.Thing) string {
	parts := make([]string, len(t.Key))
	for i, column := range t.Key {
		parts[i] = fmt.Sprintf("t.%s = k.k%d", column, i)
	}
	return strings.Join(parts, " AND ")
}

// onKey joins the thing t with a key that is a JSON array.
func onKey(t schema.Thing, key string) string {
	parts := make([]string, len(t.Key))
	for i, column := range t.Key {
		parts[i] = fmt.Sprintf("t.%s = (%s::jsonb ->> %d)::bigint", column, key, i)
	}
	return strings.Join(parts, " AND ")
}

// keyText is a key as rows write it, of columns of the table of that alias.
func keyText(alias string, columns []string) string {
	parts := make([]string, len(columns))
	for i, column := range columns {
		parts[i] = alias + "." + column
	}
	return `'[' || ` + strings.Join(parts, ` || ',' || `) + ` || ']'`
}

func unnested(t schema.Thing) []string {
	columns := make([]string, len(t.Key))
	for i := range columns {
		columns[i] = fmt.Sprint("k", i)
	}
	return columns
}

// imageOf is what is kept of the thing t; NULL if there is none.
func imageOf(t schema.Thing) string {
	pairs := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		pairs[i] = "'" + column + "', t." + column
	}
	return `CASE WHEN t.` + t.Key[0] + ` IS NOT NULL THEN jsonb_build_object(` + strings.Join(pairs, ", ") + `) END`
}

// track records what write does to things, of which all has the keys, each once.
func (c *change) track(t schema.Thing, all keys, write func() error) error {
	if err := c.before(t, all); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return c.after(t, all)
}

// before notes how things are before they are written.
func (c *change) before(t schema.Thing, all keys) error {
	_, err := c.tx.Exec(c.ctx, `INSERT INTO was SELECT '`+t.What+`', `+keyText("t", t.Key)+`, `+imageOf(t)+`
		FROM `+unnest(t)+` JOIN `+t.Table+` t ON `+onKeys(t)+` ON CONFLICT DO NOTHING`, all.arrays()...)
	if err != nil {
		return fmt.Errorf("note how each %s was: %w", t.What, err)
	}
	return nil
}

// after records what has become of things since before.
func (c *change) after(t schema.Thing, all keys) error {
	n := len(t.Key)
	tag, err := c.tx.Exec(c.ctx, fmt.Sprintf(`INSERT INTO change_rows (set_id, n, what, key, was, became)
		SELECT $%d, $%d + row_number() OVER (), '%s', %s, w.image::text, (%s)::text
		FROM `+unnest(t)+` LEFT JOIN `+t.Table+` t ON `+onKeys(t)+`
		LEFT JOIN was w ON w.what = '%[3]s' AND w.key = %[4]s
		WHERE w.image IS DISTINCT FROM %[5]s`, n+1, n+2, t.What, keyText("k", unnested(t)), imageOf(t)), append(all.arrays(), c.ID, c.Rows)...)
	if err != nil {
		return fmt.Errorf("record what becomes of each %s: %w", t.What, err)
	}
	c.Rows += int(tag.RowsAffected())
	return nil
}

// command has a command carried out as part of the set, after everything else; if it is
// refused, the whole set is. Its id, actor and time are those of the set.
func (c *change) command(cmd attendance.Command) {
	cmd.ID = fmt.Sprintf("set-%d-%d", c.ID, len(c.commands)+1)
	cmd.Actor, cmd.At, cmd.From = c.Actor, c.At, fmt.Sprint("change set ", c.ID)
	c.commands = append(c.commands, cmd)
}

// carryOut carries the commands out.
func (c *change) carryOut() error {
	if len(c.commands) == 0 {
		return nil
	}
	for i := range c.commands {
		if err := c.commands[i].Validate(); err != nil {
			return err
		}
	}
	states, err := read(c.ctx, c.tx, &pgx.Batch{}, c.commands)
	if err != nil {
		return fmt.Errorf("read the sessions of a change set: %w", err)
	}
	all := markKeys(c.commands)
	was := all.entries(states)
	if err := c.readLeft(states, all, was); err != nil {
		return err
	}
	c.Events = slices.Grow(c.Events, len(was))
	for part := range parts(c.commands) {
		results, w := decide(states, part)
		for i := range results {
			if results[i].Err != nil {
				return results[i].Err
			}
			c.Events = append(c.Events, results[i].Events...)
		}
		batch := &pgx.Batch{}
		if err := w.queue(batch, states); err != nil {
			return err
		}
		if err := c.tx.SendBatch(c.ctx, batch).Close(); err != nil {
			return err
		}
	}
	return c.addMarks(all, was, all.entries(states))
}

// maxPart is about how many marks are sent to the database at once. A message of many
// megabytes, of which nothing is done before its end, takes longer than its parts.
const maxPart = 4000

// parts divides commands, in their order, into parts of about maxPart marks.
func parts(commands []attendance.Command) iter.Seq[[]attendance.Command] {
	return func(yield func([]attendance.Command) bool) {
		for len(commands) > 0 {
			n, marks := 0, 0
			for n < len(commands) && marks < maxPart {
				marks += len(commands[n].Marks) + 1
				n++
			}
			if !yield(commands[:n]) {
				return
			}
			commands = commands[n:]
		}
	}
}

// entries are the lines that the record has for marks of these keys.
func (k keys) entries(states states) []attendance.Entry {
	entries := make([]attendance.Entry, len(k[0]))
	for i := range entries {
		if s := states[attendance.SessionID(k[0][i])]; s != nil {
			entries[i] = s.Students[attendance.PersonID(k[1][i])]
		}
	}
	return entries
}

// readLeft puts the marks of those among was who are no students of the course any more,
// so that the states do not have them.
func (c *change) readLeft(states states, all keys, was []attendance.Entry) error {
	left, at := make(keys, 2), make(map[markKey]int)
	for i := range was {
		key := markKey{attendance.SessionID(all[0][i]), attendance.PersonID(all[1][i])}
		if s := states[key.session]; s != nil {
			if _, student := s.Students[key.person]; !student {
				left[0], left[1], at[key] = append(left[0], all[0][i]), append(left[1], all[1][i]), i
			}
		}
	}
	if len(at) == 0 {
		return nil
	}
	return eachRow(c.ctx, c.tx, `SELECT m.session_id, m.person_id, `+entryColumns+` FROM `+unnest(schema.Mark)+` JOIN marks m ON m.session_id = k.k0 AND m.person_id = k.k1`,
		left.arrays(), func(scan scanFunc) error {
			var key markKey
			var r entryRow
			if err := scan(append([]any{&key.session, &key.person}, r.dest()...)...); err != nil {
				return err
			}
			e, err := r.entry()
			was[at[key]] = e
			return err
		})
}

// addMarks records what becomes of marks. That is known without asking the database,
// which takes more than twice as long as all the rest of changing them.
func (c *change) addMarks(all keys, was, became []attendance.Entry) error {
	var names, before, after []string
	send := func() error {
		_, err := c.tx.Exec(c.ctx, `INSERT INTO change_rows (set_id, n, what, key, was, became)
			SELECT $1, $2 + n, $3, key, nullif(was, ''), nullif(became, '') FROM unnest($4::text[], $5::text[], $6::text[]) WITH ORDINALITY r (key, was, became, n)`,
			c.ID, c.Rows, schema.Mark.What, names, before, after)
		c.Rows += len(names)
		names, before, after = names[:0], before[:0], after[:0]
		return err
	}
	for i := range was {
		if was[i] != became[i] {
			names = append(names, fmt.Sprintf("[%d,%d]", all[0][i], all[1][i]))
			before, after = append(before, markImage(was[i])), append(after, markImage(became[i]))
		}
		if len(names) == maxPart || i == len(was)-1 && len(names) > 0 {
			if err := send(); err != nil {
				return fmt.Errorf("record what becomes of marks: %w", err)
			}
		}
	}
	return nil
}

// markImage is what imageOf is for a mark; empty if there is none.
func markImage(e attendance.Entry) string {
	if e.Mark == attendance.Unset {
		return ""
	}
	type image struct {
		Actor  attendance.PersonID `json:"actor_id"`
		At     int64               `json:"at"`
		Mark   string              `json:"mark"`
		Note   string              `json:"note"`
		Source string              `json:"source"`
		Status string              `json:"status"`
	}
	b, _ := json.Marshal(image{e.Actor, e.At.UnixMilli(), e.Mark.String(), e.Note, e.Source.String(), e.Status}) // cannot fail for these
	return string(b)
}

// markKeys are the keys of the marks that commands are about.
func markKeys(commands []attendance.Command) keys {
	seen := make(map[markKey]bool)
	all := make(keys, 2)
	for i := range commands {
		for _, m := range commands[i].Marks {
			if key := (markKey{commands[i].Session, m.Person}); !seen[key] {
				seen[key] = true
				all[0], all[1] = append(all[0], int64(key.session)), append(all[1], int64(key.person))
			}
		}
	}
	return all
}

// touch has the boards of courses look again.
func (c *change) touch(courses []attendance.CourseID) error {
	if _, err := c.tx.Exec(c.ctx, `UPDATE courses SET roster = roster + 1 WHERE id = ANY($1)`, courses); err != nil {
		return fmt.Errorf("note the change in courses: %w", err)
	}
	c.Touched = append(c.Touched, courses...)
	return nil
}

// lock signs people out, who may no longer sign in.
func (c *change) lock(people []attendance.PersonID) error {
	if _, err := c.tx.Exec(c.ctx, `DELETE FROM sign_ins WHERE person_id = ANY($1)`, people); err != nil {
		return fmt.Errorf("sign people out: %w", err)
	}
	c.Locked = append(c.Locked, people...)
	return nil
}
