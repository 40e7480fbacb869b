package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

// importCmd is `muster import`.
type importCmd struct {
	Paths []string `arg:"" name:"path" help:"A OneRoster bundle or a district in Clever's format (folder, zip or its CSV files), or one plain list (CSV or XLSX)." type:"path"`
	database
	linked

	Format       string            `help:"oneroster, clever or csv, a plain list. Without it, names and headings tell." enum:",oneroster,clever,csv" default:""`
	Course       string            `help:"For a plain list: the code of the course that its people are in. It is made if it is new."`
	Map          map[string]string `help:"For a plain list: which column holds which of ref, given, family, name, email, username and role, such as --map ref=Matrikel. Without it, as with such a list before, or else the headings tell." mapsep:"none"`
	Sheet        string            `help:"For a plain list that is a workbook: the name of the sheet. Without it, the first." placeholder:"NAME"`
	Days         string            `help:"What 9/1/2026 is taken for where no day of a file tells: mdy or dmy." enum:",mdy,dmy" default:""`
	Apply        bool              `help:"Do it. Without this, nothing is changed and what would be is shown."`
	AllowRejects bool              `help:"Import the other rows if some are rejected."`
	Rejects      string            `help:"Write the rows that are rejected to this file, in the format that they came in, with the reason in the last column: ready to be mended and imported." placeholder:"FILE" type:"path"`
	AllRows      string            `help:"Write every row of the preview to this CSV file." placeholder:"FILE" type:"path"`
	JSON         bool              `help:"Print the outcome as JSON, as the REST API gives it."`
}

// importMemory is what an import keeps to unless the environment says otherwise. A
// million enrolments need half a gigabyte with it, and would take more without, only
// because there is more.
const importMemory = 400 << 20

// errRejects makes the exit code say that rows are rejected.
var errRejects = errors.New("some rows are rejected")

// Run imports, or shows what an import would do.
func (c *importCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(importMemory)
	}
	meter := progress.New(time.Now)
	ctx = progress.With(ctx, meter)
	done := showProgress(os.Stderr, meter)
	defer done()
	if c.AllRows != "" && c.Apply {
		return errors.New("--all-rows is for the preview; leave --apply out")
	}
	files, o, err := c.files()
	if err != nil {
		return readable(err)
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	importer := roster.NewImporter(store, time.Now, nil) // a server that runs looks by itself
	if o, err = importer.Remembered(ctx, files, o); err != nil {
		return readable(err)
	}
	o.Meter = meter
	bundle, err := roster.Read(files, o)
	if err != nil {
		return readable(err)
	}
	preview := importer.Preview
	switch {
	case c.AllRows != "":
		preview = func(ctx context.Context, b *roster.Bundle) (cs *roster.ChangeSet, err error) {
			err = writeFile(c.AllRows, stdout, func(w io.Writer) error {
				row, end := roster.WriteRows(w)
				cs, err = importer.Rows(ctx, b, row)
				return errors.Join(err, end())
			})
			return cs, err
		}
	case c.Apply:
		preview = func(ctx context.Context, b *roster.Bundle) (*roster.ChangeSet, error) {
			return importer.Apply(ctx, b, roster.Application{Title: c.title(), By: attendance.Author{From: "command line"}, AllowRejects: c.AllowRejects})
		}
	}
	cs, applyErr := preview(ctx, bundle)
	if cs == nil {
		return readable(applyErr)
	}
	done()
	if c.Rejects != "" && len(cs.Rejects) > 0 {
		err := writeFile(c.Rejects, stdout, func(w io.Writer) error { return roster.WriteRejects(w, files, o, cs.Rejects) })
		if err != nil {
			return readable(err)
		}
	}
	if err := c.print(stdout, cs, applyErr); err != nil {
		return err
	}
	if c.Apply && applyErr == nil && len(cs.Locked) > 0 {
		if err := c.signOut(ctx, c.database, store, cs.Locked); err != nil {
			return fmt.Errorf("the import is done, but who may no longer sign in stays connected until their page is closed: %w", err)
		}
	}
	if applyErr == nil && cs.Counts.Rejects > 0 {
		applyErr = errRejects
	}
	return readable(applyErr)
}

// title is what people call the import.
func (c *importCmd) title() string {
	if len(c.Paths) == 1 {
		return filepath.Base(c.Paths[0])
	}
	return fmt.Sprintf("%s and %d more files", filepath.Base(c.Paths[0]), len(c.Paths)-1)
}

