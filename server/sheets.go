package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/grid"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/table"
	"github.com/muster-live/muster/work"
)

// sheetRoutes are the calls that take marks from files.
func (s *Server) sheetRoutes(api huma.API) {
	huma.Post(api, "/courses/{id}/marks/file", s.postSheet, summary("See what a file of marks would change, or change it"))
	fields := []string{
		"file", "CSV or XLSX: a row for each mark, or students by sessions.",
		"session", "The id of the session that the marks are for, if the file does not say.",
		"apply", "true: do it. Otherwise nothing is changed.",
		"digest", "Of the preview that is to be applied.",
		"allow_rejects", "true: set the other marks if some are rejected.",
		"open", "true: sessions that were to begin before now and have never been opened are opened for their marks, and closed.",
		"sheet", "Of a workbook: the name of the sheet. Left out: the first.",
		"days", "mdy or dmy: what 9/1/2026 is taken for. Left out: whatever fits the sessions better."}
	takesFiles(api, "/courses/{id}/marks/file", fields...)
	huma.Post(api, "/courses/{id}/marks/rejects", s.postSheetRejects, summary("The rows of a file of marks that are rejected, in its format, with the reasons"), answersFile("application/octet-stream"))
	takesFiles(api, "/courses/{id}/marks/rejects", fields...)
}

// maxSheetRows is how many lines a preview has.
const maxSheetRows = 1000

type sheetRow struct {
	Kind          string `json:"kind" enum:"add,change,remove,reject"`
	Line          int    `json:"line"`
	Column        string `json:"column"`
	Name          string `json:"name" doc:"Of the student."`
	Session       string `json:"session" doc:"Its title."`
	Was           string `json:"was"`
	WasStatus     string `json:"was_status,omitempty" doc:"Which status of the mark."`
	Becomes       string `json:"becomes"`
	BecomesStatus string `json:"becomes_status,omitempty"`
	Detail        string `json:"detail" doc:"Why it is rejected."`
}

type sheetOutput struct {
	Body struct {
		Set     int64      `json:"set" doc:"The change set that was applied; 0: none was."`
		Digest  string     `json:"digest" doc:"Send it along to apply exactly this."`
		Applied bool       `json:"applied"`
		Form    string     `json:"form" enum:"list,grid"`
		Add     int        `json:"add"`
		Change  int        `json:"change"`
		Remove  int        `json:"remove"`
		Same    int        `json:"same"`
		Opened  int        `json:"opened" doc:"Sessions that are opened for their marks, and closed."`
		Rejects int        `json:"rejects"`
		Rows    []sheetRow `json:"rows" doc:"Rejects first, then what changes, at most 1000."`
		More    int        `json:"more" doc:"How many rows there are besides."`
		Ignored []string   `json:"ignored" doc:"Columns that say nothing of marks."`
	}
}

// sentSheet is a file of marks that was sent, and what it does.
type sentSheet struct {
	*upload
	grant   grant
	grid    *grid.Grid
	options grid.SheetOptions
	sheet   *grid.Sheet
	plan    *grid.Plan
}

// sentSheet reads the form of a request. The caller closes it.
func (s *Server) sentSheet(ctx context.Context, course attendance.CourseID) (_ *sentSheet, err error) {
	in := &sentSheet{}
	if in.grid, in.grant, err = s.grid(ctx, course, identity.SetMarks); err != nil {
		return nil, err
	}
	if in.upload, err = s.upload(ctx); err != nil {
		return nil, err
	}
	if err := in.read(ctx, s); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (in *sentSheet) read(ctx context.Context, s *Server) error {
	open, err := in.is("open")
	if err != nil {
		return err
	}
	if in.options, err = s.sheetOptions(ctx, in.upload, in.grid); err != nil {
		return err
	}
	if in.sheet, err = in.grid.Read(in.files[0], in.options); err != nil {
		return work.FileProblem(err)
	}
	edits := make([]grid.Edit, len(in.sheet.Cells))
	for i, c := range in.sheet.Cells {
		edits[i] = c.Edit
	}
	var now time.Time
	if open {
		now = s.now()
	}
	in.plan = in.grid.MakeOpening(edits, in.grant.Viewer.Person, now)
	return nil
}

func (s *Server) postSheet(ctx context.Context, course *courseInput) (*sheetOutput, error) {
	in, err := s.sentSheet(ctx, course.ID)
	if err != nil {
		return nil, err
	}
	defer in.close()
	apply, err1 := in.is("apply")
	allow, err2 := in.is("allow_rejects")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	out := newSheetOutput(in.grid, in.sheet, in.plan)
	b := &out.Body
	if !apply {
		return out, nil
	}
	switch digest := in.value("digest"); {
	case digest != "" && digest != b.Digest:
		return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "digest", Message: "Marks have changed since the preview. Look at it again."}
	case b.Rejects > 0 && !allow:
		return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "allow_rejects", Message: "Some lines are rejected, so nothing was changed. Correct the file, or allow rejects to take the rest."}
	}
	if len(in.plan.Commands) > 0 {
		if b.Set, err = s.setMarks(ctx, in.grant, in.title()+": "+in.plan.Title(), in.plan); err != nil {
			return nil, err
		}
	}
	b.Applied = true
	return out, nil
}

