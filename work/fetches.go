package work

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/timetable"
)

// FetchArgs is what a fetch is told.
type FetchArgs struct {
	Subscription int64
}

// Told is what came of a fetch.
type Told struct {
	Outcome string `json:"outcome"`
}

// Summary says it in the list of jobs.
func (t Told) Summary() string { return t.Outcome }

// fetches are the jobs for subscriptions that are due. A subscription is due once at a
// time, so that it is fetched once by however many nodes. One whose job came to nothing
// is due again with the next hour.
func (d *Desk) fetches(ctx context.Context, now time.Time) (all []jobs.Job, err error) {
	due, err := d.store.DueSubscriptions(ctx, now)
	for _, s := range due {
		at := s.Next
		if hour := now.Truncate(timetable.FetchEvery); at.Before(hour) {
			at = hour
		}
		args, _ := json.Marshal(FetchArgs{s.ID}) // cannot fail
		all = append(all, jobs.Job{
			Kind: Fetch, Title: "Calendar at " + timetable.HostOf(s.Address), Key: fmt.Sprintf("subscription %d @%s", s.ID, at.UTC().Format(time.RFC3339Nano)),
			From: "schedule", Args: args, State: jobs.Waiting, RunAt: at, Created: now,
		})
	}
	return all, err
}

// fetch is the handler of a Fetch.
func (d *Desk) fetch(ctx context.Context, r *jobs.Run) (any, error) {
	a, err := args[FetchArgs](r)
	if err != nil {
		return nil, err
	}
	s, err := d.store.Subscription(ctx, a.Subscription)
	if err != nil {
		return nil, err
	}
	if s.Next.After(d.now()) {
		return Told{"It has been fetched meanwhile."}, nil
	}
	r.Meter.Step("fetching "+timetable.HostOf(s.Address), "", 0)
	f, err := d.fetcher.Fetch(ctx, s, changes.Header{From: "schedule"})
	return Told{f.Outcome}, err
}
