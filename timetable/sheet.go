package timetable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Columns is what a sheet has, for a person to say which column is what.
type Columns struct {
	Headings []string
	Sample   [][]string
	Mapping  Mapping // a guess, or what was chosen for such a sheet before
	// Remembered: the mapping is no guess.
	Remembered bool
	Sheets     []string
}

// ReadColumns reads the headings and the first rows of a sheet.
func ReadColumns(f table.File, o table.Options) (*Columns, error) {
	t, err := table.Open(f, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	c := &Columns{Headings: t.Headings, Mapping: GuessMapping(t.Headings), Sample: [][]string{}, Sheets: t.Sheets}
	for len(c.Sample) < 5 {
		err := t.Next()
		var bad *table.RowError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			break // what follows is told when the sheet is read
		}
		row := make([]string, len(t.Headings))
		for i := range row {
			row[i] = strings.Clone(t.Cell(i))
		}
		c.Sample = append(c.Sample, row)
	}
	return c, nil
}

// sheetKind is the kind of tables that timetables are.
const sheetKind = "timetable"

// Columns reads the headings and the first rows of a sheet, as [ReadColumns] does. If a
// sheet with the same headings has become a timetable, the mapping is the one of then.
func (p *Planner) Columns(ctx context.Context, f table.File, o table.Options) (*Columns, error) {
	c, err := ReadColumns(f, o)
	if err != nil {
		return nil, err
	}
	m, err := table.Remembered[Field](ctx, p.Store, sheetKind, c.Headings)
	if err != nil || m == nil {
		return c, err
	}
	if m[FieldCourse] == "" && c.Mapping[FieldCourse] != "" { // then it was of one course
		m[FieldCourse] = c.Mapping[FieldCourse]
	}
	c.Mapping, c.Remembered = m, true
	return c, nil
}

