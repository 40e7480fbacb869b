package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/muster-live/muster/jobs"
)

// Jobs counts the jobs there are.
type Jobs interface {
	CountJobs(ctx context.Context, now time.Time) (jobs.Counts, error)
}

// WatchJobs has the jobs of the installation counted each time that somebody asks.
func (m *Metrics) WatchJobs(j Jobs) { m.registry.MustRegister(jobCollector{j}) }

// JobEnded counts an attempt at a job that ended on this server.
func (m *Metrics) JobEnded(kind jobs.Kind, s jobs.State) {
	m.jobs.WithLabelValues(string(kind), string(s)).Inc()
}

var (
	jobStates  = describe("jobs", "Jobs of the installation, by state; the failed ones are those that are still kept.", "state")
	jobOldest  = describe("jobs_waiting_seconds", "For how long the job that waits longest has been due.")
	jobLongest = describe("jobs_running_seconds", "For how long the job that runs longest has run.")
)

type jobCollector struct{ jobs Jobs }

// Describe implements prometheus.Collector.
func (jobCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{jobStates, jobOldest, jobLongest} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. While the database is away, it tells nothing.
func (c jobCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	n, err := c.jobs.CountJobs(ctx, time.Now())
	if err != nil {
		return
	}
	for state, count := range map[jobs.State]int{jobs.Waiting: n.Waiting, jobs.Running: n.Running, jobs.Failed: n.Failed} {
		ch <- gauge(jobStates, float64(count), string(state))
	}
	ch <- gauge(jobOldest, n.Oldest.Seconds())
	ch <- gauge(jobLongest, n.Longest.Seconds())
}
