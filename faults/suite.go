package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// suite says what to try.
type suite struct {
	Seed    uint64 // all that is random follows from it
	Rounds  int    // how often each fault is tried
	Clients int    // about how many
	Only    string // names of faults, with commas; empty: all
	Short   bool   // faults last less long
	Muster  string // the program; empty: built from here
	Out     io.Writer
}

// Numbers of what there is besides clients.
const (
	nodeCount    = 3
	sessionCount = 4
	notStudents  = 3 // screens in each session
)

// figures is what one trial came to.
type figures struct {
	began                       time.Time
	acknowledged, lost, doubled int
}

// row is what all trials of one fault came to.
type row struct {
	name       string
	tried      int
	violations int
	figures
	lags
}

// run tries everything, prints what came of it, and reports whether all was well. Its
// error is that something could not be tried.
func (c *suite) run(ctx context.Context) (well bool, err error) {
	chosen, err := c.chosen()
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "muster-faults-") // which the user postgres can reach
	if err != nil {
		return false, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return false, err
	}
	defer func() {
		if well && err == nil {
			_ = os.RemoveAll(dir)
		} else {
			fmt.Fprintf(c.Out, "The logs are in %s\n", dir)
		}
	}()
	muster, err := c.program(ctx, dir)
	if err != nil {
		return false, err
	}
	began := time.Now()
	sys, err := startSystem(ctx, dir, muster, nodeCount)
	defer func() {
		if sys != nil {
			if stopErr := sys.Stop(); err == nil {
				err = stopErr
			}
		}
	}()
	if err != nil {
		return false, err
	}
	rows, err := c.tryAll(ctx, sys, chosen)
	fmt.Fprintf(c.Out, "\n%s\nseed %d, %d servers, %d clients, %v\n", table(rows), c.Seed, nodeCount, c.clients(), time.Since(began).Round(time.Second))
	for _, r := range rows {
		if r.violations > 0 {
			return false, err
		}
	}
	return err == nil, err
}

// chosen returns the faults to try.
func (c *suite) chosen() ([]fault, error) {
	if c.Only == "" {
		return faults, nil
	}
	var chosen []fault
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
				t.said("to try it again: go run ./faults -seed %d -rounds %d -clients %d -only %s%s", c.Seed, round+1, c.Clients, f.name, map[bool]string{true: " -short"}[c.Short])
			}
			if ctx.Err() != nil {
				return rows, ctx.Err()
			}
		}
	}
	return rows, nil
}

// newTrial makes the trial of a fault. Its random numbers depend on the seed, the
// fault and the round alone, so that it can be tried again without the others.
func (c *suite) newTrial(sys *system, f fault, round int) *trial {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", f.name, round)
	return &trial{
		system: sys, fault: f, random: rand.New(rand.NewPCG(c.Seed, h.Sum64())), short: c.Short, accused: make(map[*screen]bool),
		figures: figures{began: time.Now()},
		said: func(format string, args ...any) {
			fmt.Fprintf(c.Out, "%s %d: %s\n", f.name, round+1, fmt.Sprintf(format, args...))
		},
	}
}

func (r *row) add(t *trial) {
	r.tried++
	r.violations += len(t.violations)
	r.acknowledged += t.acknowledged
	r.lost += t.lost
	r.doubled += t.doubled
	r.during, r.after, r.presence = max(r.during, t.lags.during), max(r.after, t.lags.after), max(r.presence, t.lags.presence)
}

// table is the rows for people to read.
func table(rows []row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\ttried\tacknowledged\tlost\tdoubled\tstale during\tstale after\tpresence wrong after\tviolations\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.2f s\t%.2f s\t%.1f s\t%d\t\n", r.name, r.tried, r.acknowledged, r.lost, r.doubled,
			r.during.Seconds(), r.after.Seconds(), r.presence.Seconds(), r.violations)
	}
	_ = w.Flush() // to a Builder
	return b.String()
}
