package timetable

import (
	"fmt"
	"strings"
)

// ParseRule reads a rule in words, English or German. Its error is a [RuleError] that
// points at what it does not understand.
func ParseRule(rule string) (*Rule, error) {
	tokens, err := lex(rule)
	if err != nil {
		return nil, err
	}
	p := &ruleParser{tokens: tokens, text: []rune(rule)}
	var parts []part
	for p.peek().kind != endToken {
		if p.peek().kind == clauseToken {
			p.next++
			continue
		}
		begins := p.peek().at
		one, err := p.part()
		if err != nil {
			return nil, err
		}
		one.at, one.length = begins, p.last().at+p.last().length-begins
		parts = append(parts, *one)
	}
	return assemble(parts, len(p.text))
}

// assemble gives every part what the parts without a time say.
func assemble(parts []part, length int) (*Rule, error) {
	r := &Rule{}
	var common []part
	for _, p := range parts {
		if len(p.meetings) == 0 {
			common = append(common, p)
			continue
		}
		for _, m := range p.meetings {
			switch {
			case !m.hasTime():
				return nil, &RuleError{m.at, m.length, "At what time? Write 10:15–11:45 after the days."}
			case !m.hasDays() && len(m.dates) == 0:
				return nil, &RuleError{m.at, m.length, "On which days? Write Mon and Wed before the time."}
			}
		}
		r.parts = append(r.parts, p)
	}
	if len(r.parts) == 0 {
		return nil, &RuleError{0, length, "Write days and a time, such as: Mon and Wed 10:15–11:45, weeks 1–14."}
	}
	for i := range r.parts {
		p := &r.parts[i]
		for _, c := range common {
			if len(p.weeks.ranges) == 0 && (p.odd == allWeeks || p.weeks.calendar == c.weeks.calendar) {
				p.weeks = c.weeks
			}
			if p.odd == allWeeks {
				p.odd = c.odd
			}
			if p.interval == 0 {
				p.interval = c.interval
			}
			if p.from == nil {
				p.from = c.from
			}
			if p.to == nil {
				p.to = c.to
			}
			p.except = append(p.except, c.except...)
			if len(p.without.ranges) == 0 {
				p.without = c.without
			}
			if p.title == "" {
				p.title = c.title
			}
			if p.location == "" {
				p.location = c.location
			}
		}
	}
	return r, nil
}

type ruleParser struct {
	tokens []token
	next   int
	text   []rune
}

func (p *ruleParser) peek() token { return p.tokens[p.next] }

func (p *ruleParser) look(ahead int) token {
	return p.tokens[min(p.next+ahead, len(p.tokens)-1)]
}

func (p *ruleParser) last() token { return p.tokens[max(p.next-1, 0)] }

// sign takes the sign if it is next.
func (p *ruleParser) sign(s string) bool {
	if t := p.peek(); t.kind == signToken && t.text == s {
		p.next++
		return true
	}
	return false
}

// word returns what the next token means if it is a keyword.
func (t token) word() int {
	if t.kind != wordToken {
		return 0
	}
	return keywords[t.text]
}

// separators takes what only stands between things.
func (p *ruleParser) separators() {
	for {
		t := p.peek()
		if t.kind == signToken && strings.Contains(",/&+", t.text) || t.word() == wordAnd {
			p.next++
			continue
		}
		return
	}
}

func (p *ruleParser) fail(t token, problem string) error {
	return &RuleError{t.at, max(t.length, 1), problem}
}

// part reads until a semicolon, a new line or the end.
func (p *ruleParser) part() (*part, error) {
	one := &part{}
	for {
		t := p.peek()
		if t.kind == endToken || t.kind == clauseToken {
			return one, nil
		}
		if err := p.item(one, t); err != nil {
			return nil, err
		}
	}
}

