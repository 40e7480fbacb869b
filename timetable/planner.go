package timetable

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/table"
)

// Planner takes timetables in: it reads what somebody gives, and has the store do what
// that asks for.
type Planner struct {
	Store Store
	Now   func() time.Time
	// Changed is told what was done, so that screens can show it.
	Changed func(changes.Result)
}

// Request is what is to be taken in: a file, or a rule.
type Request struct {
	Course attendance.CourseID // 0: what is read names its courses
	// Term, as far as it is set, holds instead of the course's own.
	Term    Term
	Only    string // what an event of a calendar must mention
	Missing Missing

	Rule            string
	Title, Location string // of what the rule plans, if it says nothing else

	File    table.File `json:"-"`
	Sheet   string     // of a workbook
	Mapping Mapping    // of a sheet; nil: as with such a sheet before, or else guessed
}

// Frame returns what a request is read by.
func (p *Planner) Frame(ctx context.Context, r Request) (Frame, error) {
	var ids []attendance.CourseID
	if r.Course != 0 {
		ids = append(ids, r.Course)
	}
	courses, err := p.Store.TimetableCourses(ctx, ids...)
	if err != nil {
		return Frame{}, err
	}
	if len(courses) == 0 {
		return Frame{}, attendance.Refuse(attendance.CodeNotFound, "There is no such course.")
	}
	in, err := p.Store.Institution(ctx)
	if err != nil {
		return Frame{}, err
	}
	for i := range courses {
		if !r.Term.First.IsZero() {
			courses[i].Term.First = r.Term.First
		}
		if !r.Term.Last.IsZero() {
			courses[i].Term.Last = r.Term.Last
		}
	}
	return Frame{Zone: in.Zone, Courses: courses, Only: r.Only, Many: r.Course == 0}, nil
}

// Read reads what is to be taken in. Its error may be a [RuleError] or a
// [table.FileError].
func (p *Planner) Read(ctx context.Context, r Request) (Input, error) {
	f, err := p.Frame(ctx, r)
	if err != nil {
		return Input{}, err
	}
	in := Input{Missing: r.Missing, Now: p.Now()}
	for _, c := range f.Courses {
		in.Courses = append(in.Courses, c.ID)
	}
	if r.Rule != "" {
		in.Source = RuleSource
		in.Reading, err = readRule(r, f)
		return in, err
	}
	in.Source = FileSource(r.File.Name)
	content, err := ReadCalendarFile(r.File)
	switch {
	case err != nil:
		return Input{}, err
	case content != nil:
		in.Reading, err = Calendar(r.File.Name, content, f)
	default:
		in.Reading, err = p.sheet(ctx, r, f)
	}
	if err != nil {
		return in, err
	}
	if in.Part {
		in.Missing = KeepMissing
	}
	if in.Of != "" { // what its series have is that file's
		in.Source = FileSource(in.Of)
	}
	return in, nil
}

func (p *Planner) sheet(ctx context.Context, r Request, f Frame) (*Reading, error) {
	o := table.Options{Sheet: r.Sheet}
	if r.Mapping == nil {
		c, err := p.Columns(ctx, r.File, o)
		if err != nil {
			return nil, err
		}
		r.Mapping = c.Mapping
	}
	return Sheet(r.File, o, r.Mapping, f)
}

func readRule(r Request, f Frame) (*Reading, error) {
	rule, err := ParseRule(r.Rule)
	if err != nil {
		return nil, err
	}
	for i := range rule.parts {
		if rule.parts[i].title == "" {
			rule.parts[i].title = clean(r.Title, MaxTitle)
		}
		if rule.parts[i].location == "" {
			rule.parts[i].location = clean(r.Location, MaxLocation)
		}
	}
	return rule.Sessions(f)
}

// ReadCalendarFile returns the content of a file if it is a calendar, by its name or by
// how it begins; else nil.
func ReadCalendarFile(f table.File) ([]byte, error) {
	file, err := f.Open()
	if err != nil {
		return nil, broken(f.Name, 0, "It cannot be read: "+err.Error()+".")
	}
	defer file.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, broken(f.Name, 0, "It cannot be read: "+err.Error()+".")
	}
	head = head[:n]
	if !strings.HasSuffix(strings.ToLower(f.Name), ".ics") && !bytes.Contains(bytes.ToUpper(text(head)), []byte("BEGIN:VCALENDAR")) {
		return nil, nil
	}
	rest, err := io.ReadAll(io.LimitReader(file, MaxCalendar))
	if err != nil {
		return nil, broken(f.Name, 0, "It cannot be read: "+err.Error()+".")
	}
	return append(head, rest...), nil
}

