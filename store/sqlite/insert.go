package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"strings"
)

// mostRows is how many rows one prepared statement writes; a power of two.
const mostRows = 64

// inserter writes rows of one table by statements for 1, 2, 4, … mostRows rows, which
// are prepared when the store is opened: on the hot path that takes half the time of
// passing rows in as JSON.
type inserter struct {
	width int // columns
	stmts []*sql.Stmt
}

// newInserter prepares an INSERT statement, of which insert is what comes before
// VALUES, for rows of so many columns.
func newInserter(ctx context.Context, db *sql.DB, insert string, width int) (*inserter, error) {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	in := &inserter{width: width}
	for n := 1; n <= mostRows; n *= 2 {
		stmt, err := db.PrepareContext(ctx, insert+" VALUES "+strings.Repeat(row+",", n-1)+row)
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", insert, err)
		}
		in.stmts = append(in.stmts, stmt)
	}
	return in, nil
}

// write inserts rows, given as the values of one after the other.
func (in *inserter) write(ctx context.Context, tx *sql.Tx, values []any) error {
	for len(values) > 0 {
		k := bits.Len(uint(min(len(values)/in.width, mostRows))) - 1
		n := in.width << k
		if _, err := tx.StmtContext(ctx, in.stmts[k]).ExecContext(ctx, values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// inserters are those of the tables that every command writes to.
type inserters struct {
	events, marks, commands, tickets *inserter
}

func newInserters(ctx context.Context, db *sql.DB) (inserters, error) {
	var all inserters
	for _, t := range []struct {
		in     **inserter
		insert string
		width  int
	}{
		{&all.events, "INSERT INTO events (session_id, seq, at, kind, person_id, mark, source, actor_id, note, status, came_from)", 11},
		{&all.marks, "INSERT OR REPLACE INTO marks (session_id, person_id, mark, at, source, actor_id, note, status)", 8},
		{&all.commands, "INSERT INTO commands (session_id, actor_id, command_id, from_seq, to_seq, mark, at, source)", 8},
		{&all.tickets, "INSERT OR IGNORE INTO used_tickets (session_id, ticket, person_id)", 3},
	} {
		var err error
		if *t.in, err = newInserter(ctx, db, t.insert, t.width); err != nil {
			return all, err
		}
	}
	return all, nil
}
