package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/rig"
)

// benchCmd is `muster bench`.
type benchCmd struct {
	URL        []string      `help:"Server to measure; more than once to spread the connections over several. Without it, one is started with a data directory of its own." placeholder:"URL"`
	Nodes      int           `help:"Without --url: start so many servers, on a PostgreSQL and a Redis of their own, instead of one on SQLite." placeholder:"N"`
	KillAfter  time.Duration `help:"With --nodes: kill -9 the first of them so long after the first check-in, and measure how its clients come back through the others." placeholder:"TIME"`
	Identities string        `help:"What muster load-session printed for that server: as many sessions as --sessions times --runs." type:"existingfile" placeholder:"FILE"`
	Students   int           `help:"Students in each session." short:"n" aliases:"connections" default:"300"`
	Sessions   int           `help:"Sessions at the same time." default:"1"`
	Scenario   string        `help:"How check-ins come: ${enum}." enum:"steady,burst,storm,idle" default:"steady"`
	Rate       float64       `help:"Check-ins a second over all sessions (steady; burst: on average)." default:"50"`
	Duration   time.Duration `help:"How long check-ins come (steady, burst), or all wait (idle). Students check in once, so there may be too few for it." default:"20s"`
	Runs       int           `help:"How often to measure." default:"1"`
	JSON       bool          `help:"Print JSON instead of tables."`
	Pid        []int         `help:"Process of the server, if it runs on this machine, to measure its CPU time and memory; more than once for several." placeholder:"PID"`
}

// Validate is called by kong.
func (c *benchCmd) Validate() error {
	switch {
	case c.Students < 2 || c.Sessions < 1 || c.Runs < 1:
		return errors.New("there must be at least 2 students, 1 session and 1 run")
	case (len(c.URL) > 0) != (c.Identities != ""):
		return errors.New("--url and --identities go together: the server has to know who connects")
	case c.Nodes != 0 && (c.Nodes < 1 || c.Nodes > 16 || len(c.URL) > 0):
		return errors.New("--nodes must be 1 to 16, and is for servers that are started here, without --url")
	case c.KillAfter != 0 && (c.KillAfter < 0 || c.Nodes < 2 || c.Runs > 1):
		return errors.New("--kill-after needs --nodes of at least 2, of which one is killed, and a single run")
	}
	return c.load().Validate()
}

func (c *benchCmd) load() bench.Load {
	return bench.Load{Scenario: bench.Scenario(c.Scenario), Rate: c.Rate, Duration: c.Duration}
}

