package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
	"github.com/muster-live/muster/progress"
)

// auditCmd is `muster audit`.
type auditCmd struct {
	List   auditListCmd   `cmd:"" default:"withargs" help:"Print who changed what, the newest first."`
	Verify auditVerifyCmd `cmd:"" help:"Verify that nobody has changed what is on record."`
}

type auditListCmd struct {
	database
	Words  string              `arg:"" optional:"" help:"Words that must all occur: in names, in what was done, in notes."`
	Actor  attendance.PersonID `help:"Id of who did it." placeholder:"ID"`
	Person attendance.PersonID `help:"Id of whom it is about." placeholder:"ID"`
	Course attendance.CourseID `help:"Id of the course." placeholder:"ID"`
	Since  time.Time           `help:"The first day." format:"2006-01-02" placeholder:"YYYY-MM-DD"`
	Until  time.Time           `help:"The day after the last." format:"2006-01-02" placeholder:"YYYY-MM-DD"`
	Limit  int                 `help:"How many." default:"50"`
}

// Run prints what is found.
func (c *auditListCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	if c.Limit < 1 || c.Limit > audit.MaxPage {
		return fmt.Errorf("--limit must be from 1 to %d", audit.MaxPage)
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	found, err := store.Audit(ctx, audit.Query{Words: c.Words, Actor: c.Actor, Person: c.Person, Course: c.Course, Since: c.Since, Until: c.Until, Limit: c.Limit})
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for _, e := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s → %s\t%s\n", e.At.Local().Format(time.DateTime), orProgram(e.Name), e.From, e.Action, e.Subject, e.Of, orNothing(e.Old), orNothing(e.New), e.Note)
	}
	return t.Flush()
}

type auditVerifyCmd struct {
	database
	Expect string `help:"A hash that an earlier run printed; it must still occur." placeholder:"HASH"`
}

// errChanged makes the exit code say that something is wrong.
var errChanged = errors.New("what is on record has been changed by something else than muster")

// Run verifies all there is.
func (c *auditVerifyCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	meter := progress.New(time.Now)
	meter.Step("verifying the audit and the events", progress.Rows, 0)
	done := showProgress(os.Stderr, meter)
	r, err := audit.Verify(ctx, store, c.Expect, func(r audit.Report) { meter.Set(int64(r.Rows) + int64(r.Events)) })
	done()
	if err != nil {
		return err
	}
	for _, fault := range r.Faults {
		fmt.Fprintln(stdout, fault)
	}
	if r.More > 0 {
		fmt.Fprintf(stdout, "… and %d more.\n", r.More)
	}
	fmt.Fprintf(stdout, "%d rows of the audit and %d events of %d sessions looked at", r.Rows, r.Events, r.Sessions)
	if r.Unchained > 0 {
		fmt.Fprintf(stdout, "; %d are from before they were chained", r.Unchained)
	}
	fmt.Fprintln(stdout, ".")
	if len(r.Faults) > 0 {
		return errChanged
	}
	fmt.Fprintf(stdout, "Nothing has been changed. To be sure of this later, note down:\n  muster audit verify --expect %s\n", r.Head)
	return nil
}
