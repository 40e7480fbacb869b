// Peers measures muster beside other ways to do its live part: N connections in a
// room, and what one of them sends goes to all. All are driven by the same load
// generator, in turn, on the same machine. Of these, muster alone knows who is
// connected, decides, and syncs each check-in to disk before any screen shows it; the
// others number what they are sent and pass it on.
//
// It keeps what it found as lines of JSON, and writes tables and plots of them.
// `make bench-peers` runs it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/rig"
)

// scenario is a piece of work.
type scenario struct {
	name     string
	rooms    int
	students int // in each
	nodes    int
	load     bench.Load
	comeBack bool // all are at one server, which is killed, and go to the other
	alone    bool // muster alone is measured
}

// most is how many connections one process makes, or has, at the most: nearly as many as
// files that it may open on the machine that the document's figures are of.
const most = 19_000

// who reports whether a peer is measured in a scenario.
func (s scenario) who(p peer) bool {
	if s.alone {
		return p.name == "muster"
	}
	if (s.comeBack || s.students > most) && p.most == 1 {
		return false
	}
	return s.load.Scenario == bench.Idle || s.students <= p.students
}

func steady(d time.Duration, rate float64) bench.Load {
	return bench.Load{Scenario: bench.Steady, Rate: rate, Duration: d}
}

// growing is a scenario in which so many updates arrive each second, however many
// connections they are for.
func growing(name string, rooms, students, nodes int) scenario {
	const updates = 15_000
	return scenario{name: name, rooms: rooms, students: students, nodes: nodes, load: steady(8*time.Second, updates/float64(students)), alone: true}
}

// scenarios are measured with two processes that share a Redis, if they do not say how
// many.
var scenarios = []scenario{
	{"steady 300", 1, 300, 2, steady(6*time.Second, 50), false, false},
	{"steady 1,000", 1, 1000, 2, steady(5*time.Second, 50), false, false},
	{"steady 3,000", 1, 3000, 2, steady(4*time.Second, 50), false, false},
	{"steady 5,000", 1, 5000, 2, steady(4*time.Second, 50), false, false},
	{"burst 300", 1, 300, 2, bench.Load{Scenario: bench.Burst, Rate: 50, Duration: 6 * time.Second}, false, false},
	{"storm 300", 1, 300, 2, bench.Load{Scenario: bench.Storm, Duration: time.Second}, false, false},
	{"8 rooms of 300", 8, 300, 2, steady(4*time.Second, 160), false, false},
	{"30 rooms of 300", 30, 300, 2, steady(4*time.Second, 160), false, false},
	{"idle 5,000", 1, 5000, 2, bench.Load{Scenario: bench.Idle, Duration: 4 * time.Second}, false, false},
	{"idle 20,000", 1, 20000, 2, bench.Load{Scenario: bench.Idle, Duration: 4 * time.Second}, false, false},
	{"return of 5,000", 1, 5000, 2, bench.Load{Scenario: bench.Idle, Duration: 4 * time.Second}, true, false},
	growing("300 in a room", 1, 300, 2),
	growing("1,000 in a room", 1, 1000, 2),
	growing("3,000 in a room", 1, 3000, 2),
	growing("9,000 in a room", 1, 9000, 2),
	growing("20,000 in a room", 1, 20000, 2),
	growing("10 rooms of 300", 10, 300, 2),
	growing("60 rooms of 300", 60, 300, 2),
	growing("3,000 in a room, 1 process", 1, 3000, 1),
	growing("3,000 in a room, 4 processes", 1, 3000, 4),
}

// serving is what a server written in Go is told.
type serving struct {
	listen string
	redis  string // address of the one that links several; "": there is one process
	node   int
}

// warmUp is how long servers have, after they have said that they are ready, before
// anybody connects: some start other work of theirs then.
const warmUp = time.Second

// found is one measurement.
type found struct {
	Peer     string       `json:"peer"`
	Scenario string       `json:"scenario"`
	At       time.Time    `json:"at"`
	Result   bench.Result `json:"result"`
}

