package timetable

import (
	"fmt"
	"slices"
)

// date reads a day if one is next: 24.12., 24.12.2026, 24/12/2026, 2026-12-24, 24 Dec,
// Dec 24, 2026. If it cannot be a time either, 24.12 is one too.
func (p *ruleParser) date(onlyDates bool) (d ruleDate, ok bool, err error) {
	t := p.peek()
	sign := func(ahead int, s string) bool { return p.look(ahead).kind == signToken && p.look(ahead).text == s }
	number := func(ahead int) bool { return p.look(ahead).kind == numberToken }
	month := func(ahead int) int {
		if p.look(ahead).kind != wordToken {
			return 0
		}
		return months[p.look(ahead).text]
	}
	take := func(tokens, year, month, day int) (ruleDate, bool, error) {
		p.next += tokens
		d := ruleDate{year, month, day, t.at, p.last().at + p.last().length - t.at}
		if d.year > 0 && d.year < 100 {
			d.year += 2000
		}
		check := d.year
		if check == 0 {
			check = 2024 // a leap year: it may be 29 February
		}
		if !validDate(check, timeMonth(d.month), d.day) {
			return d, false, &RuleError{d.at, d.length, "There is no such day. Days are written 24.12.2026, 24 Dec 2026 or 2026-12-24."}
		}
		return d, true, nil
	}
	// year reads the year after a day and month, if there is one.
	year := func(ahead int) (tokens, year int) {
		if sign(ahead, ",") && number(ahead+1) && p.look(ahead+1).length == 4 && p.look(ahead+1).number >= minYear {
			return 2, p.look(ahead + 1).number
		}
		if number(ahead) && p.look(ahead).length == 4 && p.look(ahead).number >= minYear && p.look(ahead).number <= maxYear && !sign(ahead+1, ":") {
			return 1, p.look(ahead).number
		}
		return 0, 0
	}
	switch {
	case t.kind == wordToken && month(0) != 0 && (number(1) || sign(1, ".") && number(2)): // Dec 24
		at := 1
		if sign(1, ".") {
			at = 2
		}
		m, day, more := month(0), p.look(at).number, 0
		if s := p.look(at + 1); s.kind == wordToken && (s.text == "th" || s.text == "st" || s.text == "nd" || s.text == "rd") {
			more = 1
		}
		n, y := year(at + 1 + more)
		return take(at+1+more+n, y, m, day)
	case t.kind != numberToken:
		return d, false, nil
	case t.length == 4 && sign(1, "-") && number(2) && sign(3, "-") && number(4):
		return take(5, t.number, p.look(2).number, p.look(4).number)
	case month(1) != 0 || sign(1, ".") && month(2) != 0: // 24 Dec, 24. Dezember
		at := 1
		if sign(1, ".") {
			at = 2
		}
		m, end := month(at), at+1
		if sign(end, ".") {
			end++
		}
		n, y := year(end)
		return take(end+n, y, m, t.number)
	case p.look(1).kind == wordToken && slices.Contains([]string{"th", "st", "nd", "rd"}, p.look(1).text) && month(2) != 0:
		n, y := year(3)
		return take(3+n, y, month(2), t.number)
	case sign(1, "/") && number(2) && sign(3, "/") && number(4):
		a, b := t.number, p.look(2).number
		switch {
		case t.length == 4:
			return take(5, a, b, p.look(4).number)
		case a > 12 || a == b:
			return take(5, p.look(4).number, b, a)
		case b > 12:
			return take(5, p.look(4).number, a, b)
		}
		return d, false, &RuleError{t.at, p.look(4).at + p.look(4).length - t.at, fmt.Sprintf("Is that the %d. of month %d or of month %d? Write 2026-12-04 or 4 Dec.", a, b, a)}
	case sign(1, ".") && number(2) && sign(3, ".") && t.length <= 2 && p.look(2).length <= 2: // 24.12. and 24.12.2026
		if number(4) && !p.look(4).spaced || number(4) && p.look(4).length == 4 && p.look(4).number >= minYear && p.look(4).number <= maxYear && !sign(5, ":") {
			return take(5, p.look(4).number, p.look(2).number, t.number)
		}
		return take(4, 0, p.look(2).number, t.number)
	case onlyDates && sign(1, ".") && number(2) && t.length <= 2 && p.look(2).length <= 2:
		return take(3, 0, p.look(2).number, t.number)
	}
	return d, false, nil
}

// rangeEnd reads what makes a range of the date before it.
func (p *ruleParser) rangeEnd() (d ruleDate, is bool, err error) {
	before := p.next
	if !p.sign("-") && p.peek().word() == wordTo {
		p.next++
	} else if p.next == before {
		return d, false, nil
	}
	if d, is, err = p.date(true); !is {
		p.next = before
	}
	return d, is, err
}

// bound reads from or until when.
func (p *ruleParser) bound(one *part) error {
	t := p.peek()
	p.next++
	for p.peek().word() == wordOn || p.peek().word() == wordNoise {
		p.next++
	}
	if w := p.peek().word(); w == wordWeeks || w == wordCalendar { // from week 3 to week 7
		return p.weeks(&one.weeks)
	}
	d, ok, err := p.date(false)
	switch {
	case err != nil:
		return err
	case !ok && p.peek().kind == numberToken && t.word() == wordFrom:
		return p.time(one) // from 10:15 to 11:45
	case !ok:
		return p.fail(p.peek(), "Here should be a date, such as 12.10.2026, 12 Oct or 2026-10-12.")
	case t.word() == wordFrom:
		one.from = &d
	default:
		one.to = &d
	}
	return nil
}

// except reads the days and weeks that are left out.
func (p *ruleParser) except(one *part) error {
	p.next++
	any := false
	for {
		before := p.next
		p.separators()
		for p.peek().word() == wordOn || p.peek().word() == wordIn || p.peek().word() == wordNoise || p.peek().word() == wordExcept ||
			p.peek().kind == wordToken && weekdays[p.peek().text] != 0 && p.dateAfterDay() {
			p.next++
			p.sign(".")
			p.sign(",")
		}
		if w := p.peek().word(); w == wordWeeks || w == wordCalendar {
			if err := p.weeks(&one.without); err != nil {
				return err
			}
			any = true
			continue
		}
		d, ok, err := p.date(true)
		if err != nil {
			return err
		}
		if !ok {
			if !any {
				return p.fail(p.peek(), "Here should be a date or a week, such as 24.12., 24 Dec to 6 Jan, or week 7.")
			}
			p.next = before
			return nil
		}
		any = true
		last, isRange, err := p.rangeEnd()
		if err != nil {
			return err
		}
		if !isRange {
			last = d
		}
		one.except = append(one.except, dateRange{d, last})
	}
}

// dateAfterDay reports whether the weekday that is next belongs to a date: Thu 24.12.
func (p *ruleParser) dateAfterDay() bool {
	t := p.look(1)
	if t.kind == signToken && (t.text == "." || t.text == ",") {
		t = p.look(2)
	}
	return t.kind == numberToken || t.kind == wordToken && months[t.text] != 0
}
