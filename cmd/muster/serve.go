package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/cluster/remote"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/metrics"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/server"
	"github.com/muster-live/muster/store/postgres"
	"github.com/muster-live/muster/web"
)

// serveCmd is `muster serve`.
type serveCmd struct {
	database
	linked
	Listen           string        `help:"Address to listen on." default:"127.0.0.1:8080" env:"MUSTER_LISTEN"`
	PublicURL        string        `help:"Where people reach the server, such as https://muster.example.edu. Without it, links say what the browser said." env:"MUSTER_PUBLIC_URL"`
	TrustedProxies   []string      `help:"Addresses or networks of the reverse proxies before the server, such as 10.0.0.0/8. Theirs alone are believed when they say X-Forwarded-For and X-Forwarded-Proto." env:"MUSTER_TRUSTED_PROXIES" placeholder:"NETWORK"`
	Metrics          string        `help:"Address to tell metrics at, for Prometheus, as /metrics; such as 127.0.0.1:9090. Without it, there are none." env:"MUSTER_METRICS" placeholder:"ADDRESS"`
	DrainWait        time.Duration `help:"How long to go on after being told to stop, while /readyz says no, so that load balancers notice before connections end." env:"MUSTER_DRAIN_WAIT"`
	PrivateCalendars bool          `help:"Fetch calendars from addresses in private networks as well; whoever may subscribe to one can then find out what is there." env:"MUSTER_PRIVATE_CALENDARS"`
	Ahead            time.Duration `help:"Run by a clock that is ahead of the machine's by so much: to try a term out in minutes." hidden:"" env:"MUSTER_AHEAD"`
	TLSCert          string        `help:"Certificate chain (PEM), to speak HTTPS without a proxy." type:"existingfile" env:"MUSTER_TLS_CERT"`
	TLSKey           string        `help:"Key of the certificate (PEM)." type:"existingfile" env:"MUSTER_TLS_KEY"`
}

// clock is what the server takes the time from.
func (c *serveCmd) clock() func() time.Time {
	if c.Ahead == 0 {
		return time.Now
	}
	return func() time.Time { return time.Now().Add(c.Ahead) }
}

// Run serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context, stdout io.Writer, log *slog.Logger) error {
	n, err := startNode(ctx, c, log)
	if err != nil {
		return err
	}
	// Being told to stop at this moment is no failure.
	link, ok, err := n.Accounts.InviteAdmin(context.WithoutCancel(ctx))
	if err != nil {
		return errors.Join(err, n.Close())
	}
	fmt.Fprintf(stdout, "muster is at %s\n", n.URL)
	if ok {
		fmt.Fprintf(stdout, "Nobody administers this installation yet. Open this link once, and choose a password:\n  %s/join/%s\n", n.URL, link)
	}
	select {
	case <-ctx.Done():
		n.server.Drain()
		log.Info("stopping", "connections", n.hub.Connections(), "wait", c.DrainWait)
		time.Sleep(c.DrainWait) // a second signal ends the program at once
	case err = <-n.failed:
	}
	return errors.Join(err, n.closeInTime())
}

// node is a running server with all its parts.
type node struct {
	URL      string // where it can be reached
	Store    store
	Accounts *identity.Accounts
	Recorder *recorder.Recorder

	now     func() time.Time
	hub     *live.Hub
	jobs    *worker
	plans   *planning
	link    *remote.Link // to the other processes; nil on SQLite
	server  *server.Server
	http    *http.Server
	metrics *http.Server // nil: nobody wants any
	failed  chan error   // has room for one: the server stopped by itself
}

// Limits of stopping.
const (
	stopLimit = 10 * time.Second // for requests under way
	exitLimit = 30 * time.Second // for everything, a database that does not answer included
)