func main() {
	serve := flag.String("serve", "", "be this server, one of those written in Go, at -listen")
	apart := flag.Bool("apart", false, "be the second process of the load generator")
	var s serving
	flag.StringVar(&s.listen, "listen", "", "address for -serve")
	flag.StringVar(&s.redis, "redis", "", "address of the Redis for -serve that links several processes")
	flag.IntVar(&s.node, "node", 0, "number of the process for -serve")
	muster := flag.String("muster", "../../bin/muster", "the program muster")
	python := flag.String("python", "/usr/bin/python3", "a Python that has FastAPI")
	only := flag.String("only", "", "measure these peers alone, separated by |")
	work := flag.String("scenarios", "", "measure these scenarios alone, separated by |")
	runs := flag.Int("runs", 5, "how often to measure each, in turn; the medians count")
	results := flag.String("results", "results.jsonl", "file to add what is found to")
	document := flag.String("document", "../../docs/performance.md", "document to put the tables of all results into")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *serve != "":
		err = servers[*serve](s)
	case *apart:
		err = bench.Listen(ctx, os.Stdin, os.Stdout)
	default:
		all := peers(*muster, *python)
		if err = measureAll(ctx, all, chosen(*only), chosen(*work), *runs, *results); err == nil {
			err = write(*document, *results, all)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// chosen reports which names are in a list; in an empty one, all are.
func chosen(list string) func(string) bool {
	names := strings.Split(list, "|")
	return func(name string) bool { return list == "" || slices.Contains(names, name) }
}

// measureAll measures everything in turn, so that what changes on the machine meanwhile
// changes for all, and adds each result to a file as soon as it is there.
func measureAll(ctx context.Context, all []peer, who, what func(string) bool, runs int, file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	out := json.NewEncoder(f)
	for run := range runs {
		for _, s := range scenarios {
			for _, p := range all {
				if !who(p.name) || !what(s.name) || !s.who(p) {
					continue
				}
				own := s
				own.nodes = min(s.nodes, p.most)
				r, err := measure(ctx, p, own)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", p.name, s.name, err)
				}
				if err := out.Encode(found{p.name, s.name, time.Now().UTC(), r}); err != nil {
					return err
				}
				fmt.Fprintf(os.Stderr, "%d of %d: %-16s %-15s p99 %.1f ms, %.1f µs of CPU for each update\n", run+1, runs, s.name, p.name, r.Sync.P99, r.Server.CPUPerDelivery)
			}
		}
	}
	return f.Close()
}

// halve leaves half of the students in sessions, and returns the others.
func halve(sessions []bench.Session) *bench.Apart {
	a := &bench.Apart{Command: exec.Command(os.Args[0], "-apart"), Sessions: slices.Clone(sessions)}
	a.Command.Stderr = os.Stderr
	for i, s := range sessions {
		half := len(s.Students) / 2
		sessions[i].Students = s.Students[:half]
		a.Sessions[i].Students, a.Sessions[i].Board = s.Students[half:], ""
	}
	return a
}

// measure starts what the scenario needs, and measures once.
func measure(ctx context.Context, p peer, s scenario) (r bench.Result, err error) {
	dir, err := os.MkdirTemp("", "muster-peers-")
	if err != nil {
		return r, err
	}
	own := new(rig.Rig)
	own.Add(func() error { return os.RemoveAll(dir) })
	defer func() { err = errors.Join(err, own.Stop()) }()
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL's user has to get through
		return r, err
	}
	redis := ""
	if s.nodes > 1 {
		server, err := rig.StartRedis(ctx, filepath.Join(dir, "redis"))
		if err != nil {
			return r, err
		}
		own.Add(server.Stop)
		redis = server.Addr
	}
	command, sessions, err := p.prepare(ctx, own, dir, redis, s)
	if err != nil {
		return r, err
	}
	run := bench.Run{Sessions: sessions, Load: s.load, Dialect: p.dialect}
	if s.students > most {
		run.Apart = halve(sessions)
	}
	for i := range s.nodes {
		n, err := rig.StartServer(ctx, filepath.Join(dir, fmt.Sprintf("node%d.log", i+1)), func(addr string) *exec.Cmd { return command(addr, i) })
		if err != nil {
			return r, err
		}
		if s.comeBack && i == 0 {
			own.Add(func() error { n.Kill(); return nil })
			run.Crash = &bench.Crash{Pid: n.Pid(), After: time.Second, All: true}
		} else {
			own.Add(n.Stop)
			run.Pids = append(run.Pids, n.Pid())
		}
		run.URLs = append(run.URLs, n.URL)
	}
	unix.Sync() // what preparing has left to be written would hold up what is synced meanwhile
	select {
	case <-time.After(warmUp):
	case <-ctx.Done():
		return r, ctx.Err()
	}
	return run.Do(ctx)
}
