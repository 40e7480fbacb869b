package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// importCmd is `muster import`.
type importCmd struct {
	Paths []string `arg:"" name:"path" help:"A OneRoster bundle (folder, zip or its CSV files), or one plain CSV file." type:"path"`
	database
	linked

	Format       string            `help:"oneroster or csv. Without it, a folder, a zip or files with a manifest.csv are taken for OneRoster." enum:",oneroster,csv" default:""`
	Course       string            `help:"For a plain CSV file: the code of the course that its people are in. It is made if it is new."`
	Map          map[string]string `help:"For a plain CSV file: which column holds which of ref, given, family, name, email, username and role, such as --map ref=Matrikel. Without it, the headings tell." mapsep:"none"`
	Apply        bool              `help:"Do it. Without this, nothing is changed and what would be is shown."`
	AllowRejects bool              `help:"Import the other rows if some are rejected."`
	JSON         bool              `help:"Print the outcome as JSON, as the REST API gives it."`
}

// errRejects makes the exit code say that rows are rejected.
var errRejects = errors.New("some rows are rejected")

// Run imports, or shows what an import would do.
func (c *importCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	step, end := progress(os.Stderr)
	defer end()
	step("reading the files")
	bundle, err := c.read()
	if err != nil {
		return readable(err)
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	importer := roster.NewImporter(store, time.Now, nil) // a server that runs looks by itself
	step("comparing them with the roster")
	preview := importer.Preview
	if c.Apply {
		preview = func(ctx context.Context, b *roster.Bundle) (*roster.ChangeSet, error) {
			return importer.Apply(ctx, b, roster.Application{AllowRejects: c.AllowRejects})
		}
	}
	cs, applyErr := preview(ctx, bundle)
	if cs == nil {
		return readable(applyErr)
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

// read reads the files in the format that they have.
func (c *importCmd) read() (*roster.Bundle, error) {
	files, bundled, err := c.files()
	if err != nil {
		return nil, err
	}
	if c.Format == "oneroster" || c.Format == "" && bundled {
		return roster.ReadOneRoster(files)
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("a plain CSV import takes one file, and there are %d. If they are a OneRoster bundle, its manifest.csv is missing", len(files))
	}
	if c.Course == "" {
		return nil, errors.New("say with --course CODE which course the people are in")
	}
	var mapping roster.Mapping
	if len(c.Map) > 0 {
		mapping = make(roster.Mapping, len(c.Map))
		for field, column := range c.Map {
			mapping[roster.Field(field)] = column
		}
	}
	return roster.ReadSheet(files[0], c.Course, mapping)
}

// files returns the files that the paths mean, and whether they look like a bundle.
func (c *importCmd) files() (files []roster.File, bundled bool, err error) {
	for _, path := range c.Paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, false, err
		}
		var more []roster.File
		switch {
		case info.IsDir():
			bundled = true
			more, err = roster.Folder(path)
		case strings.EqualFold(filepath.Ext(path), ".zip"):
			bundled = true
			more, err = zipFiles(path)
		default:
			more = []roster.File{roster.OnDisk(path)}
		}
		if err != nil {
			return nil, false, err
		}
		files = append(files, more...)
	}
	bundled = bundled || slices.ContainsFunc(files, func(f roster.File) bool { return strings.EqualFold(f.Name, "manifest.csv") })
	return files, bundled, nil
}

// zipFiles returns the files of a zip, which stays open until the program ends.
func zipFiles(path string) ([]roster.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return roster.Zip(filepath.Base(path), f, info.Size())
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
	if len(cs.Ignored) > 0 {
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

// progress returns a function that says on a terminal what is being done, each time
// that takes longer than a second, and one that ends it.
func progress(w *os.File) (step func(doing string), end func()) {
	if !isTerminal(w) {
		return func(string) {}, func() {}
	}
	timer := time.NewTimer(0)
	end = func() { timer.Stop() }
	step = func(doing string) {
		timer.Stop()
		timer = time.AfterFunc(time.Second, func() { fmt.Fprintf(w, "muster: %s …\n", doing) })
	}
	return step, end
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
