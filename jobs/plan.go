package jobs

import (
	"fmt"
	"time"
)

// Every returns the job that is to be done once in each period, for the period that now
// is in. Its key has the period added to it.
func Every(period time.Duration, j Job, now time.Time) Job {
	begins := now.Truncate(period)
	j.Key = fmt.Sprintf("%s @%s", j.Key, begins.UTC().Format(time.RFC3339))
	j.From, j.State, j.RunAt, j.Created = "schedule", Waiting, begins, now
	return j
}
