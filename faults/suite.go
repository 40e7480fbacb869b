package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// suite says what to try.
type suite struct {
	Seed    uint64 // all that is random follows from it
	Rounds  int    // how often each fault is tried
	Clients int    // about how many
	Only    string // names of faults, with commas; empty: all
	Short   bool   // faults last less long
	// Slack is added to what muster promises to be done in: for a machine that is slow, or
	// busy with something else.
	Slack   time.Duration
	NoRedis bool   // servers tell each other what happens through PostgreSQL
	Muster  string // the program; empty: built from here
	Out     io.Writer
}

// Numbers of what there is besides clients.
const (
	nodeCount    = 3
	sessionCount = 4
	notStudents  = 3 // screens in each session
)

// run tries everything, prints what came of it, and reports whether all was well. Its
// error is that something could not be tried.
func (c *suite) run(ctx context.Context) (well bool, err error) {
	chosen, err := c.chosen()
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "muster-faults-")
	if err != nil {
		return false, err
	}
	defer func() {
		if well && err == nil {
			_ = os.RemoveAll(dir)
		} else {
			fmt.Fprintf(c.Out, "The logs are in %s\n", dir)
		}
	}()
	if err := os.Chmod(dir, 0o755); err != nil { // for PostgreSQL, which may run as another user
		return false, err
	}
	muster, err := c.program(ctx, dir)
	if err != nil {
		return false, err
	}
	began := time.Now()
	sys, err := startSystem(ctx, dir, muster, nodeCount, !c.NoRedis)
	defer func() { err = errors.Join(err, sys.Stop()) }()
	if err != nil {
		return false, err
	}
	rows, err := c.tryAll(ctx, sys, chosen)
	fmt.Fprintf(c.Out, "\n%s\nseed %d, %d servers, %d clients, %v\n", table(rows), c.Seed, nodeCount, c.clients(), time.Since(began).Round(time.Second))
	return !slices.ContainsFunc(rows, func(r row) bool { return r.violations > 0 }), err
}

// chosen returns the faults to try.
func (c *suite) chosen() ([]fault, error) {
	var chosen []fault
	if c.Only == "" {
		for _, f := range faults {
			if !f.redis || !c.NoRedis {
				chosen = append(chosen, f)
			}
		}
		return chosen, nil
	}
	for name := range strings.SplitSeq(c.Only, ",") {
		i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
		if i < 0 {
			var names []string
			for _, f := range faults {
				names = append(names, f.name)
			}
			return nil, fmt.Errorf("-only %s: there is no such fault; there are %s", name, strings.Join(names, ", "))
		}
		chosen = append(chosen, faults[i])
	}
	return chosen, nil
}

// program returns the path of muster, built if need be.
func (c *suite) program(ctx context.Context, dir string) (string, error) {
	if c.Muster != "" {
		return filepath.Abs(c.Muster)
	}
	path := filepath.Join(dir, "muster")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/muster-live/muster/cmd/muster")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build muster: %w: %s", err, out)
	}
	return path, nil
}

func (c *suite) students() int { return max(1, (c.Clients/sessionCount-notStudents)*10/11) } // every tenth has two phones

func (c *suite) clients() int {
	n := c.students()
	return sessionCount * (notStudents + n + (n+9)/10)
}

func (c *suite) tryAll(ctx context.Context, sys *system, chosen []fault) ([]row, error) {
	rows := make([]row, len(chosen))
	for round := range c.Rounds {
		for i, f := range chosen {
			t := c.newTrial(sys, f, round)
			rows[i].name = f.name
			if err := t.run(ctx, sessionCount, c.students()); err != nil {
				return rows, fmt.Errorf("%s, round %d: %w", f.name, round+1, err)
			}
			rows[i].add(t)
			t.said("%d acknowledged, %v", t.acknowledged, time.Since(t.began).Round(100*time.Millisecond))
			if len(t.violations) > 0 {
				if err := t.keepDiaries(filepath.Join(sys.dir, fmt.Sprintf("%s-%d.txt", f.name, round+1))); err != nil {
					return rows, err
				}
				t.said("to try it again: %s", c.command(f, round))
			}
			if ctx.Err() != nil {
				return rows, ctx.Err()
			}
		}
	}
	return rows, nil
}

// command tries a fault again, as far as it is random.
func (c *suite) command(f fault, round int) string {
	s := fmt.Sprintf("go run ./faults -seed %d -rounds %d -clients %d -only %s", c.Seed, round+1, c.Clients, f.name)
	if c.Short {
		s += " -short"
	}
	if c.NoRedis {
		s += " -no-redis"
	}
	return s
}

// newTrial makes the trial of a fault. Its random numbers depend on the seed, the
// fault and the round alone, so that it can be tried again without the others.
func (c *suite) newTrial(sys *system, f fault, round int) *trial {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", f.name, round)
	return &trial{
		system: sys, fault: f, random: rand.New(rand.NewPCG(c.Seed, h.Sum64())), short: c.Short, slack: c.Slack, accused: make(map[*screen]bool),
		figures: figures{began: time.Now()},
		said: func(format string, args ...any) {
			fmt.Fprintf(c.Out, "%s %d: %s\n", f.name, round+1, fmt.Sprintf(format, args...))
		},
	}
}
