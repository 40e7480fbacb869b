// Package metrics tells Prometheus how a server is doing.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster/remote"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
)

// Metrics are those of one server.
type Metrics struct {
	registry *prometheus.Registry
	commands *prometheus.CounterVec
	refused  *prometheus.CounterVec
	commit   prometheus.Histogram
	group    prometheus.Histogram
	flush    prometheus.Histogram
	jobs     *prometheus.CounterVec
}

// New returns metrics that know nothing yet but the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "muster_commands_total", Help: "Commands that were decided, by kind and by what came of them: ok, or the code of the refusal.",
		}, []string{"kind", "result"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "muster_errors_total", Help: "Errors that clients were answered, by code, such as code_wrong and code_old.",
		}, []string{"code"}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "muster_commit_seconds", Help: "Time the database took to decide and commit a group of commands.",
			Buckets: prometheus.ExponentialBuckets(0.00025, 2, 16),
		}),
		group: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "muster_group_commands", Help: "Commands in a group that was committed as one.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		flush: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "muster_flush_seconds",
			Help: "Time from news that is committed, or has come in over the bus, until the kernel had it for all connections of a part of a room. " +
				"The way over the network, and slow lines, are not in it.",
			Buckets: prometheus.ExponentialBuckets(0.00025, 2, 16),
		}),
	}
	m.jobs = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "muster_jobs_ended_total", Help: "Attempts at jobs that ended on this server, by kind and state; waiting: to be tried again.",
	}, []string{"kind", "state"})
	m.registry.MustRegister(m.jobs, m.commands, m.refused, m.commit, m.group, m.flush,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers with all metrics as text.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Refused counts an error that a client was answered.
func (m *Metrics) Refused(code attendance.Code) { m.refused.WithLabelValues(string(code)).Inc() }

// WatchRecorder has the recorder's groups counted. It is called before the first
// command.
func (m *Metrics) WatchRecorder(r *recorder.Recorder) {
	r.Observe(func(group []attendance.Command, results []recorder.Result, took time.Duration) {
		m.commit.Observe(took.Seconds())
		m.group.Observe(float64(len(group)))
		for i := range group {
			result := "ok"
			switch {
			case results == nil:
				result = string(attendance.CodeStorage)
			case results[i].Err != nil:
				result = string(attendance.AsError(results[i].Err).Code)
			}
			m.commands.WithLabelValues(group[i].Kind.String(), result).Inc()
		}
	})
}

// WatchHub has the hub's flushes timed, and its rooms and connections told. It is
// called before there are connections.
func (m *Metrics) WatchHub(h *live.Hub) {
	h.ObserveFlushes(func(d time.Duration) { m.flush.Observe(d.Seconds()) })
	m.registry.MustRegister(hubCollector{h})
}

// WatchLink has the link to the other servers told.
func (m *Metrics) WatchLink(l *remote.Link) { m.registry.MustRegister(linkCollector{l}) }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("muster_"+name, help, labels, nil)
}

var (
	connections = describe("connections", "Live connections, by audience; the empty one is being let in, or turned away.", "audience")
	rooms       = describe("rooms", "Sessions that this server has loaded because somebody looks at them.")
	joins       = describe("joins_total", "Connections that joined a session.")
	resumed     = describe("joins_resumed_total", "Those that came back and named the last event they had seen.")
	gaps        = describe("bus_gaps_total", "Deliveries of the bus before which something was missing still.")
	repairs     = describe("room_repairs_total", "Times that a room was brought up to the log.")
	stalled     = describe("writes_stalled_total", "Times that a line could not take all that was written, and was left behind to catch up. Lines over TLS and event streams are not counted.")
	closed      = describe("connections_closed_total", "Connections that ended, by close code: 4008 too slow, 4010 no sign of life.", "code")

	published = describe("bus_published_total", "Messages handed to the bus.")
	received  = describe("bus_received_total", "Messages of other servers.")
	dropped   = describe("bus_dropped_total", "Messages that could not be sent.")
	rejected  = describe("bus_rejected_total", "Messages that this version does not know.")
	nodes     = describe("bus_nodes", "Other servers that are alive.")
	away      = describe("bus_away", "1 if nothing comes back over the bus: screens lag by up to a second.")
	outages   = describe("bus_outages_total", "How often that was so.")
	trip      = describe("bus_roundtrip_seconds", "Time that the last message to ourselves took over the bus.")
)

type hubCollector struct{ hub *live.Hub }

// Describe implements prometheus.Collector.
func (hubCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{connections, rooms, joins, resumed, gaps, repairs, stalled, closed} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c hubCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.hub.Stats()
	for _, audience := range []live.Audience{"", live.AudienceBoard, live.AudienceDisplay, live.AudienceStudent} {
		ch <- gauge(connections, float64(s.Connections[audience]), string(audience))
	}
	ch <- gauge(rooms, float64(s.Rooms))
	for desc, n := range map[*prometheus.Desc]int64{joins: s.Joins, resumed: s.Resumed, gaps: s.Gaps, repairs: s.Repairs, stalled: s.Stalled} {
		ch <- counter(desc, n)
	}
	for code, n := range s.Closed {
		ch <- counter(closed, n, strconv.Itoa(int(code)))
	}
}

type linkCollector struct{ link *remote.Link }

// Describe implements prometheus.Collector.
func (linkCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{published, received, dropped, rejected, nodes, away, outages, trip} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c linkCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.link.Stats()
	for desc, n := range map[*prometheus.Desc]int64{published: s.Published, received: s.Received, dropped: s.Dropped, rejected: s.Rejected, outages: s.Outages} {
		ch <- counter(desc, n)
	}
	ch <- gauge(nodes, float64(s.Nodes))
	ch <- gauge(trip, s.RoundTrip.Seconds())
	lost := 0.0
	if s.Away {
		lost = 1
	}
	ch <- gauge(away, lost)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, n int64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}
