package table

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// DayOrder is the order that a column writes day, month and year in.
type DayOrder string

// The orders. Days as 2026-09-01 and 1.9.2026 can be read in any of them; 9/1/2026
// takes one of the last two.
const (
	AnyOrder   DayOrder = ""    // nothing in the column needs one
	MonthFirst DayOrder = "mdy" // 9/1/2026 or 9/1/26
	DayFirst   DayOrder = "dmy" // 1/9/2026
)

// String says it in words.
func (o DayOrder) String() string {
	switch o {
	case MonthFirst:
		return "month/day/year"
	case DayFirst:
		return "day/month/year"
	}
	return "year-month-day"
}

// ParseDay reads a day as 2026-09-01, 1.9.2026 or, in the order of its column, 9/1/2026;
// years may have two digits. It returns the day as 2026-09-01. A time after it is left
// out.
func ParseDay(s string, order DayOrder) (day string, ok bool) {
	a, b, c, slashed, ok := splitDay(s)
	if !ok {
		return "", false
	}
	if !slashed {
		order = DayFirst
		if len(a) == 4 {
			a, c = c, a
		}
	}
	switch order {
	case MonthFirst:
		a, b = b, a
	case DayFirst:
	default:
		return "", false
	}
	d, _ := strconv.Atoi(a)
	m, _ := strconv.Atoi(b)
	y, _ := strconv.Atoi(c)
	switch {
	case len(c) == 2 && y < 70:
		y += 2000
	case len(c) == 2:
		y += 1900
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || int(t.Month()) != m {
		return "", false
	}
	return t.Format(time.DateOnly), true
}

// IsDay reports whether a text is a day, in some order.
func IsDay(s string) bool {
	_, us := ParseDay(s, MonthFirst)
	_, eu := ParseDay(s, DayFirst)
	return us || eu
}

// splitDay takes a day apart. It is slashed if its order is not known from how it is
// written.
func splitDay(s string) (a, b, c string, slashed, ok bool) {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	s, _, _ = strings.Cut(s, "T")
	i := strings.IndexAny(s, "-./")
	if i < 0 {
		return "", "", "", false, false
	}
	parts := strings.Split(s, s[i:i+1])
	if len(parts) == 4 && parts[3] == "" && s[i] == '.' {
		parts = parts[:3] // 1.9.2026.
	}
	if len(parts) != 3 {
		return "", "", "", false, false
	}
	for _, p := range parts {
		if len(p) == 0 || len(p) > 4 || len(p) == 3 || strings.Trim(p, "0123456789") != "" {
			return "", "", "", false, false
		}
	}
	a, b, c = parts[0], parts[1], parts[2]
	yearFirst := len(a) == 4 && len(b) <= 2 && len(c) <= 2
	yearLast := len(a) <= 2 && len(b) <= 2 && len(c) != 1
	return a, b, c, !yearFirst && s[i] != '.', yearFirst || yearLast
}

// DayGuess finds out from all values of a column in which order it writes days.
type DayGuess struct {
	monthFirst, dayFirst bool   // some value can only be read so
	open                 string // a value that can be read either way
}

// See takes a value into account.
func (g *DayGuess) See(s string) {
	a, b, _, slashed, ok := splitDay(s)
	if !ok || !slashed {
		return
	}
	first, _ := strconv.Atoi(a)
	second, _ := strconv.Atoi(b)
	switch {
	case first > 12:
		g.dayFirst = true
	case second > 12:
		g.monthFirst = true
	case first != second && g.open == "":
		g.open = strings.Clone(s)
	}
}

// Order returns the order, or why it cannot be told.
func (g *DayGuess) Order() (DayOrder, error) {
	switch {
	case g.monthFirst && g.dayFirst:
		return AnyOrder, errors.New("some of its days have the month first and some the day: write them all as 2026-09-01")
	case g.monthFirst:
		return MonthFirst, nil
	case g.dayFirst:
		return DayFirst, nil
	case g.open != "":
		return AnyOrder, fmt.Errorf("%s can be read with the month first or with the day first: say which, or write days as 2026-09-01", g.open)
	}
	return AnyOrder, nil
}

// GuessDays reads a file through and returns the order that each of its columns, given
// by their headings, writes days in: guessed from the column itself, from the others
// of them, or as the options say. Columns that the file does not have are left out. A
// column whose order cannot be told is a FileError.
func GuessDays(f File, o Options, columns ...string) (orders map[string]DayOrder, err error) {
	o.Read = nil // the rows will be counted when they are read in earnest
	t, err := Open(f, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	guesses := make(map[string]*DayGuess)
	at := make(map[string]int)
	for _, name := range columns {
		i, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			at[name], guesses[name] = i, &DayGuess{}
		}
	}
	for {
		var bad *RowError
		if err := t.Next(); err == io.EOF {
			break
		} else if errors.As(err, &bad) {
			continue
		} else if err != nil {
			return nil, err
		}
		for name, i := range at {
			guesses[name].See(t.Cell(i))
		}
	}
	return conclude(t.File, guesses, o.Days)
}

// conclude has columns in which no day tells take the order of the other columns of
// their file or, if these don't tell either, the order otherwise.
func conclude(file string, guesses map[string]*DayGuess, otherwise DayOrder) (map[string]DayOrder, error) {
	orders := make(map[string]DayOrder)
	told := make(map[DayOrder]bool)
	for name, g := range guesses {
		if order, err := g.Order(); err == nil && order != AnyOrder {
			orders[name], told[order] = order, true
		}
	}
	if len(told) == 1 {
		for order := range told {
			otherwise = order
		}
	}
	for name, g := range guesses {
		order, err := g.Order()
		switch {
		case err != nil && (g.monthFirst || otherwise == AnyOrder):
			return nil, fault(file, "%s: %v.", name, err)
		case err != nil:
			orders[name] = otherwise
		default:
			orders[name] = order
		}
	}
	return orders, nil
}