func (s *Server) postSheetRejects(ctx context.Context, course *courseInput) (*huma.StreamResponse, error) {
	in, err := s.sentSheet(ctx, course.ID)
	if err != nil {
		return nil, err
	}
	reasons := make(map[int]string)
	note := func(line int, column, why string) {
		if column != "" {
			why = column + ": " + why
		}
		reasons[line] = strings.TrimSpace(reasons[line] + " " + why)
	}
	for _, r := range in.sheet.Rejects {
		note(r.Line, r.Column, r.Why)
	}
	for _, r := range in.plan.Refused {
		note(in.sheet.Cells[r.At].Line, in.sheet.Cells[r.At].Column, r.Why)
	}
	if len(reasons) == 0 {
		in.close()
		return nil, attendance.Refuse(attendance.CodeNotFound, "No row is rejected.")
	}
	name := in.files[0].Name
	kind, ok := fileTypes[strings.TrimPrefix(filepath.Ext(name), ".")]
	if !ok {
		kind = fileTypes["csv"]
	}
	return s.stream("rejected-"+name, kind, func(w io.Writer) error {
		defer in.close()
		return table.WriteRejects(w, in.files[0], in.options.Options, reasons)
	}), nil
}

// sheetOptions reads how the file is to be read.
func (s *Server) sheetOptions(ctx context.Context, u *upload, g *grid.Grid) (grid.SheetOptions, error) {
	zone, err := s.zone(ctx)
	if err != nil {
		return grid.SheetOptions{}, err
	}
	statuses, err := s.statusesOf(ctx, g.Course)
	if err != nil {
		return grid.SheetOptions{}, err
	}
	o := grid.SheetOptions{Zone: zone, Statuses: statuses}
	o.Sheet = u.value("sheet")
	switch days := table.DayOrder(u.value("days")); days {
	case table.AnyOrder, table.MonthFirst, table.DayFirst:
		o.Days = days
	default:
		return o, attendance.BadField("days", "mdy or dmy")
	}
	if text := u.value("session"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		o.Session = attendance.SessionID(n)
		if err != nil || !slices.ContainsFunc(g.Sessions, func(one grid.Session) bool { return one.ID == o.Session }) {
			return o, attendance.BadField("session", "the id of a session of this course")
		}
	}
	return o, nil
}

func newSheetOutput(g *grid.Grid, sheet *grid.Sheet, plan *grid.Plan) *sheetOutput {
	out := &sheetOutput{}
	b := &out.Body
	b.Form = "list"
	if sheet.Wide {
		b.Form = "grid"
	}
	b.Add, b.Change, b.Remove, b.Opened = plan.Added, plan.Changed, plan.Removed, plan.Opened
	b.Ignored = append([]string{}, sheet.Passed...)
	people := make(map[attendance.PersonID]string, len(g.Students))
	for _, one := range g.Students {
		people[one.ID] = strings.TrimSpace(one.Given + " " + one.Family)
	}
	sessions := make(map[attendance.SessionID]string, len(g.Sessions))
	for _, one := range g.Sessions {
		sessions[one.ID] = one.Title
	}
	type cell struct {
		person  attendance.PersonID
		session attendance.SessionID
	}
	was := make(map[cell]attendance.Marking, len(g.Marks))
	for _, m := range g.Marks {
		was[cell{m.Person, m.Session}] = m.Marking
	}
	why := make(map[int]string, len(plan.Refused))
	for _, r := range plan.Refused {
		why[r.At] = r.Why
	}
	var rejects, changed []sheetRow
	for _, r := range sheet.Rejects {
		rejects = append(rejects, sheetRow{Kind: "reject", Line: r.Line, Column: r.Column, Detail: r.Why})
	}
	digest := sha256.New()
	for i, c := range sheet.Cells {
		before := was[cell{c.Person, c.Session}]
		row := sheetRow{Kind: "change", Line: c.Line, Column: c.Column, Name: people[c.Person], Session: sessions[c.Session],
			Was: before.Mark.String(), WasStatus: before.Status, Becomes: c.Mark.String(), BecomesStatus: c.Status, Detail: why[i]}
		switch {
		case plan.Outcomes[i] == grid.Same:
			b.Same++
			continue
		case plan.Outcomes[i] == grid.Refused:
			row.Kind = "reject"
			rejects = append(rejects, row)
			continue
		case row.Was == "unset":
			row.Kind = "add"
		case row.Becomes == "unset":
			row.Kind = "remove"
		}
		changed = append(changed, row)
		note := ""
		if c.Note != nil {
			note = "=" + *c.Note
		}
		fmt.Fprintf(digest, "%d %d %v %v %q\n", c.Person, c.Session, before, c.Marking, note)
	}
	slices.SortStableFunc(rejects, func(a, b sheetRow) int { return cmp.Compare(a.Line, b.Line) })
	fmt.Fprintln(digest, len(rejects))
	b.Digest = hex.EncodeToString(digest.Sum(nil)[:16])
	b.Rejects = len(rejects)
	b.Rows = append(rejects, changed...)
	if b.Rows == nil {
		b.Rows = []sheetRow{}
	}
	if n := len(b.Rows) - maxSheetRows; n > 0 {
		b.Rows, b.More = b.Rows[:maxSheetRows], n
	}
	return out
}