// startNode puts the parts together and listens. The caller closes the node.
func startNode(ctx context.Context, c *serveCmd, log *slog.Logger) (_ *node, err error) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	proxies, err := server.ParseProxies(c.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("--trusted-proxies: %w", err)
	}
	n := &node{now: c.clock(), failed: make(chan error, 1)}
	if n.Store, err = c.open(ctx); err != nil {
		return nil, err
	}
	if n.link, err = c.dial(ctx, c.database, n.Store, log); err != nil {
		return nil, errors.Join(err, n.Store.Close())
	}
	join := new(local.Network).Join
	if n.link != nil {
		join = n.link.Join
	}
	n.hub = live.NewHub(n.Store, join, n.now, log)
	if db, ok := n.Store.(*postgres.Store); ok {
		db.GuessBy(n.hub)
	}
	n.Recorder = recorder.New(n.Store, n.hub, n.now)
	told := metrics.New()
	told.WatchHub(n.hub)
	told.WatchRecorder(n.Recorder)
	if n.link != nil {
		told.WatchLink(n.link)
	}
	told.WatchJobs(n.Store)
	n.plans = newPlanning(n, c.PrivateCalendars, log)
	n.jobs = newWorker(n, told.JobEnded, log)
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if n.Accounts, err = identity.New(ctx, n.Store, n.now, n.hub.Disconnect); err != nil {
		return nil, err
	}
	ticketKey, err := n.Store.Secret(ctx, "ticket")
	if err != nil {
		return nil, err
	}
	installation, err := installationOf(ctx, n.Store)
	if err != nil {
		return nil, err
	}
	assets, err := frontEnd()
	if err != nil {
		return nil, err
	}
	n.server, err = server.New(
		server.Config{PublicURL: c.PublicURL, Proxies: proxies, Refused: told.Refused, Assets: assets, Clock: n.now, Log: log},
		server.Parts{
			Accounts: n.Accounts, Roles: n.Store, Roster: n.Store, Reports: n.Store, Commands: n.Store, Changes: n.Store, Excuses: n.Store, Grids: n.Store, Statuses: n.Store, Audit: n.Store, Answers: n.Store, Calendars: n.Store, Institutions: n.Store, Installation: installation,
			Recorder: n.Recorder, Hub: n.hub, Tickets: attendance.Tickets{Key: ticketKey},
			Jobs: n.Store, Runner: n.jobs.Runner,
			Planner: n.plans.Planner, Fetcher: n.plans.fetcher, Scheduler: n.plans.scheduler,
		})
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	if n.metrics, err = serveMetrics(ctx, c.Metrics, told.Handler()); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	n.URL = c.url(listener.Addr())
	n.http = n.server.HTTPServer()
	if db, ok := n.Store.(*postgres.Store); ok {
		go watchClock(ctx, db, log)
	}
	n.jobs.start(ctx)
	n.plans.start(ctx)
	go func() {
		serve := func() error { return n.http.Serve(n.server.Front(listener)) }
		if c.TLSCert != "" {
			serve = func() error { return n.http.ServeTLS(live.BelowTLS(listener), c.TLSCert, c.TLSKey) }
		}
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			n.failed <- err
		}
	}()
	return n, nil
}

// watchClock says each minute if the clocks have come apart since the start, until
// ctx ends.
func watchClock(ctx context.Context, db *postgres.Store, log *slog.Logger) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if skew, err := db.Skew(ctx); err == nil { // else others say that the database is away
			if err := postgres.CheckSkew(skew); err != nil {
				log.ErrorContext(ctx, "codes may be refused", "err", err)
			}
		}
	}
}

// serveMetrics listens at an address for those who ask for /metrics. It returns nil if
// there is no address. It is a listener of its own, since metrics are not for
// everybody who can reach the server.
func serveMetrics(ctx context.Context, address string, handler http.Handler) (*http.Server, error) {
	if address == "" {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s for --metrics: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", handler)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.Serve(listener) }() // until Close
	return s, nil
}

func frontEnd() (fs.FS, error) { return web.Files() }

func (c *serveCmd) url(at net.Addr) string {
	switch {
	case c.PublicURL != "":
		return c.PublicURL
	case c.TLSCert != "":
		return "https://" + at.String()
	}
	return "http://" + at.String()
}

// closeInTime closes the node, or gives up. What was not committed by then was not
// acknowledged either.
func (n *node) closeInTime() error {
	closed := make(chan error, 1)
	go func() { closed <- n.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(exitLimit):
		return fmt.Errorf("not everything could be finished within %v of being told to stop", exitLimit)
	}
}

// Close stops the node: no new connections, goodbye to those there are, then what is
// under way is finished.
func (n *node) Close() error {
	var errs []error
	if n.http != nil {
		n.http.SetKeepAlivesEnabled(false)
	}
	n.hub.Close()
	if n.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
		defer cancel()
		errs = append(errs, n.http.Shutdown(ctx))
	}
	n.jobs.stop()
	n.plans.stop()
	n.Recorder.Close()
	if n.metrics != nil {
		errs = append(errs, n.metrics.Close())
	}
	return errors.Join(append(errs, n.Store.Close())...)
}
