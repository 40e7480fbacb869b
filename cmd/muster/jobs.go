package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/jobs"
)

// jobsCmd is `muster jobs`.
type jobsCmd struct {
	database
	Active bool  `help:"Only those that have not ended."`
	All    bool  `help:"Also what the clock asked for and went well."`
	Limit  int   `help:"How many, at the most." default:"20"`
	Cancel int64 `help:"Cancel the job with this number." placeholder:"JOB" xor:"do"`
	Retry  int64 `help:"Do the job with this number again, which failed or was cancelled." placeholder:"JOB" xor:"do"`
	JSON   bool  `help:"Print them as JSON."`
}

// Run lists jobs, the newest first, or does something to one.
func (c *jobsCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	switch {
	case c.Cancel != 0:
		return didTo(stdout, c.Cancel, "is cancelled as soon as its server looks", "has ended, or never was", func() (bool, error) {
			return store.CancelJob(ctx, jobs.ID(c.Cancel), time.Now())
		})
	case c.Retry != 0:
		return didTo(stdout, c.Retry, "is done again as soon as a server looks", "has neither failed nor been cancelled", func() (bool, error) {
			return store.RetryJob(ctx, jobs.ID(c.Retry), time.Now())
		})
	}
	found, err := store.Jobs(ctx, jobs.Query{Active: c.Active, Routine: c.All, Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(stdout).Encode(found)
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(stdout, "There are no jobs.")
		return err
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "job\tkind\twhat\twho\tsince\tstate\t")
	for i := range found {
		j := &found[i]
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", j.ID, j.Kind, j.Title, cmp.Or(j.ActorName, j.From),
			j.Created.Local().Format("2 Jan 15:04:05"), j.State, tellJob(j))
	}
	return t.Flush()
}

func didTo(w io.Writer, id int64, done, not string, do func() (bool, error)) error {
	ok, err := do()
	if err == nil && !ok {
		err = fmt.Errorf("job %d %s", id, not)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "Job %d %s.\n", id, done)
	}
	return err
}

// tellJob is what is to be said of a job in its state.
func tellJob(j *jobs.Job) string {
	switch {
	case j.State == jobs.Running:
		return j.Progress.String()
	case j.Problem != "":
		return j.Problem
	case j.Set != 0:
		return fmt.Sprintf("%s; change set %d", j.Summary, j.Set)
	}
	return j.Summary
}
