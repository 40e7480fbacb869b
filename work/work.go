package work

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/timetable"
)

// The kinds of jobs.
const (
	Preview jobs.Kind = "preview" // see what an import would do
	Import  jobs.Kind = "import"
	// TimetablePreview is to see what a file would plan, Timetable to plan it.
	TimetablePreview jobs.Kind = "timetable preview"
	Timetable        jobs.Kind = "timetable"
	Export           jobs.Kind = "export"
	Fetch            jobs.Kind = "fetch" // a calendar that courses are subscribed to
	Tidy             jobs.Kind = "tidy"  // delete what is kept no longer
)

// Store is what the handlers need of a store.
type Store interface {
	jobs.Desk
	roster.ImportStore
	report.Store
	timetable.Store
	// TidySignIns deletes sign-ins that have run out, and join links that were used or
	// have run out long ago.
	TidySignIns(ctx context.Context, now time.Time) error
}

// Desk does the work. Make one with New.
type Desk struct {
	store   Store
	now     func() time.Time
	changed func(changes.Result)
	fetcher *timetable.Fetcher
}

// New returns a desk. It tells changed what has been changed, so that screens can show
// it. The fetcher is of the same store.
func New(store Store, now func() time.Time, changed func(changes.Result), fetcher *timetable.Fetcher) *Desk {
	return &Desk{store: store, now: now, changed: changed, fetcher: fetcher}
}

// Lanes returns the handlers. What takes much memory is done one after the other.
func (d *Desk) Lanes() []jobs.Lane {
	return []jobs.Lane{
		{Preview: d.preview, Import: d.apply, TimetablePreview: d.timetable, Timetable: d.timetable},
		{Export: d.export},
		{Fetch: d.fetch},
		{Tidy: d.tidy},
	}
}

// Plan returns what the clock asks for.
func (d *Desk) Plan(ctx context.Context, now time.Time) ([]jobs.Job, error) {
	all, err := d.fetches(ctx, now)
	return append(all, jobs.Every(time.Hour, jobs.Job{Kind: Tidy, Title: "Delete what is kept no longer", Key: "tidy"}, now)), err
}

func (d *Desk) tidy(ctx context.Context, r *jobs.Run) (any, error) {
	now := d.now()
	r.Meter.Step("deleting old sign-ins and links", "", 0)
	if err := d.store.TidySignIns(ctx, now); err != nil {
		return nil, err
	}
	r.Meter.Step("deleting old jobs and their files", "", 0)
	return nil, d.store.TidyJobs(ctx, now)
}

// args reads what a job was told.
func args[T any](r *jobs.Run) (a T, err error) {
	if err := json.Unmarshal(r.Args, &a); err != nil {
		return a, fmt.Errorf("read what job %d was told: %w", r.ID, err)
	}
	return a, nil
}