// Sheet reads the sessions of a CSV file or workbook, a row each. With a nil mapping it
// is guessed from the headings.
func Sheet(file table.File, o table.Options, m Mapping, f Frame) (*Reading, error) {
	t, err := table.Open(file, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	s := &sheet{Table: t, frame: f, reading: &Reading{}, at: make(map[Field]int), seen: make(map[rowKey]int)}
	if err := s.mapColumns(m); err != nil {
		return nil, err
	}
	s.reading.Part = slices.ContainsFunc(t.Headings, table.IsReason)
	if s.orders, err = table.GuessDays(file, o, s.heading(FieldDate), s.heading(FieldStart), s.heading(FieldEnd)); err != nil {
		return nil, err
	}
	for {
		err := t.Next()
		var bad *table.RowError
		switch {
		case err == io.EOF:
			return s.reading, nil
		case errors.As(err, &bad):
			s.reading.reject(bad.Origin, "", "%s", bad.Problem)
			continue
		case err != nil:
			return nil, err
		}
		if err := s.row(); err != nil {
			s.reading.reject(t.Origin, strings.Clone(clean(s.cell(FieldTitle), MaxTitle)), "%s", err)
		}
		if len(s.reading.Sessions) > MaxSheet {
			return nil, broken(t.File, t.Line, fmt.Sprintf("It has more than %d sessions. Split it.", MaxSheet))
		}
	}
}

// MaxSheet is how many sessions one sheet may have.
const MaxSheet = 100_000

type rowKey struct {
	course attendance.CourseID
	ref    string
}

type sheet struct {
	*table.Table
	frame   Frame
	reading *Reading
	at      map[Field]int
	orders  map[string]table.DayOrder
	seen    map[rowKey]int // the line
}

func (s *sheet) mapColumns(m Mapping) error {
	if m == nil {
		m = GuessMapping(s.Headings)
	}
	used := make(Mapping, len(m))
	for field, heading := range m {
		if !slices.Contains(Fields, field) {
			return unknownField(field)
		}
		if heading == "" {
			continue
		}
		at, err := s.Column(heading)
		if err != nil {
			return err
		}
		if at < 0 {
			return attendance.BadField("mapping", fmt.Sprintf("to columns that %s has; it has no column %q, but %q", s.File, heading, s.Headings))
		}
		s.at[field], used[field] = at, s.Headings[at]
	}
	s.reading.Columns = &UsedColumns{table.Fingerprint(sheetKind, s.Headings), used}
	has := func(f Field) bool { _, ok := s.at[f]; return ok }
	switch {
	case !has(FieldDate) && !has(FieldStart):
		return attendance.BadField("mapping", fmt.Sprintf("given for date: none of the columns %q is known to hold it", s.Headings))
	case !has(FieldStart) && !has(FieldTime):
		return attendance.BadField("mapping", fmt.Sprintf("given for start, or for time: none of the columns %q is known to hold one", s.Headings))
	case !has(FieldEnd) && !has(FieldTime) && !has(FieldDuration):
		return attendance.BadField("mapping", fmt.Sprintf("given for end, or for duration: none of the columns %q is known to hold one", s.Headings))
	case s.frame.Many && !has(FieldCourse):
		return attendance.BadField("mapping", fmt.Sprintf("given for course: none of the columns %q is known to hold it", s.Headings))
	}
	return nil
}

func (s *sheet) heading(f Field) string {
	if at, ok := s.at[f]; ok {
		return s.Headings[at]
	}
	return ""
}

func (s *sheet) cell(f Field) string {
	if at, ok := s.at[f]; ok {
		return s.Cell(at)
	}
	return ""
}

// row reads one session, or says why it cannot be one.
func (s *sheet) row() error {
	for _, f := range Fields {
		if at, ok := s.at[f]; ok && s.Problem(at) != "" {
			return reasonf("%s: %s", s.Headings[at], s.Problem(at))
		}
	}
	p := Planned{Origin: s.Origin, Title: s.cell(FieldTitle), Location: s.cell(FieldLocation)}
	course, err := s.course()
	if err != nil {
		return err
	}
	p.Course = course.ID
	start, end, err := s.times()
	if err != nil {
		return err
	}
	var shift Shift
	p.Starts, shift = Moment(start, s.frame.Zone)
	p.Ends, _ = Moment(end, s.frame.Zone)
	p.Note = shiftNote(start, p.Starts, shift)
	if err := s.settings(&p); err != nil {
		return err
	}
	if p.Ref = clean(s.cell(FieldRef), maxRef); p.Ref == "" {
		p.Ref = start.Format("2006-01-02T1504")
	}
	key := rowKey{course.ID, p.Ref}
	if line := s.seen[key]; line != 0 && s.cell(FieldRef) != "" {
		return reasonf("Line %d has the reference %q too. Give each session its own.", line, p.Ref)
	} else if line != 0 {
		return reasonf("Line %d has the same course begin at the same time. Remove one of them.", line)
	}
	if p.Title == "" {
		p.Title = DefaultTitle(p.Starts)
	}
	p.Ref, p.Title, p.Location = strings.Clone(p.Ref), strings.Clone(p.Title), strings.Clone(p.Location)
	s.seen[key] = s.Line
	s.reading.add(p, s.frame.Zone)
	return nil
}

// course is the one that the row names, which it need not if all are of one.
func (s *sheet) course() (Course, error) {
	name := s.cell(FieldCourse)
	if s.frame.Many {
		return s.frame.named(name)
	}
	c := s.frame.Courses[0]
	if name == "" || strings.EqualFold(name, c.Code) || name == c.Ref {
		return c, nil
	}
	return c, reasonf("It is of the course %q, and this is %s. Import files of several courses as an administrator.", clean(name, 60), c.Code)
}

// times are from when until when the row's session is, on the wall.
func (s *sheet) times() (start, end Wall, err error) {
	dayText, startText, endText := s.cell(FieldDate), s.cell(FieldStart), s.cell(FieldEnd)
	dayColumn := FieldDate
	if _, after, ok := strings.Cut(startText, " "); ok && strings.ContainsAny(startText, "-./") && looksLikeDay(startText) {
		if dayText == "" {
			dayText, dayColumn = startText, FieldStart
		}
		startText = after
	}
	d, err := s.day(dayText, dayColumn)
	if err != nil {
		return start, end, err
	}
	last := d
	if _, after, ok := strings.Cut(endText, " "); ok && looksLikeDay(endText) {
		if last, err = s.day(endText, FieldEnd); err != nil {
			return start, end, err
		}
		endText = after
	}
	if startText == "" && s.cell(FieldTime) != "" {
		from, until, err := parseTimes(s.cell(FieldTime))
		if err != nil {
			return start, end, err
		}
		return d.Add(from), d.Add(until), nil
	}
	from, ok := parseClock(startText)
	if !ok {
		return start, end, reasonf("The start %q is no time of day. Write it as 10:15.", clean(startText, 40))
	}
	start = d.Add(from)
	if minutes := s.cell(FieldDuration); endText == "" && minutes != "" {
		n, err := strconv.Atoi(minutes)
		if err != nil || n < 1 || n > int(MaxLength/time.Minute) {
			return start, end, reasonf("The duration %q is not from 1 to 1440 minutes.", clean(minutes, 40))
		}
		return start, start.Add(time.Duration(n) * time.Minute), nil
	}
	until, ok := parseClock(endText)
	if !ok {
		return start, end, reasonf("The end %q is no time of day. Write it as 11:45.", clean(endText, 40))
	}
	end = last.Add(until)
	if !end.After(start) && last.Equal(d) && until+24*time.Hour-from <= 12*time.Hour {
		end = end.AddDate(0, 0, 1) // across midnight
	}
	if !end.After(start) {
		return start, end, reason("It ends when it begins, or before. Give a later end.")
	}
	return start, end, nil
}

func looksLikeDay(s string) bool {
	first, _, _ := strings.Cut(s, " ")
	return strings.Count(first, "-") == 2 || strings.Count(first, ".") == 2 || strings.Count(first, "/") == 2
}

func (s *sheet) day(text string, column Field) (Date, error) {
	iso, ok := table.ParseDay(text, s.orders[s.heading(column)])
	if !ok {
		return Date{}, reasonf("The date %q is no day. Write it as 2026-10-12.", clean(text, 40))
	}
	d, err := time.Parse(time.DateOnly, iso)
	if err != nil || d.Year() < minYear || d.Year() > maxYear {
		return Date{}, reasonf("The date %q is in no year that has sessions.", clean(text, 40))
	}
	return d, nil
}

// settings reads what the session may have otherwise than its course.
func (s *sheet) settings(p *Planned) (err error) {
	if p.AutoOpen, err = yesNo(s.cell(FieldAutoOpen)); err != nil {
		return err
	}
	if p.AutoClose, err = yesNo(s.cell(FieldAutoClose)); err != nil {
		return err
	}
	if p.OnClose, err = onClose(s.cell(FieldOnClose)); err != nil {
		return err
	}
	if p.Cancelled, err = isCancelled(s.cell(FieldStatus)); err != nil {
		return err
	}
	switch late := s.cell(FieldLateAfter); table.PlainHeading(late) {
	case "":
	case "never", "none", "no", "nie", "nein":
		never := attendance.NeverLate
		p.LateAfter = &never
	default:
		n, err := strconv.Atoi(late)
		after := time.Duration(n) * time.Minute
		if err != nil || n < 0 || after > attendance.MaxLateAfter {
			return reasonf("Late after %q is not from 0 to %d minutes, or never.", clean(late, 40), int(attendance.MaxLateAfter/time.Minute))
		}
		p.LateAfter = &after
	}
	return nil
}

// parseClock reads a time of day as people write it, after midnight.
func parseClock(text string) (time.Duration, bool) {
	if strings.Count(text, ":") == 2 { // with seconds
		text = text[:strings.LastIndex(text, ":")] + strings.TrimLeft(text[strings.LastIndex(text, ":")+1:], "0123456789.")
	}
	tokens, err := lex(text)
	if err != nil || tokens[0].kind != numberToken {
		return 0, false
	}
	p := &ruleParser{tokens: tokens, text: []rune(text)}
	minutes, _, err := p.clock()
	if err != nil {
		return 0, false
	}
	if p.peek().word() == wordOClock {
		p.next++
	}
	return time.Duration(minutes) * time.Minute, p.peek().kind == endToken
}

// parseTimes reads from when until when: 10:15–11:45.
func parseTimes(text string) (from, until time.Duration, err error) {
	unread := reasonf("The time %q cannot be read. Write it as 10:15–11:45.", clean(text, 40))
	tokens, err := lex(text)
	if err != nil || tokens[0].kind != numberToken {
		return 0, 0, unread
	}
	p := &ruleParser{tokens: tokens, text: []rune(text)}
	one := &part{}
	if err := p.time(one); err != nil || p.peek().kind != endToken {
		return 0, 0, unread
	}
	m := one.meetings[0]
	return time.Duration(m.start) * time.Minute, time.Duration(m.end) * time.Minute, nil
}