// Times are when a session opens and closes by itself; the zero time: it does not.
func (p *Planner) Times(ctx context.Context, course attendance.CourseID, id attendance.SessionID) (opens, closes time.Time, err error) {
	timing, err1 := p.Store.Timing(ctx, course)
	cur, err2 := p.Store.Timetable(ctx, course)
	if err := errors.Join(err1, err2); err != nil {
		return opens, closes, err
	}
	for i := range cur.Sessions {
		if cur.Sessions[i].ID == id {
			opens, closes = timing.Times(&cur.Sessions[i])
		}
	}
	return opens, closes, nil
}

// startsWithin is how long before its start a planned session is the one that somebody
// who starts one now means.
const startsWithin = time.Hour

// Due returns the planned session of a course that goes on now, or begins soon, and
// that nobody has opened yet; 0 if there is none.
func (p *Planner) Due(ctx context.Context, course attendance.CourseID) (attendance.SessionID, error) {
	cur, err := p.Store.Timetable(ctx, course)
	if err != nil {
		return 0, err
	}
	now := p.Now()
	for i := range cur.Sessions {
		s := &cur.Sessions[i]
		if !s.Held() && !s.Cancelled() && !s.Starts.IsZero() && s.Ends.After(now) && !s.Starts.After(now.Add(startsWithin)) {
			return s.ID, nil
		}
	}
	return 0, nil
}

// Preview works out what an input would do.
func (p *Planner) Preview(ctx context.Context, in Input) (*Plan, error) {
	cur, err := p.Store.Timetable(ctx, p.concerned(in)...)
	if err != nil {
		return nil, err
	}
	return Diff(cur, in), nil
}

// concerned are the courses that an input may change; none: all.
func (p *Planner) concerned(in Input) []attendance.CourseID {
	if len(in.Courses) == 1 {
		return in.Courses
	}
	return nil
}

// Apply does what an input asks for, if that is what has been looked at (see
// [Plan.Check]), and returns the set of changes.
func (p *Planner) Apply(ctx context.Context, h changes.Header, in Input, digest string) (*Plan, changes.Result, error) {
	plan, r, err := p.apply(ctx, h, p.concerned(in), digest, in.Decided, func(cur *Current) (*Plan, error) { return Diff(cur, in), nil })
	if err == nil && in.Reading.Columns != nil {
		err = table.Remember(ctx, p.Store, in.Reading.Columns.Fingerprint, in.Reading.Columns.Mapping, p.Now())
	}
	return plan, r, err
}

// PreviewEdit works out what an edit of a course's sessions would do.
func (p *Planner) PreviewEdit(ctx context.Context, course attendance.CourseID, e Edit) (*Plan, error) {
	cur, err := p.Store.Timetable(ctx, course)
	if err != nil {
		return nil, err
	}
	return Change(cur, &e, p.Now())
}

// ApplyEdit edits sessions of the header's course.
func (p *Planner) ApplyEdit(ctx context.Context, h changes.Header, e Edit, digest string) (*Plan, changes.Result, error) {
	return p.apply(ctx, h, []attendance.CourseID{h.Course}, digest, nil, func(cur *Current) (*Plan, error) { return Change(cur, &e, h.At) })
}

// PreviewHoliday works out which sessions a holiday would cancel.
func (p *Planner) PreviewHoliday(ctx context.Context, h Holiday) (*Plan, error) {
	cur, err := p.Store.Timetable(ctx)
	if err != nil {
		return nil, err
	}
	return OnHolidays(cur, h, p.Now()), nil
}

// ApplyHoliday cancels the sessions that fall on a holiday.
func (p *Planner) ApplyHoliday(ctx context.Context, header changes.Header, h Holiday, digest string) (*Plan, changes.Result, error) {
	return p.apply(ctx, header, nil, digest, nil, func(cur *Current) (*Plan, error) { return OnHolidays(cur, h, header.At), nil })
}

func (p *Planner) apply(ctx context.Context, h changes.Header, ids []attendance.CourseID, digest string, decided func(*Plan) error, make func(*Current) (*Plan, error)) (plan *Plan, r changes.Result, err error) {
	r, err = p.Store.ApplyTimetable(ctx, h, ids, func(cur *Current) (*Plan, error) {
		if plan, err = make(cur); err != nil {
			return nil, err
		}
		if err := plan.Check(digest); err != nil || decided == nil {
			return plan, err
		}
		return plan, decided(plan)
	})
	if err != nil {
		return nil, r, err
	}
	p.Changed(r)
	return plan, r, nil
}
