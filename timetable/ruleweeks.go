package timetable

import "strings"

// every reads "every 2 weeks", "every other week", "every Monday".
func (p *ruleParser) every(one *part) error {
	t := p.peek()
	p.next++
	switch next := p.peek(); {
	case next.kind == numberToken:
		p.next++
		if p.peek().kind == wordToken && (p.peek().text == "nd" || p.peek().text == "rd" || p.peek().text == "th") || p.peek().text == "." {
			p.next++
		}
		if p.peek().word() != wordWeeks || next.number < 1 || next.number > 26 {
			return p.fail(next, "Write every 2 weeks.")
		}
		p.next++
		one.interval = next.number
	case next.word() == wordOther:
		p.next++
		if p.peek().word() == wordWeeks {
			p.next++
		}
		one.interval = 2
	case next.word() == wordWeeks:
		p.next++
	case next.word() == wordNoise: // every day
		p.next++
		m := one.meeting(t)
		for i := 1; i <= 7; i++ {
			m.days[i] = true
		}
	}
	return nil
}

// parity reads "odd weeks", "gerade KW".
func (p *ruleParser) parity(one *part) error {
	t := p.peek()
	p.next++
	kind := oddWeeks
	if t.word() == wordEven {
		kind = evenWeeks
	}
	calendar := false
	for p.peek().word() == wordWeeks || p.peek().word() == wordCalendar {
		calendar = calendar || p.peek().word() == wordCalendar
		p.next++
	}
	if len(one.weeks.ranges) > 0 && one.weeks.calendar != calendar && calendar {
		return p.fail(t, "Weeks of the term and of the calendar do not go together. Use one of them.")
	}
	if p.peek().kind == numberToken { // odd weeks 1–13
		p.next--
		if err := p.weeks(&one.weeks); err != nil {
			return err
		}
	}
	one.odd, one.weeks.calendar = kind, one.weeks.calendar || calendar
	return nil
}

// weeks reads "weeks 1–7, 9 and 11", "KW 42–50".
func (p *ruleParser) weeks(set *weekSet) error {
	start := p.peek()
	calendar := false
	for p.peek().word() == wordWeeks || p.peek().word() == wordCalendar {
		calendar = calendar || p.peek().word() == wordCalendar
		p.next++
	}
	if p.sign(".") { // Wo.
		start.length++
	}
	if len(set.ranges) > 0 && set.calendar != calendar {
		return p.fail(start, "Weeks of the term and of the calendar do not go together. Use one of them.")
	}
	set.calendar = calendar
	for first := true; ; first = false {
		before := p.next
		p.separators()
		if !first && (p.peek().word() == wordWeeks || p.peek().word() == wordCalendar) {
			p.next++
		}
		n := p.peek()
		if n.kind != numberToken || !first && p.next == before || p.look(1).kind == signToken && strings.Contains(":./", p.look(1).text) && p.look(2).kind == numberToken && !p.look(1).spaced ||
			!first && (p.look(1).kind == wordToken && (months[p.look(1).text] != 0 || p.look(1).word() == wordOn && p.look(1).text == "am" || p.look(1).word() == wordPM)) {
			p.next = before
			if first {
				return p.fail(p.peek(), "Which weeks? Write weeks 1–14.")
			}
			return nil
		}
		p.next++
		last := n
		if t := p.peek(); (t.kind == signToken && t.text == "-" || t.word() == wordTo) && p.look(1).kind == numberToken {
			last = p.look(1)
			p.next += 2
		} else if t.word() == wordTo && p.look(1).word() == wordWeeks && p.look(2).kind == numberToken { // week 3 to week 7
			last = p.look(2)
			p.next += 3
		}
		for _, w := range []token{n, last} {
			if w.number < 1 || w.number > 53 {
				return p.fail(w, "Weeks are from 1 to 53.")
			}
		}
		if last.number < n.number && !calendar {
			return p.fail(last, "The last week is before the first.")
		}
		set.ranges = append(set.ranges, [2]int{n.number, last.number})
		set.at, set.length = start.at, last.at+last.length-start.at
		if len(set.ranges) > 60 {
			return p.fail(n, "Those are too many weeks.")
		}
	}
}
