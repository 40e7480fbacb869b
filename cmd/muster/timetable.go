package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/table"
	"github.com/muster-live/muster/timetable"
	"github.com/muster-live/muster/work"
)

// timetableCmd is `muster timetable`.
type timetableCmd struct {
	List    timetableListCmd    `cmd:"" help:"List the sessions of a course by their time."`
	Import  timetableImportCmd  `cmd:"" help:"Plan sessions from a calendar (.ics) or a table (CSV, XLSX), of one course or of many."`
	Rule    timetableRuleCmd    `cmd:"" help:"Plan the sessions of a course by a rule in words."`
	Zone    timetableZoneCmd    `cmd:"" help:"Show or set the institution's time zone."`
	Holiday timetableHolidayCmd `cmd:"" help:"List the holidays, or add one."`
}

// planningFlags are those of the commands that plan.
type planningFlags struct {
	database
	First   string `help:"Instead of the first day of the term." placeholder:"DAY"`
	Last    string `help:"Instead of the last day of the term." placeholder:"DAY"`
	Missing string `help:"What happens to sessions to come that are not in it: keep, cancel what the same source planned, or cancel_all." enum:",keep,cancel,cancel_all" default:""`
	Apply   bool   `help:"Do it. Without this, nothing is changed and what would be is shown."`
}

// run plans what a request asks for, or shows it, and writes what is rejected to a file,
// if it is to.
func (f *planningFlags) run(ctx context.Context, stdout io.Writer, course, title string, r timetable.Request, rejects string) (err error) {
	store, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if course != "" {
		if r.Course, err = findCourse(ctx, store, course); err != nil {
			return err
		}
	}
	var err1, err2 error
	r.Term.First, err1 = dayFlag("--first", f.First)
	r.Term.Last, err2 = dayFlag("--last", f.Last)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if f.Missing != "" {
		r.Missing, _ = timetable.ParseMissing(f.Missing)
	}
	planner := plannerOf(store)
	in, err := planner.Read(ctx, r)
	if err != nil {
		return readable(work.FileProblem(err))
	}
	var plan *timetable.Plan
	if f.Apply {
		h := changes.Header{Kind: changes.Timetable, Title: title, Course: r.Course, From: "command line", At: time.Now()}
		plan, _, err = planner.Apply(ctx, h, in, "")
	} else {
		plan, err = planner.Preview(ctx, in)
	}
	if err != nil {
		return readable(err)
	}
	if rejects != "" && len(plan.Rejects) > 0 {
		err := writeFile(rejects, stdout, func(w io.Writer) error { return timetable.WriteRejects(w, r, plan) })
		if err != nil {
			return readable(err)
		}
	}
	printPlan(stdout, plan, f.Apply)
	if n := len(in.Rejects); n > 0 && !f.Apply {
		return errRejects
	}
	return nil
}

// plannerOf returns a planner beside a server, which looks by itself.
func plannerOf(s store) *timetable.Planner {
	return &timetable.Planner{Store: s, Now: time.Now, Changed: func(changes.Result) {}}
}

func dayFlag(name, text string) (timetable.Date, error) {
	if text == "" {
		return timetable.Date{}, nil
	}
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return d, fmt.Errorf("%s must be a day such as 2026-10-12", name)
	}
	return d, nil
}

func printPlan(w io.Writer, p *timetable.Plan, applied bool) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range p.Lines {
		where := ""
		if l.Row > 0 {
			where = fmt.Sprintf("%s:%d", l.File, l.Row)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", l.Change, l.Name, l.Detail, where)
	}
	out.Flush()
	if p.More > 0 {
		fmt.Fprintf(w, "and %d more\n", p.More)
	}
	fmt.Fprintf(w, "%d new, %d changed, %d cancelled, %d left out, %d as they are.\n",
		p.Counts[changes.Adds], p.Counts[changes.Changed], p.Counts[changes.Ends], p.Counts[changes.Rejects], p.Same)
	if !applied && p.Total() > 0 {
		fmt.Fprintln(w, "Nothing has been changed; --apply does it.")
	}
}

type timetableImportCmd struct {
	File string `arg:"" help:"The calendar or table." type:"existingfile"`
	planningFlags
	Course  string            `help:"The code of the course, or # and its number. Without it, the file names the course of each session."`
	Only    string            `help:"For a calendar: what an event must mention to count." placeholder:"TEXT"`
	Sheet   string            `help:"For a workbook: the name of the sheet. Without it, the first." placeholder:"NAME"`
	Rejects string            `help:"Write what is rejected to this file, in the format of the calendar or table, with the reasons: ready to be mended and imported." placeholder:"FILE" type:"path"`
	Map     map[string]string `help:"For a table: which column holds which field, such as --map start=Beginn. Without it, the headings tell. Fields: course, date, time, start, end, duration, title, location, auto_open, auto_close, late_after, on_close, status, ref." mapsep:"none"`
}

// Run plans what a file has.
func (c *timetableImportCmd) Run(ctx context.Context, stdout io.Writer) error {
	r := timetable.Request{File: table.OnDisk(c.File), Only: c.Only, Sheet: c.Sheet, Missing: timetable.CancelVanished}
	if len(c.Map) > 0 {
		r.Mapping = make(timetable.Mapping)
		for field, column := range c.Map {
			r.Mapping[timetable.Field(field)] = column
		}
	}
	return c.run(ctx, stdout, c.Course, r.File.Name, r, c.Rejects)
}