// files returns what the paths mean, and how they are to be read.
func (c *importCmd) files() (files []table.File, o roster.ReadOptions, err error) {
	for _, path := range c.Paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, o, err
		}
		more := []table.File{table.OnDisk(path)}
		if info.IsDir() {
			if more, err = table.Folder(path); err != nil {
				return nil, o, err
			}
		}
		files = append(files, more...)
	}
	o = roster.ReadOptions{
		Format:       roster.Format(c.Format),
		SheetOptions: roster.SheetOptions{Course: c.Course, Sheet: c.Sheet},
		Days:         table.DayOrder(c.Days),
	}
	if o.Format == "" {
		if o.Format, err = roster.Recognise(files); err != nil {
			return nil, o, err
		}
	}
	if o.Format == roster.Sheet && c.Course == "" {
		return nil, o, errors.New("say with --course CODE which course the people are in")
	}
	if len(c.Map) > 0 {
		o.Mapping = make(roster.Mapping, len(c.Map))
		for field, column := range c.Map {
			o.Mapping[roster.Field(field)] = column
		}
	}
	return files, o, nil
}

// readable leaves the code out of an error that is meant for people.
func readable(err error) error {
	var refusal *attendance.Error
	if errors.As(err, &refusal) && refusal.Err == nil {
		return errors.New(refusal.Message)
	}
	return err
}

func (c *importCmd) print(w io.Writer, cs *roster.ChangeSet, applyErr error) error {
	applied := c.Apply && applyErr == nil
	if c.JSON {
		return json.NewEncoder(w).Encode(cs.Preview(applied))
	}
	var out strings.Builder
	printCounts(&out, cs)
	printRows(&out, cs)
	for _, line := range cs.Notes {
		fmt.Fprintf(&out, "Note: %s\n", line)
	}
	for _, line := range cs.Ignored {
		fmt.Fprintf(&out, "Not kept: %s\n", line)
	}
	switch {
	case applied && cs.Counts.Changes() == 0:
		fmt.Fprintln(&out, "\nNothing had to be changed.")
	case applied:
		fmt.Fprintln(&out, "\nThe import is done.")
	case applyErr != nil:
		fmt.Fprintln(&out, "\nNothing was changed.")
	case cs.Counts.Changes() == 0:
		fmt.Fprintln(&out, "\nThere is nothing to change.")
	case cs.Counts.Rejects > 0 && c.Rejects != "":
		fmt.Fprintf(&out, "\nNothing was changed. The rows that are rejected are in %s, to be mended; the others can be imported:\n  %s\n", c.Rejects, c.command("--apply", "--allow-rejects"))
	case cs.Counts.Rejects > 0:
		fmt.Fprintf(&out, "\nNothing was changed. Correct the rows that are rejected, or import the others:\n  %s\n", c.command("--apply", "--allow-rejects"))
	default:
		fmt.Fprintf(&out, "\nNothing was changed. To do it:\n  %s\n", c.command("--apply"))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func printCounts(w io.Writer, cs *roster.ChangeSet) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tadd\tchange\tend\t")
	n := cs.Counts
	for _, line := range []struct {
		name string
		roster.Tally
	}{{"terms", n.Terms}, {"courses", n.Courses}, {"people", n.People}, {"enrolments", n.Enrolments}} {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t\n", line.name, line.Add, line.Change, line.End)
	}
	_ = t.Flush() // into memory
	fmt.Fprintf(w, "\n%d rows rejected, %d change nothing.\n", n.Rejects, n.Same)
}

// What is printed of the rows; the REST API and --json give more.
const (
	printedRejects = 100
	printedOthers  = 20
)

func printRows(w io.Writer, cs *roster.ChangeSet) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var rejects, others int
	for _, r := range cs.Rows {
		n, most := &others, printedOthers
		if r.Change == roster.Rejected {
			n, most = &rejects, printedRejects
		}
		if *n == most {
			continue
		}
		*n++
		from := "-"
		if r.File != "" {
			from = r.Origin.String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Change, r.What, from, r.Name, r.Detail)
	}
	if rejects+others > 0 {
		fmt.Fprintln(w)
	}
	_ = t.Flush() // into memory
	if more := len(cs.Rows) + cs.More - rejects - others; more > 0 {
		fmt.Fprintf(w, "… and %d more.\n", more)
	}
	if len(cs.Ignored)+len(cs.Notes) > 0 {
		fmt.Fprintln(w)
	}
}

// command is this command with other flags at its end, to be pasted into a shell.
func (c *importCmd) command(more ...string) string {
	words := []string{"muster", "import"}
	words = append(words, c.Paths...)
	if c.Data != "" {
		words = append(words, "--data", c.Data)
	}
	if c.Format != "" {
		words = append(words, "--format", c.Format)
	}
	if c.Course != "" {
		words = append(words, "--course", c.Course)
	}
	if c.Sheet != "" {
		words = append(words, "--sheet", c.Sheet)
	}
	if c.Days != "" {
		words = append(words, "--days", c.Days)
	}
	fields := make([]string, 0, len(c.Map))
	for field, column := range c.Map {
		fields = append(fields, field+"="+column)
	}
	slices.Sort(fields)
	for _, f := range fields {
		words = append(words, "--map", f)
	}
	words = append(words, more...)
	for i, word := range words {
		if strings.ContainsFunc(word, func(r rune) bool { return !strings.ContainsRune(shellSafe, r) }) {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

const shellSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@+"

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
