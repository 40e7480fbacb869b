// Package move copies a whole installation from SQLite to PostgreSQL and proves that
// the copy is the same.
//
// Both stores have the same tables and columns, so that a copy is rows and no
// thought. All of it is written in one transaction: a move that was interrupted has
// not happened.
package move

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/muster-live/muster/store/postgres"
	"github.com/muster-live/muster/store/sqlite"
)

// tables are all there are, those that others refer to first.
var tables = []string{
	"secrets", "people", "passwords", "sign_ins", "join_links", "terms", "courses", "enrolments",
	"sessions", "events", "commands", "used_tickets", "marks", "excuses", "people_groups", "group_members", "status_sets", "audit", "change_sets", "change_rows",
	"institution", "holidays", "subscriptions", "jobs", "job_files", "api_tokens", "feeds", "answers", "import_columns",
}

// counted are the tables whose ids PostgreSQL counts up.
var counted = []string{"people", "terms", "courses", "sessions", "excuses", "people_groups", "audit", "change_sets", "status_sets", "holidays", "subscriptions", "jobs", "api_tokens"}

// Sum is what a table holds: how many rows, and a checksum of them in any order.
type Sum struct {
	Table    string
	Rows     int64
	Checksum uint64
}

// The ways in which a move is refused.
var (
	// ErrThere says that the database holds exactly this installation already.
	ErrThere = errors.New("the database holds this installation already: there is nothing to do")
	// ErrOther says that it holds something else.
	ErrOther = errors.New("the database is not empty, and what it holds is not this installation: " +
		"give an empty one, or --replace to throw away what is there")
)

// Move copies everything. Told is called with each table while it is being copied or
// checked, and how many of its rows are done. It returns the sums of all tables, which
// are the same on both sides. Unless replace is set, it refuses a database that holds
// anything, with [ErrThere] or [ErrOther].
func Move(ctx context.Context, from *sqlite.Store, to *postgres.Store, replace bool, told func(doing, table string, rows int64)) (sums []Sum, err error) {
	err = from.View(ctx, func(source *sql.Tx) error {
		return to.Update(ctx, func(target pgx.Tx) error {
			m := mover{ctx: ctx, source: source, target: target, told: told}
			sums, err = m.run(replace)
			return err
		})
	})
	return sums, err
}

type mover struct {
	ctx    context.Context
	source *sql.Tx
	target pgx.Tx
	told   func(doing, table string, rows int64)
}

func (m *mover) run(replace bool) ([]Sum, error) {
	if _, err := m.target.Exec(m.ctx, `LOCK TABLE `+strings.Join(tables, ", ")+` IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return nil, fmt.Errorf("keep others from writing to the database: %w", err)
	}
	if err := m.checkTarget(replace); err != nil {
		return nil, err
	}
	for _, t := range tables {
		if err := m.copy(t); err != nil {
			return nil, err
		}
	}
	for _, t := range counted {
		_, err := m.target.Exec(m.ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence('%[1]s', 'id'), (SELECT max(id) FROM %[1]s)) WHERE EXISTS (SELECT 1 FROM %[1]s)`, t))
		if err != nil {
			return nil, fmt.Errorf("go on counting in %s: %w", t, err)
		}
	}
	sums, different, err := m.compare("checking")
	if err == nil && different != "" {
		err = fmt.Errorf("table %s came out different; nothing was moved", different)
	}
	return sums, err
}

func (m *mover) checkTarget(replace bool) error {
	for _, t := range tables {
		var any bool
		if err := m.target.QueryRow(m.ctx, `SELECT EXISTS (SELECT 1 FROM `+t+`)`).Scan(&any); err != nil {
			return fmt.Errorf("look into %s: %w", t, err)
		}
		if !any {
			continue
		}
		if replace {
			return m.empty()
		}
		_, different, err := m.compare("comparing")
		switch {
		case err != nil:
			return err
		case different == "":
			return ErrThere
		}
		return ErrOther
	}
	return nil
}

func (m *mover) empty() error {
	if _, err := m.target.Exec(m.ctx, `TRUNCATE `+strings.Join(tables, ", ")); err != nil {
		return fmt.Errorf("throw away what the database holds: %w", err)
	}
	return nil
}

// copy copies the rows of a table.
func (m *mover) copy(table string) error {
	columns, err := m.columns(table)
	if err != nil {
		return err
	}
	rows, err := m.sourceRows(table, columns)
	if err != nil {
		return err
	}
	defer rows.Close()
	source := &copySource{m: m, table: table, columns: columns, rows: rows}
	_, err = m.target.CopyFrom(m.ctx, pgx.Identifier{table}, names(columns), source)
	var answer *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case source.unfit != nil: // of which the server only says that the copy was given up
		return source.unfit
	case errors.As(err, &answer) && answer.Where != "":
		return fmt.Errorf("copy %s: %w (%s)", table, err, answer.Where)
	}
	return fmt.Errorf("copy %s: %w", table, err)
}

// column is a column of a table, as PostgreSQL has it.
type column struct {
	name    string
	boolean bool // SQLite has 0 and 1
}