type timetableRuleCmd struct {
	Rule string `arg:"" help:"Such as: Mon and Wed 10:15-11:45, weeks 1-14, except 24.12."`
	planningFlags
	Course   string `help:"The code of the course, or # and its number." required:""`
	Title    string `help:"What the sessions are called. Without it, by their day."`
	Location string `help:"Where they are."`
}

// Run plans what a rule says.
func (c *timetableRuleCmd) Run(ctx context.Context, stdout io.Writer) error {
	err := c.run(ctx, stdout, c.Course, "Rule: "+c.Rule, timetable.Request{Rule: c.Rule, Title: c.Title, Location: c.Location}, "")
	var wrong *timetable.RuleError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s\n  %s\n  %s%s", wrong.Problem, c.Rule, strings.Repeat(" ", wrong.At), strings.Repeat("^", max(wrong.Length, 1)))
	}
	return err
}

type timetableListCmd struct {
	database
	Course string `arg:"" help:"The code of the course, or # and its number."`
}

// Run lists the sessions of a course.
func (c *timetableListCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	id, err := findCourse(ctx, store, c.Course)
	if err != nil {
		return err
	}
	cur, err1 := store.Timetable(ctx, id)
	timing, err2 := store.Timing(ctx, id)
	if err := errors.Join(err1, err2); err != nil {
		return readable(err)
	}
	out := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for i := range cur.Sessions {
		s := &cur.Sessions[i]
		if s.Starts.IsZero() {
			continue
		}
		state := s.Status.String()
		opens, _ := timing.Times(s)
		switch {
		case s.Cancelled():
			state = "cancelled"
		case s.Status == attendance.Scheduled && !opens.IsZero():
			state = "opens by itself at " + opens.In(cur.Zone).Format("15:04")
		}
		fmt.Fprintf(out, "%s\t%s–%s\t%s\t%s\t%s\n", s.Starts.In(cur.Zone).Format("Mon 2006-01-02"), s.Starts.In(cur.Zone).Format("15:04"), s.Ends.In(cur.Zone).Format("15:04"), s.Title, s.Location, state)
	}
	return out.Flush()
}

type timetableZoneCmd struct {
	database
	Zone string `arg:"" optional:"" help:"IANA name, such as Europe/Berlin. Without it, the zone is shown."`
}

// Run shows or sets the time zone.
func (c *timetableZoneCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if c.Zone == "" {
		in, err := store.Institution(ctx)
		fmt.Fprintln(stdout, in.Zone)
		return err
	}
	if _, ok := timetable.Zone(c.Zone); !ok {
		return fmt.Errorf("%s is not the name of a time zone, such as Europe/Berlin", c.Zone)
	}
	h := changes.Header{Kind: changes.Timetable, Title: "Time zone: " + c.Zone, From: "command line", At: time.Now()}
	_, err = store.ChangeInstitution(ctx, h, func(in *timetable.Institution) error {
		in.SetZone(c.Zone)
		return nil
	})
	return readable(err)
}

type timetableHolidayCmd struct {
	database
	Name   string `arg:"" optional:"" help:"What it is called. Without it, the holidays are listed."`
	First  string `help:"Its first day." placeholder:"DAY"`
	Last   string `help:"Its last day; without it, the same." placeholder:"DAY"`
	Cancel bool   `help:"Cancel the sessions to come that fall on it. Without this, they are shown."`
}

// Run lists the holidays, or adds one.
func (c *timetableHolidayCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if c.Name == "" {
		in, err := store.Institution(ctx)
		for _, h := range in.Holidays {
			fmt.Fprintf(stdout, "%s  %s  %s\n", h.First.Format(time.DateOnly), h.Last.Format(time.DateOnly), h.Name)
		}
		return err
	}
	first, err1 := dayFlag("--first", c.First)
	last, err2 := dayFlag("--last", c.Last)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if last.IsZero() {
		last = first
	}
	h := timetable.Holiday{First: first, Last: last, Name: c.Name}
	if err := h.Validate(); err != nil {
		return readable(err)
	}
	header := changes.Header{Kind: changes.Timetable, Title: "Holiday: " + c.Name, From: "command line", At: time.Now()}
	_, err = store.ChangeInstitution(ctx, header, func(in *timetable.Institution) error {
		if !slices.ContainsFunc(in.Holidays, func(one timetable.Holiday) bool {
			return one.Name == h.Name && one.First.Equal(first) && one.Last.Equal(last)
		}) {
			in.Holidays = append(in.Holidays, h)
		}
		return nil
	})
	if err != nil {
		return readable(err)
	}
	planner := plannerOf(store)
	header.Title = "Cancelled for " + c.Name
	var plan *timetable.Plan
	if c.Cancel {
		plan, _, err = planner.ApplyHoliday(ctx, header, h, "")
	} else {
		plan, err = planner.PreviewHoliday(ctx, h)
	}
	if err != nil {
		return readable(err)
	}
	for _, l := range plan.Lines {
		fmt.Fprintln(stdout, l.Name)
	}
	if n := plan.Total(); n > 0 && !c.Cancel {
		fmt.Fprintf(stdout, "%d sessions fall on it; --cancel cancels them.\n", n)
	}
	return nil
}
