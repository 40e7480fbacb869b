package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/timetable"
)

// What a job has changed is named beside it, to be looked at and taken back.
func TestJobsNameTheirChangeSets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	id, err1 := store.AddJob(t.Context(), jobs.Job{Kind: "zone", Title: "Set the zone", Actor: 7, From: "test", Args: []byte(`{}`), State: jobs.Waiting, RunAt: now, Created: now})
	claimed, err2 := store.ClaimJob(t.Context(), []jobs.Kind{"zone"}, "here", now, now.Add(time.Minute))
	set, err3 := store.ChangeInstitution(t.Context(), changes.Header{Kind: changes.Timetable, Title: "Zone", From: "test", At: now, Job: int64(id)}, func(in *timetable.Institution) error {
		in.SetZone("Europe/Berlin")
		return nil
	})
	if err := errors.Join(err1, err2, err3); err != nil || claimed == nil {
		t.Fatal(claimed, err)
	}
	err = store.EndJob(t.Context(), id, claimed.Attempts, jobs.Ending{State: jobs.Done, At: now, Summary: "1 zone"})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	muster := func(args ...string) string {
		var out, log bytes.Buffer
		if code := run(t.Context(), append(args, "--data", dir), &out, &log); code != 0 {
			t.Errorf("%q: code %d, %s", args, code, &log)
		}
		return out.String()
	}
	if got := muster("jobs"); set.ID != 1 || !strings.Contains(got, "1 zone; change set 1") {
		t.Errorf("of change set %d is told: %s", set.ID, got)
	}
	muster("changes", "undo", "1")
	if got := muster("timetable", "zone"); strings.Contains(got, "Berlin") {
		t.Errorf("taken back, the zone is %s", got)
	}
}