func names(columns []column) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.name
	}
	return all
}

func (m *mover) columns(table string) ([]column, error) {
	rows, err := m.target.Query(m.ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", table, err)
	}
	defer rows.Close()
	var all []column
	for _, f := range rows.FieldDescriptions() {
		all = append(all, column{f.Name, f.DataTypeOID == pgtype.BoolOID})
	}
	return all, nil
}

func list(columns []column) string {
	text := ""
	for i, c := range columns {
		if i > 0 {
			text += ", "
		}
		text += `"` + c.name + `"`
	}
	return text
}

func (m *mover) sourceRows(table string, columns []column) (*sql.Rows, error) {
	rows, err := m.source.QueryContext(m.ctx, `SELECT `+list(columns)+` FROM `+table)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	return rows, nil
}

// copySource gives the rows of a table of SQLite to PostgreSQL.
type copySource struct {
	m       *mover
	table   string
	columns []column
	rows    *sql.Rows
	done    int64
	unfit   error // what PostgreSQL could not keep
}

func (s *copySource) Next() bool { return s.rows.Next() }
func (s *copySource) Err() error { return s.rows.Err() }

func (s *copySource) Values() ([]any, error) {
	values, err := scan(s.rows, len(s.columns))
	if err != nil {
		return nil, err
	}
	s.done++
	for i, c := range s.columns {
		switch v := values[i].(type) {
		case int64:
			if c.boolean {
				values[i] = v != 0
			}
		case string:
			if strings.ContainsRune(v, 0) || !utf8.ValidString(v) {
				s.unfit = fmt.Errorf("%s of row %d of %s%s has a zero byte in it or is not UTF-8, which PostgreSQL cannot keep: "+
					"correct it in the SQLite file; nothing was moved", c.name, s.done, s.table, s.key(values))
				return nil, s.unfit
			}
		}
	}
	s.m.tell("copying", s.table, s.done)
	return values, nil
}

// key tells a row by the numbers that it begins with, which its table's key does too.
func (s *copySource) key(values []any) string {
	var parts []string
	for i, v := range values {
		n, number := v.(int64)
		if !number {
			break
		}
		parts = append(parts, fmt.Sprintf("%s %d", s.columns[i].name, n))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// tellEvery is how many rows lie between two calls of told.
const tellEvery = 10_000

func (m *mover) tell(doing, table string, rows int64) {
	if rows%tellEvery == 0 {
		m.told(doing, table, rows)
	}
}

func scan(rows *sql.Rows, columns int) ([]any, error) {
	values, dest := make([]any, columns), make([]any, columns)
	for i := range values {
		dest[i] = &values[i]
	}
	return values, rows.Scan(dest...)
}

// compare returns the sums of the source, and the first table that is different.
func (m *mover) compare(doing string) (sums []Sum, different string, err error) {
	for _, t := range tables {
		columns, err := m.columns(t)
		if err != nil {
			return nil, "", err
		}
		here, err := m.sumSource(doing, t, columns)
		if err != nil {
			return nil, "", err
		}
		there, err := m.sumTarget(doing, t, columns)
		if err != nil {
			return nil, "", err
		}
		if sums = append(sums, here); here != there {
			return sums, t, nil
		}
	}
	return sums, "", nil
}

func (m *mover) sumSource(doing, table string, columns []column) (Sum, error) {
	sum := Sum{Table: table}
	rows, err := m.sourceRows(table, columns)
	if err != nil {
		return sum, err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := scan(rows, len(columns))
		if err != nil {
			return sum, fmt.Errorf("read %s: %w", table, err)
		}
		sum.add(values)
		m.tell(doing, table, sum.Rows)
	}
	return sum, rows.Err()
}

func (m *mover) sumTarget(doing, table string, columns []column) (Sum, error) {
	sum := Sum{Table: table}
	rows, err := m.target.Query(m.ctx, `SELECT `+list(columns)+` FROM `+table)
	if err != nil {
		return sum, fmt.Errorf("read %s: %w", table, err)
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return sum, fmt.Errorf("read %s: %w", table, err)
		}
		sum.add(values)
		m.tell(doing, table, sum.Rows)
	}
	return sum, rows.Err()
}

// add takes a row in. Rows are added up, so that their order does not matter.
func (s *Sum) add(values []any) {
	h := sha256.New()
	for _, v := range values {
		text := canonical(v)
		h.Write(strconv.AppendInt(nil, int64(len(text)), 10))
		h.Write([]byte{':'})
		h.Write(text)
	}
	s.Rows++
	s.Checksum += binary.BigEndian.Uint64(h.Sum(nil))
}

// canonical is the same for what SQLite and PostgreSQL have for a value, and different
// for different values.
func canonical(v any) []byte {
	switch v := v.(type) {
	case nil:
		return []byte("null")
	case bool:
		if v {
			return []byte("i1")
		}
		return []byte("i0")
	case int64:
		return strconv.AppendInt([]byte("i"), v, 10)
	case string:
		return append([]byte("t"), v...)
	case []byte:
		return append([]byte("b"), v...)
	}
	return fmt.Appendf(nil, "%T %v", v, v)
}
