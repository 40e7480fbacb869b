package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/changes"
)

// changesCmd is `muster changes`.
type changesCmd struct {
	List changesListCmd `cmd:"" default:"withargs" help:"List change sets, the newest first."`
	Show changesShowCmd `cmd:"" help:"Print what a change set did to each thing."`
	Undo changesUndoCmd `cmd:"" help:"Take a change set back."`
}

type changesListCmd struct {
	database
	Limit int `help:"How many." default:"20"`
}

// Run lists the newest sets.
func (c *changesListCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	if c.Limit < 1 || c.Limit > changes.MaxPage {
		return fmt.Errorf("--limit must be from 1 to %d", changes.MaxPage)
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	sets, err := store.ChangeSets(ctx, changes.Query{Limit: c.Limit})
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "set\twhen\twho\tfrom\tkind\trows\twhat")
	for _, s := range sets {
		what := s.Title
		if s.UndoneBy != 0 {
			what += fmt.Sprintf(" (undone by %d)", s.UndoneBy)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", s.ID, s.At.Local().Format(time.DateTime), orProgram(s.By), s.From, s.Kind, s.Rows, what)
	}
	return t.Flush()
}

// orProgram is the name of who did something.
func orProgram(name string) string {
	if name == "" {
		return "(muster)"
	}
	return name
}

type changesShowCmd struct {
	database
	Set int64 `arg:"" help:"Number of the change set."`
}

// Run prints all rows of a set.
func (c *changesShowCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if _, err := store.ChangeSet(ctx, c.Set); err != nil {
		return readable(err)
	}
	for after := 0; ; {
		rows, err := store.ChangeRows(ctx, c.Set, after, changes.MaxPage)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			after = r.N
			if _, err := fmt.Fprintf(stdout, "%s\t%s\t%s\t→ %s\n", r.What, r.Name, orNothing(r.Was), orNothing(r.Became)); err != nil {
				return err
			}
		}
	}
}

func orNothing(image string) string {
	if image == "" {
		return "nothing"
	}
	return image
}

type changesUndoCmd struct {
	database
	linked
	Set  int64 `arg:"" help:"Number of the change set."`
	Rest bool  `help:"Take back what nothing contradicts, if something does."`
}

// Run undoes a set.
func (c *changesUndoCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	u, err := store.UndoChanges(ctx, changes.Header{From: "command line", At: time.Now()}, c.Set, c.Rest)
	for _, row := range u.Contradicted {
		fmt.Fprintf(stdout, "changed since: %s %s\n  was     %s\n  became  %s\n  now     %s\n", row.What, row.Name, orNothing(row.Was), orNothing(row.Became), orNothing(row.Now))
	}
	if u.More > 0 {
		fmt.Fprintf(stdout, "… and %d more.\n", u.More)
	}
	if err != nil {
		return readable(err)
	}
	fmt.Fprintf(stdout, "%d things are as they were. This is change set %d, which can be undone as well.\n", u.Rows, u.ID)
	return c.signOut(ctx, c.database, store, u.Locked)
}
