package roster

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/muster-live/muster/table"
)

// reading is a bundle while its files are read.
type reading struct {
	bundle *Bundle
	rows   int               // of all files
	texts  map[string]string // texts that come often, one copy of each
	days   table.DayOrder    // of days that can be read either way
	// partial: a file holds rows that were rejected before and have been mended, so that
	// nothing ends for not being there.
	partial bool
}

func newReading(days table.DayOrder) reading {
	return reading{bundle: &Bundle{}, texts: make(map[string]string), days: days}
}

// layout is what a file has to look like.
type layout struct {
	what     Kind
	key      string      // the column that has the row's own id; empty: there is none
	required []string    // columns that must be there
	optional []string    // columns that may be there; what others there are is not kept
	days     []string    // of these, those that hold days
	reserve  func(n int) // makes room for about so many rows; may be nil
}

// read calls fn for each row of a file. A row that fn finds fault with is rejected; so
// is one whose own id is empty or has been there.
func (r *reading) read(f table.File, l layout, fn func(*record)) error {
	t, err := table.Open(f, table.Options{Read: &r.rows})
	if err != nil {
		return err
	}
	defer t.Close()
	rec := &record{Table: t, columns: make(map[string]int)}
	if l.key != "" {
		l.required = append([]string{l.key}, l.required...)
	}
	for i, column := range slices.Concat(l.required, l.optional, l.days) {
		at, err := t.Column(column)
		if err != nil {
			return err
		}
		if at >= 0 {
			rec.columns[column] = at
		} else if i < len(l.required) {
			return &table.FileError{Origin: table.Origin{File: t.File, Line: 1}, Problem: fmt.Sprintf("There is no column %q. The first line must have the names of the columns.", column)}
		}
	}
	if len(l.days) > 0 {
		var unclear *table.FileError
		rec.orders, err = table.GuessDays(f, table.Options{Days: r.days}, l.days...)
		if errors.As(err, &unclear) {
			rec.unclear = unclear.Problem // of the rows with such days, which are rejected
		} else if err != nil {
			return err
		}
		r.noteDays(t.File, rec.orders)
	}
	r.partial = r.partial || slices.ContainsFunc(t.Headings, table.IsReason)
	r.nameIgnored(t, rec.columns)
	if l.reserve != nil {
		l.reserve(min(t.Lines, table.MaxRows))
	}
	var keys []string
	var lines []int32 // on which the keys are
	seen := newIndex(t.Lines, func(i int) string { return keys[i] })
	for {
		rec.reject, rec.key = nil, ""
		var bad *table.RowError
		if err := t.Next(); err == io.EOF {
			return nil
		} else if errors.As(err, &bad) {
			r.bundle.Rejects = append(r.bundle.Rejects, Reject{Origin: bad.Origin, What: l.what, Want: bad.Problem})
			continue
		} else if err != nil {
			return err
		}
		if l.key != "" {
			rec.key = rec.id(l.key)
			if first := seen.get(rec.key); first >= 0 {
				rec.fail(l.key, fmt.Sprintf("%s has been there on line %d. Keep one of the two rows.", rec.key, lines[first]))
			} else if rec.key != "" {
				keys, lines = append(keys, rec.key), append(lines, int32(t.Line))
				seen.add(len(keys) - 1)
			}
		}
		if rec.reject == nil {
			fn(rec)
		}
		if rec.reject != nil {
			rec.reject.What, rec.reject.Key = l.what, rec.key
			r.bundle.Rejects = append(r.bundle.Rejects, *rec.reject)
		}
	}
}

// hold says how much of each kind the bundle holds.
func (r *reading) hold(terms, courses, people, enrolments Extent) {
	b := r.bundle
	b.TermsHold, b.CoursesHold, b.PeopleHold, b.EnrolmentsHold = terms, courses, people, enrolments
	if !r.partial {
		return
	}
	for _, e := range []*Extent{&b.TermsHold, &b.CoursesHold, &b.PeopleHold, &b.EnrolmentsHold} {
		*e = min(*e, Delta)
	}
}

// noteDays says how the columns with days were read that can be read in two ways.
func (r *reading) noteDays(file string, orders map[string]table.DayOrder) {
	for _, order := range []table.DayOrder{table.MonthFirst, table.DayFirst} {
		var columns []string
		for _, column := range slices.Sorted(maps.Keys(orders)) {
			if orders[column] == order {
				columns = append(columns, column)
			}
		}
		if len(columns) > 0 {
			r.bundle.Notes = append(r.bundle.Notes, fmt.Sprintf("%s: %s: read as %s", file, strings.Join(columns, ", "), order))
		}
	}
}

// nameIgnored notes the columns that are not kept.
func (r *reading) nameIgnored(t *table.Table, kept map[string]int) {
	var others []string
	used := slices.Collect(maps.Values(kept))
	for i, heading := range t.Headings {
		if !slices.Contains(used, i) && heading != "" && !table.IsReason(heading) {
			others = append(others, heading)
		}
	}
	if len(others) > 0 {
		r.bundle.Ignored = append(r.bundle.Ignored, t.File+": "+strings.Join(others, ", "))
	}
}

// reserveEnrolments makes room for so many more, of which there are far more than of all
// else: a list that grows bit by bit takes twice the memory for a while.
func (r *reading) reserveEnrolments(n int) {
	r.bundle.Enrolments = slices.Grow(r.bundle.Enrolments, n)
}

// once returns the one copy of a text that is kept.
func (r *reading) once(s string) string {
	if kept, ok := r.texts[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	r.texts[s] = s
	return s
}