// item reads one thing that a part says.
func (p *ruleParser) item(one *part, t token) error {
	switch t.kind {
	case quoteToken:
		p.next++
		one.title = clean(t.text, MaxTitle)
		return nil
	case signToken:
		if t.text == "@" {
			p.next++
			return p.location(one)
		}
		if strings.Contains(",/&+.()", t.text) {
			p.next++
			return nil
		}
		return p.fail(t, fmt.Sprintf("%q makes no sense here.", t.text))
	case numberToken:
		return p.number(one, t)
	}
	if weekdays[t.text] != 0 {
		return p.days(one)
	}
	if months[t.text] != 0 {
		return p.number(one, t)
	}
	switch t.word() {
	case wordAnd, wordNoise, wordWeekly, wordOClock:
		p.next++
	case wordAt, wordOn:
		p.next++
		if next := p.peek(); t.word() == wordAt && next.kind == wordToken && weekdays[next.text] == 0 && next.word() == 0 {
			return p.location(one)
		}
	case wordIn:
		p.next++
		switch p.peek().word() {
		case wordWeeks, wordCalendar, wordOdd, wordEven, wordEvery, wordNoise:
			return nil
		}
		return p.location(one)
	case wordRoom:
		return p.location(one) // "Room 12" with its name
	case wordDaily, wordWorkdays:
		p.next++
		m := one.meeting(t)
		last := 7
		if t.word() == wordWorkdays {
			last = 5
		}
		for i := 1; i <= last; i++ {
			m.days[i] = true
		}
	case wordBiweekly:
		p.next++
		one.interval = 2
	case wordEvery:
		return p.every(one)
	case wordOdd, wordEven:
		return p.parity(one)
	case wordWeeks, wordCalendar:
		return p.weeks(&one.weeks)
	case wordFrom, wordTo:
		return p.bound(one)
	case wordExcept:
		return p.except(one)
	case wordFor:
		p.next++
		return p.duration(one, t)
	default:
		problem := fmt.Sprintf("%q is not a word that rules have.", t.text)
		if like := nearest(t.text); like != "" {
			problem += fmt.Sprintf(" Did you mean %q?", like)
		} else {
			problem += " Put a title in quotation marks, and a room after “in”."
		}
		return p.fail(t, problem)
	}
	return nil
}

// meeting returns the meeting that more days or a time belong to: after a time, days
// begin another.
func (one *part) meeting(t token) *meeting {
	if n := len(one.meetings); n > 0 && !one.meetings[n-1].hasTime() {
		m := &one.meetings[n-1]
		m.length = t.at + t.length - m.at
		return m
	}
	one.meetings = append(one.meetings, meeting{at: t.at, length: t.length})
	return &one.meetings[len(one.meetings)-1]
}

// days reads weekdays: Mon, Wed and Fri; Mo–Fr.
func (p *ruleParser) days(one *part) error {
	m := one.meeting(p.peek())
	for {
		t := p.peek()
		first := weekdays[t.text]
		if t.kind != wordToken || first == 0 {
			return nil
		}
		p.next++
		p.sign(".") // Mo.
		m.length = t.at + t.length - m.at
		last := first
		if to := p.peek(); to.kind == signToken && to.text == "-" || to.word() == wordTo {
			if end := p.look(1); end.kind == wordToken && weekdays[end.text] != 0 {
				last = weekdays[end.text]
				p.next += 2
				p.sign(".")
				m.length = end.at + end.length - m.at
			}
		}
		for d := first; ; d = d%7 + 1 {
			m.days[d] = true
			if d == last {
				break
			}
		}
		before := p.next
		p.separators()
		if t := p.peek(); t.kind != wordToken || weekdays[t.text] == 0 {
			p.next = before
			return nil
		}
	}
}

// number reads what begins with a number: a date, several, or a time.
func (p *ruleParser) number(one *part, t token) error {
	if end := p.look(1); t.kind == numberToken && (isDays(end) || end.text == "-" && isDays(p.look(2))) { // 14-täglich
		if t.number%7 != 0 || t.number == 0 || t.number > 70 {
			return p.fail(t, "Write every 2 weeks, or 14-täglich.")
		}
		for !isDays(p.peek()) {
			p.next++
		}
		p.next++
		one.interval = t.number / 7
		return nil
	}
	d, ok, err := p.date(false)
	if err != nil {
		return err
	}
	if !ok {
		return p.time(one)
	}
	if last, isRange, err := p.rangeEnd(); err != nil {
		return err
	} else if isRange { // 12.10.–5.2.: from when until when
		one.from, one.to = &d, &last
		return nil
	}
	if n := len(one.meetings); n > 0 && !one.meetings[n-1].hasTime() && one.meetings[n-1].hasDays() {
		// Mon 12.10.2026: the weekday only says it again.
		if len(one.meetings[n-1].dates) == 0 {
			one.meetings[n-1].days = [8]bool{}
		}
	}
	m := one.meeting(t)
	m.dates = append(m.dates, d)
	m.length = p.last().at + p.last().length - m.at
	return nil
}

func isDays(t token) bool { return t.text == "täglich" || t.text == "tägig" }

// location reads a place: all until a comma, a semicolon or the end.
func (p *ruleParser) location(one *part) error {
	first := p.peek()
	end := first.at
	for {
		t := p.peek()
		if t.kind == endToken || t.kind == clauseToken || t.kind == signToken && t.text == "," {
			break
		}
		end = t.at + t.length
		p.next++
	}
	if end == first.at {
		return p.fail(first, "Where? Write the room after “in”.")
	}
	one.location = clean(strings.Trim(string(p.text[first.at:end]), `"“”„`), MaxLocation)
	return nil
}