// Run measures and prints.
func (c *benchCmd) Run(ctx context.Context, stdout io.Writer, log *slog.Logger) (err error) {
	ids, err := c.identities()
	if err != nil {
		return err
	}
	if len(c.URL) == 0 {
		var own rig.Rig
		defer func() { err = errors.Join(err, own.Stop()) }()
		if ids, err = c.startServers(ctx, &own); err != nil {
			return err
		}
	}
	if need := c.Sessions * c.Runs; len(ids.Sessions) < need {
		return fmt.Errorf("%s has %d sessions, and %d are needed: a student checks in once, so each run takes %d new ones", c.Identities, len(ids.Sessions), need, c.Sessions)
	}
	report := bench.Report{
		Version: version(), Go: runtime.Version(), Machine: bench.ThisMachine(),
		Settings: bench.Settings{Scenario: bench.Scenario(c.Scenario), URLs: c.URL, Sessions: c.Sessions, Students: c.Students, Rate: c.Rate, Seconds: c.Duration.Seconds()},
	}
	for i := range c.Runs {
		run := bench.Run{URLs: c.URL, Sessions: ids.Sessions[i*c.Sessions : (i+1)*c.Sessions], Load: c.load(), Pids: c.Pid}
		if c.KillAfter > 0 {
			run.Crash, run.Pids = &bench.Crash{Pid: c.Pid[0], After: c.KillAfter}, c.Pid[1:]
		}
		for j, s := range run.Sessions {
			if len(s.Students) < c.Students {
				return fmt.Errorf("%s: session %d has %d students, and %d are needed", c.Identities, s.ID, len(s.Students), c.Students)
			}
			run.Sessions[j].Students = s.Students[:c.Students]
		}
		result, err := run.Do(ctx)
		if err != nil {
			return err
		}
		report.Runs = append(report.Runs, result)
		if !c.JSON {
			if err := result.WriteTable(stdout, c.title(i)); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	return nil
}

func (c *benchCmd) title(run int) string {
	title := fmt.Sprintf("%s: %d sessions of %d students and a board", c.Scenario, c.Sessions, c.Students)
	if c.Nodes > 0 {
		title += fmt.Sprintf(", on %d nodes with PostgreSQL and Redis", c.Nodes)
	}
	if c.Scenario == string(bench.Steady) || c.Scenario == string(bench.Burst) {
		title += fmt.Sprintf(", %g check-ins a second", c.Rate)
	}
	if c.Runs > 1 {
		title += fmt.Sprintf(" (run %d of %d)", run+1, c.Runs)
	}
	return title
}

// identities reads the file, if there is one.
func (c *benchCmd) identities() (ids bench.Identities, err error) {
	if c.Identities == "" {
		return ids, nil
	}
	f, err := os.Open(c.Identities)
	if err != nil {
		return ids, err
	}
	defer f.Close()
	return bench.ReadIdentities(f)
}

// startServers makes the sessions in a database that is gone afterwards, and starts
// the servers on it, in processes of their own so that their CPU time and memory can
// be told from the load generator's.
func (c *benchCmd) startServers(ctx context.Context, own *rig.Rig) (ids bench.Identities, err error) {
	dir, err := os.MkdirTemp("", "muster-bench-")
	if err != nil {
		return ids, err
	}
	own.Add(func() error { return os.RemoveAll(dir) })
	at := database{Data: filepath.Join(dir, "data")}
	args := []string{"--data", at.Data}
	if c.Nodes > 0 {
		if at, args, err = startServices(ctx, own, dir); err != nil {
			return ids, err
		}
	}
	if ids, err = makeIdentities(ctx, at, c.Students, c.Sessions*c.Runs); err != nil {
		return ids, err
	}
	program, err := os.Executable()
	if err != nil {
		return ids, err
	}
	for i := range max(1, c.Nodes) {
		n, err := rig.StartNode(ctx, program, filepath.Join(dir, fmt.Sprintf("node%d.log", i+1)), args...)
		if err != nil {
			return ids, err
		}
		own.Add(func() error {
			if c.KillAfter > 0 && i == 0 {
				return nil // as was meant to happen
			}
			return n.Stop()
		})
		c.URL, c.Pid = append(c.URL, n.URL), append(c.Pid, n.Pid())
	}
	return ids, nil
}

// startServices starts PostgreSQL and Redis in a directory, and returns where they
// are, for us and as flags of `muster serve`.
func startServices(ctx context.Context, own *rig.Rig, dir string) (at database, args []string, err error) {
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL's user has to get through
		return at, nil, err
	}
	pg, err := rig.StartPostgres(ctx, filepath.Join(dir, "postgres"))
	if err != nil {
		return at, nil, err
	}
	own.Add(pg.Stop)
	redis, err := rig.StartRedis(ctx, filepath.Join(dir, "redis"))
	if err != nil {
		return at, nil, err
	}
	own.Add(redis.Stop)
	return database{Database: pg.URL}, []string{"--database", pg.URL, "--redis", redis.URL}, nil
}

func makeIdentities(ctx context.Context, at database, students, sessions int) (ids bench.Identities, err error) {
	store, err := at.open(ctx)
	if err != nil {
		return ids, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return loadSessions(ctx, store, students, sessions, 0)
}
