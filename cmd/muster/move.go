package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/store/move"
	"github.com/muster-live/muster/store/postgres"
	"github.com/muster-live/muster/store/sqlite"
)

// moveCmd is `muster move`.
type moveCmd struct {
	Data     string `help:"Directory to move from. Stop its server first: what is recorded during the move stays behind." default:"${default_data}" type:"path" env:"MUSTER_DATA"`
	Database string `help:"PostgreSQL database to move to: postgres://user:password@host/name." required:"" env:"MUSTER_DATABASE" placeholder:"URL"`
	Replace  bool   `help:"Throw away what the PostgreSQL database holds."`
}

// Run moves, and prints what each table holds.
func (c *moveCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	file := filepath.Join(c.Data, sqlite.FileName)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("there is nothing to move: %w", err)
	}
	switch used, err := sqlite.InUse(ctx, c.Data); {
	case err != nil:
		return err
	case used:
		return fmt.Errorf("a server, or another program, has %s open, and what it records during the move would stay behind: stop it first", file)
	}
	from, err := sqlite.Open(ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := postgres.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	sums, err := move.Move(ctx, from, to, c.Replace, moveProgress(os.Stderr))
	if errors.Is(err, move.ErrThere) {
		_, err := fmt.Fprintln(stdout, "The database holds this installation already; there was nothing to do.")
		return err
	}
	if err != nil {
		return err
	}
	return writeSums(stdout, sums)
}

func writeSums(w io.Writer, sums []move.Sum) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "table\trows\tchecksum\t")
	for _, s := range sums {
		fmt.Fprintf(t, "%s\t%d\t%016x\t\n", s.Table, s.Rows, s.Checksum)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "Everything is in PostgreSQL; rows and checksums are the same on both sides. Start servers with --database from now on.")
	return err
}

// moveProgress writes a line a second about what goes on and how fast, if w is a
// terminal.
func moveProgress(w *os.File) func(doing, table string, rows int64) {
	if !isTerminal(w) {
		return func(string, string, int64) {}
	}
	var begun, said time.Time
	var first, last int64
	of := ""
	return func(doing, table string, rows int64) {
		now := time.Now()
		if of != table || rows < last {
			of, begun, first = table, now, rows
		}
		if last = rows; now.Sub(begun) >= time.Second && now.Sub(said) >= time.Second {
			said = now
			fmt.Fprintf(w, "muster: %s %s: %d rows, %.0f a second\n", doing, table, rows, float64(rows-first)/now.Sub(begun).Seconds())
		}
	}
}
