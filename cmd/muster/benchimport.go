package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/demo"
	"github.com/muster-live/muster/rig"
)

// benchImportCmd is `muster bench-import`.
type benchImportCmd struct {
	People     int    `help:"People of the district that is imported." default:"100000"`
	Enrolments int    `help:"Enrolments of the district that is imported." default:"1000000"`
	Store      string `help:"What it is imported into: ${enum}." enum:"sqlite,postgres" default:"sqlite"`
	Keep       string `help:"Only write the OneRoster bundle to this file." placeholder:"FILE"`
}

// Run has this program import a district, each time in a process of its own, and
// prints what that took.
func (c *benchImportCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	if c.Keep != "" {
		return c.writeBundle(c.Keep)
	}
	dir, err := os.MkdirTemp("", "muster-bench-import-")
	if err != nil {
		return err
	}
	var own rig.Rig
	defer func() { err = errors.Join(err, own.Stop(), os.RemoveAll(dir)) }()
	zip := filepath.Join(dir, "district.zip")
	if err := c.writeBundle(zip); err != nil {
		return err
	}
	into := []string{"--data", filepath.Join(dir, "data")}
	if c.Store == "postgres" {
		if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL's user has to get through
			return err
		}
		pg, err := rig.StartPostgres(ctx, filepath.Join(dir, "postgres"))
		if err != nil {
			return err
		}
		own.Add(pg.Stop)
		into = []string{"--database", pg.URL}
	}
	fmt.Fprintf(stdout, "%d people and %d enrolments, %s\n\n", c.People, c.Enrolments, c.Store)
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\ttook\tCPU time\tpeak memory\t")
	for _, what := range []string{"import", "the same again"} {
		u, err := importIn(ctx, append([]string{"import", zip, "--apply"}, into...))
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%s\t%.1f s\t%.1f s\t%d MB\t\n", what, u.wall.Seconds(), u.cpu.Seconds(), u.memory>>20)
	}
	return t.Flush()
}

func (c *benchImportCmd) writeBundle(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return demo.WriteDistrict(f, c.People, c.Enrolments)
}

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	memory    int64 // bytes that were resident at the most
}

// importIn runs this program with arguments in a process of its own.
func importIn(ctx context.Context, args []string) (u usage, err error) {
	program, err := os.Executable()
	if err != nil {
		return u, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return u, fmt.Errorf("%w: %s", err, said.Bytes()[max(0, said.Len()-2000):])
	}
	u.wall, u.cpu = time.Since(begin), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.memory = int64(r.Maxrss) << 10 // Linux counts in kB
	}
	return u, nil
}
