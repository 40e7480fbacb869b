package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/store/sqlite"
)

// benchCmd is `muster bench`.
type benchCmd struct {
	URL        []string      `help:"Server to measure; more than once to spread the connections over several. Without it, one is started with a data directory of its own." placeholder:"URL"`
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
		s, made, err := c.startServer(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		ids, c.URL, c.Pid = made, []string{s.url}, []int{s.cmd.Process.Pid}
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

// ownServer is a server that runs for one load test, in a process of its own so that
// its CPU time and memory can be told from the load generator's.
type ownServer struct {
	url string
	dir string
	cmd *exec.Cmd
}

// startServer makes the sessions in a directory of its own and starts a server on it.
func (c *benchCmd) startServer(ctx context.Context) (_ *ownServer, ids bench.Identities, err error) {
	s := &ownServer{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "muster-bench-"); err != nil {
		return nil, ids, err
	}
	if ids, err = makeIdentities(ctx, s.dir, c.Students, c.Sessions*c.Runs); err != nil {
		return nil, ids, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, ids, err
	}
	cmd := exec.Command(program, "serve", "--data", s.dir, "--listen", "127.0.0.1:0") //nolint:noctx // it is stopped by stop, with time to say goodbye
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, ids, err
	}
	if err := cmd.Start(); err != nil {
		return nil, ids, err
	}
	s.cmd = cmd
	first, err := bufio.NewReader(out).ReadString('\n')
	if i := strings.Index(first, "http://"); err == nil && i >= 0 {
		s.url = strings.TrimSpace(first[i:])
		return s, ids, nil
	}
	return nil, ids, fmt.Errorf("the server did not say where it is, but %q", first)
}

func makeIdentities(ctx context.Context, dir string, students, sessions int) (ids bench.Identities, err error) {
	store, err := sqlite.Open(ctx, dir)
	if err != nil {
		return ids, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return loadSessions(ctx, store, students, sessions)
}

// stop ends the server and removes what it kept.
func (s *ownServer) stop() error {
	var errs []error
	if s.cmd != nil {
		errs = append(errs, s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
