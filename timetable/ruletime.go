package timetable

import (
	"fmt"
	"strings"
	"time"
)

func timeMonth(n int) time.Month {
	if n < 1 || n > 12 {
		return 13 // there is none
	}
	return time.Month(n)
}

// half is which half of the day a time of twelve hours is in.
type half uint8

const (
	whole half = iota // of twenty-four hours
	morning
	evening
)

// time reads from when until when: 10:15–11:45, 10.15 bis 11.45 Uhr, 10-12, 2–3:30pm,
// 10:15 for 90 min.
func (p *ruleParser) time(one *part) error {
	t := p.peek()
	m := one.meeting(t)
	start, first, err := p.clock()
	if err != nil {
		return err
	}
	m.length = p.last().at + p.last().length - m.at
	before := p.next
	if p.peek().word() == wordOClock {
		p.next++
	}
	if !p.sign("-") {
		if p.peek().word() != wordTo {
			p.next = before
			m.start = start
			if p.peek().word() == wordFor {
				p.next++
				return p.duration(one, t)
			}
			return p.fail(t, "Until when? Write 10:15–11:45, or 10:15 for 90 min.")
		}
		p.next++
	}
	if p.peek().kind != numberToken {
		return p.fail(p.peek(), "Here should be the time at which it ends, such as 11:45.")
	}
	endAt := p.peek()
	end, second, err := p.clock()
	if err != nil {
		return err
	}
	if p.peek().word() == wordOClock {
		p.next++
	}
	if first == whole && second != whole { // 2–3:30pm
		if as := inHalf(start, second); as < end {
			start = as
		}
	}
	m.length = p.last().at + p.last().length - m.at
	return m.set(start, end, endAt)
}

// set gives a meeting its time. What ends before it begins, ends the next day, unless
// that would be most of a day.
func (m *meeting) set(start, end int, at token) error {
	const night = 12 * 60
	if end <= start {
		end += 24 * 60
	}
	if end-start > night {
		return &RuleError{at.at, at.length, fmt.Sprintf("It would last %s. Check from when until when.", minutesWords(end-start))}
	}
	m.start, m.end = start, end
	return nil
}

func minutesWords(n int) string {
	if n%60 == 0 {
		return fmt.Sprintf("%d hours", n/60)
	}
	return fmt.Sprintf("%d:%02d hours", n/60, n%60)
}

// duration reads for how long the meeting before it lasts.
func (p *ruleParser) duration(one *part, from token) error {
	t := p.peek()
	if t.kind != numberToken {
		return p.fail(t, "For how long? Write for 90 min.")
	}
	p.next++
	n := t.number
	switch p.peek().word() {
	case wordMinutes:
		p.next++
	case wordHours:
		p.next++
		n *= 60
	default:
		return p.fail(p.peek(), "Minutes or hours? Write for 90 min.")
	}
	if len(one.meetings) == 0 || one.meetings[len(one.meetings)-1].hasTime() {
		return p.fail(from, "From when? Write 10:15 for 90 min.")
	}
	m := &one.meetings[len(one.meetings)-1]
	if n < 1 || n > 12*60 {
		return p.fail(t, "A session lasts from 1 minute to 12 hours.")
	}
	m.length = p.last().at + p.last().length - m.at
	m.end = m.start + n
	return nil
}

// clock reads a time of day, in minutes.
func (p *ruleParser) clock() (minutes int, h half, err error) {
	t := p.peek()
	p.next++
	hour, minute := t.number, 0
	sep := p.peek()
	switch {
	case t.length == 4 || t.length == 3: // 1015
		hour, minute = t.number/100, t.number%100
	case t.length > 4:
		return 0, whole, p.fail(t, "This is neither a time nor a date.")
	case (sep.kind == signToken && strings.Contains(":.", sep.text) || sep.word() == wordHours) && !sep.spaced && p.look(1).kind == numberToken && !p.look(1).spaced:
		if p.look(1).length != 2 {
			return 0, whole, p.fail(p.look(1), "Minutes have two digits: 9:05.")
		}
		minute = p.look(1).number
		p.next += 2
	case sep.word() == wordHours: // 10h
		p.next++
	}
	length := p.last().at + p.last().length - t.at
	switch next := p.peek(); {
	case next.kind == wordToken && (next.text == "am" || next.text == "a") && p.isHalf("am"):
		h = morning
	case next.kind == wordToken && (next.text == "pm" || next.text == "p") && p.isHalf("pm"):
		h = evening
	}
	if hour > 24 || minute > 59 || hour == 24 && minute > 0 || h != whole && (hour < 1 || hour > 12) {
		return 0, whole, &RuleError{t.at, length, "There is no such time of day."}
	}
	return inHalf(hour*60+minute, h), h, nil
}

// isHalf takes "am" or "pm", also "a.m.". In German, "am" goes before a date or a day.
func (p *ruleParser) isHalf(which string) bool {
	t := p.peek()
	if t.text == which {
		next := p.look(1)
		german := which == "am" && t.spaced && (next.kind == numberToken || next.kind == wordToken && weekdays[next.text] != 0)
		if !german {
			p.next++
		}
		return !german
	}
	if p.look(1).text == "." && p.look(2).text == "m" {
		p.next += 3
		p.sign(".")
		return true
	}
	return false
}

// inHalf returns a time of twelve hours in one half of the day.
func inHalf(minutes int, h half) int {
	switch hour := minutes / 60; {
	case h == morning && hour == 12:
		return minutes - 12*60
	case h == evening && hour < 12:
		return minutes + 12*60
	}
	return minutes
}
