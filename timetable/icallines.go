package timetable

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/muster-live/muster/table"
)

// component is a BEGIN … END of a calendar.
type component struct {
	name        string
	line        int
	first, last int // of the lines that it was read from
	props       []property
	inner       []*component
	bad         string // why it cannot be read, if something in it was no property
}

// property is a line of a component.
type property struct {
	name, value string
	params      map[string][]string
	line        int
}

func (p *property) param(name string) string {
	if all := p.params[name]; len(all) > 0 {
		return all[0]
	}
	return ""
}

// values are the parts of a list, such as the dates of an EXDATE.
func (p *property) values() []string { return strings.Split(p.value, ",") }

// get returns the first property of a name, or nil.
func (c *component) get(name string) *property {
	for i := range c.props {
		if c.props[i].name == name {
			return &c.props[i]
		}
	}
	return nil
}

func (c *component) text(name string) string {
	if p := c.get(name); p != nil {
		return ics.FromText(p.value)
	}
	return ""
}

// Limits of a calendar.
const (
	MaxCalendar = 10 << 20 // bytes
	maxEvents   = 20_000
	maxDepth    = 8
	maxLine     = 100_000 // bytes, unfolded
)

// components reads the components of all calendars in the lines of a file, one inside the
// other. An event that cannot be read is bad, and the others are not.
func components(file string, lines []line) ([]*component, error) {
	root := &component{}
	open := []*component{root}
	events := 0
	for i, l := range lines {
		top := open[len(open)-1]
		p, err := ics.ParseProperty(ics.ContentLine(l.text))
		switch {
		case len(l.text) > maxLine:
			top.bad = fmt.Sprintf("Line %d is too long.", l.number)
			continue
		case err != nil || p == nil:
			if len(open) == 1 {
				return nil, notACalendar(file, l.number)
			}
			top.bad = fmt.Sprintf("Line %d cannot be read: %q.", l.number, clean(l.text, 60))
			continue
		}
		switch name := strings.ToUpper(p.IANAToken); name {
		case "BEGIN":
			c := &component{name: strings.ToUpper(strings.TrimSpace(p.Value)), line: l.number, first: i}
			if len(open) == 1 && c.name != "VCALENDAR" {
				return nil, notACalendar(file, l.number)
			}
			if len(open) > maxDepth {
				return nil, broken(file, l.number, "It has more things inside each other than a calendar does.")
			}
			if c.name == "VEVENT" {
				events++
			}
			if events > maxEvents {
				return nil, broken(file, l.number, fmt.Sprintf("It has more than %d events. Export a shorter time.", maxEvents))
			}
			top.inner = append(top.inner, c)
			open = append(open, c)
		case "END":
			if len(open) == 1 || top.name != strings.ToUpper(strings.TrimSpace(p.Value)) {
				return nil, broken(file, l.number, fmt.Sprintf("It says END:%s where no %[1]s is open.", clean(p.Value, 40)))
			}
			top.last = i
			open = open[:len(open)-1]
		default:
			if len(open) == 1 {
				return nil, notACalendar(file, l.number)
			}
			params := make(map[string][]string, len(p.ICalParameters))
			for k, v := range p.ICalParameters {
				params[strings.ToUpper(k)] = v
			}
			top.props = append(top.props, property{name, p.Value, params, l.number})
		}
	}
	switch {
	case len(open) > 1:
		return nil, broken(file, open[len(open)-1].line, fmt.Sprintf("It ends in the middle of a %s: it was cut off. Export it again.", open[len(open)-1].name))
	case len(root.inner) == 0:
		return nil, notACalendar(file, 0)
	}
	return root.inner, nil
}

func broken(file string, line int, problem string) error {
	return &table.FileError{Origin: Origin{File: file, Line: line}, Problem: problem}
}

func notACalendar(file string, line int) error {
	return broken(file, line, "This is no calendar, which begins with BEGIN:VCALENDAR. Export it as iCalendar (.ics).")
}

// text returns a file in UTF-8, whatever it was written in.
func text(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		if b, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data); err == nil {
			return b
		}
	}
	if !utf8.Valid(data) {
		if b, err := charmap.Windows1252.NewDecoder().Bytes(data); err == nil {
			return b
		}
	}
	return data
}

type line struct {
	text   string
	number int
	raw    string // as it stands in the file, folded, with LF between its parts
}

// unfold puts lines together that were folded (RFC 5545, 3.1), whether they end in CR,
// LF or both.
func unfold(data []byte) (all []line) {
	s := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	number, at, begin := 0, 0, 0
	var folded []string // what goes on the last line
	end := func() {
		if len(folded) > 0 {
			all[len(all)-1].text += strings.Join(folded, "")
			folded = nil
		}
	}
	for l := range strings.SplitSeq(s, "\n") {
		number++
		switch {
		case len(all) > 0 && (strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t")):
			folded = append(folded, l[1:])
			all[len(all)-1].raw = s[begin : at+len(l)]
		case strings.TrimSpace(l) != "":
			end()
			all = append(all, line{l, number, l})
			begin = at
		}
		at += len(l) + 1
	}
	end()
	return all
}
