package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
)

// peopleCmd is `muster people`.
type peopleCmd struct {
	Duplicates duplicatesCmd `cmd:"" help:"List people who may be in the record twice."`
	Merge      mergeCmd      `cmd:"" help:"Merge two records of one person."`
}

type duplicatesCmd struct{ database }

// Run lists them, the surest first.
func (c *duplicatesCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	cur, err := store.Current(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEEP\t\t\tDROP\t\t\tWHY")
	for _, d := range roster.Duplicates(cur) {
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\t%s\t", d.Keep.ID, d.Keep.Name(), d.Keep.Ref, d.Drop.ID, d.Drop.Name(), d.Drop.Ref)
		for i, why := range d.Why {
			if i > 0 {
				fmt.Fprint(t, " ")
			}
			fmt.Fprint(t, why)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

type mergeCmd struct {
	database
	linked
	Keep  attendance.PersonID `arg:"" help:"Id of whose record stays, as muster people duplicates prints it."`
	Drop  attendance.PersonID `arg:"" help:"Id of whose record becomes part of it."`
	Apply bool                `help:"Do it. Without this, what it would do is shown. muster changes takes it back."`
}

// Run merges, or shows what merging would do.
func (c *mergeCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var merge *roster.Merge
	var result changes.Result
	if c.Apply {
		h := changes.Header{Kind: changes.Merge, From: "command line", At: time.Now()}
		result, err = roster.MergePeople(ctx, store, h, c.Keep, c.Drop, "", &merge)
	} else {
		var m *roster.Merging
		if m, err = store.Merging(ctx, c.Keep, c.Drop); err == nil {
			merge, err = roster.PlanMerge(m)
		}
	}
	if err != nil {
		return readable(err)
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, l := range merge.Lines {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", l.Change, l.What, l.Name, l.Detail)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !c.Apply {
		_, err = fmt.Fprintf(stdout, "\nNothing was changed. To do it:\n  muster people merge %d %d --apply\n", c.Keep, c.Drop)
		return err
	}
	if err := c.signOut(ctx, c.database, store, result.Locked); err != nil {
		return fmt.Errorf("they are merged, but who may no longer sign in stays connected until their page is closed: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "\nThey are merged. To take it back:\n  muster changes undo %d\n", result.ID)
	return err
}
