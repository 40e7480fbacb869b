package timetable

import (
	"bufio"
	"io"
	"path/filepath"
	"slices"
	"strings"

	ics "github.com/arran4/golang-ical"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Properties of a calendar that holds only events that were rejected: of which file, and
// of each event why. They are there for people, and need not be removed from what is mended.
const (
	rejectedFrom = "X-MUSTER-REJECTED-FROM"
	rejectedFor  = "X-MUSTER-REASON"
)

// ErrNoRejects says that there is no such file.
var ErrNoRejects = attendance.Refuse(attendance.CodeNotFound, "Nothing is rejected.")

// RejectsName is the name of the file that [WriteRejects] writes.
func RejectsName(f table.File) (string, error) {
	content, err := ReadCalendarFile(f)
	if err == nil && content == nil {
		return table.RejectsName(f)
	}
	return calendarRejectsName(f.Name), err
}

func calendarRejectsName(name string) string {
	return strings.TrimSuffix(name, filepath.Ext(name)) + "-rejected.ics"
}

// WriteRejects writes what comes to nothing of a file in the format that it has: the rows
// of a sheet with the reason in the last column, the events of a calendar with the reason
// as a property. It is ready to be mended and sent again.
func WriteRejects(w io.Writer, r Request, p *Plan) error {
	content, err := ReadCalendarFile(r.File)
	if err != nil {
		return err
	}
	if content != nil {
		return writeEvents(w, r.File.Name, content, p.Rejects)
	}
	reasons := make(map[int]string)
	for _, one := range p.Rejects {
		if was := reasons[one.Origin.Line]; was != "" {
			one.Reason = was + " " + one.Reason
		}
		reasons[one.Origin.Line] = one.Reason
	}
	return table.WriteRejects(w, r.File, table.Options{Sheet: r.Sheet}, reasons)
}

// writeEvents writes the events of a calendar that are rejected, line by line as they
// stand there, and the time zones and what else its head has. Of a series it writes all
// events: by itself, a meeting that was moved would not say what it is instead of.
func writeEvents(w io.Writer, file string, content []byte, rejects []Reject) error {
	lines := unfold(text(content))
	calendars, err := components(file, lines)
	if err != nil {
		return err
	}
	byLine := make(map[int][]Reject)
	for _, one := range rejects {
		byLine[one.Origin.Line] = append(byLine[one.Origin.Line], one)
	}
	series := make(map[string]bool)
	for _, c := range calendars {
		for _, e := range c.inner {
			if uid := e.uid(); uid != "" && byLine[e.line] != nil {
				series[uid] = true
			}
		}
	}
	out := bufio.NewWriter(w)
	for _, c := range calendars {
		begins := make(map[int]*component) // what is inside, by its first line
		wanted := make(map[*component]bool)
		events := 0
		for _, inner := range c.inner {
			begins[inner.first] = inner
			rejected := inner.name == "VEVENT" && (byLine[inner.line] != nil || series[inner.uid()])
			wanted[inner] = rejected || inner.name == "VTIMEZONE"
			if rejected {
				events++
			}
		}
		if events == 0 {
			continue
		}
		from := file
		if c.get(rejectedFrom) != nil { // it was rejected before
			from = c.text(rejectedFrom)
		}
		for i := c.first; i <= c.last; i++ {
			inner := begins[i]
			switch {
			case inner != nil && !wanted[inner]:
				i = inner.last
				continue
			case lines[i].is(rejectedFor), lines[i].is(rejectedFrom):
				continue
			}
			io.WriteString(out, strings.ReplaceAll(lines[i].raw, "\n", "\r\n")+"\r\n") // Flush says what went wrong
			if i == c.first {
				writeText(out, rejectedFrom, from)
			}
			if inner != nil {
				writeReasons(out, inner, byLine[inner.line])
			}
		}
	}
	return out.Flush()
}

// writeReasons writes why an event is rejected: as a whole, or some of its meetings.
func writeReasons(w io.Writer, e *component, rejects []Reject) {
	var reasons []string
	for _, one := range rejects {
		why := one.Reason
		if one.What != e.summary() {
			why = one.What + ": " + why
		}
		if !slices.Contains(reasons, why) { // each meeting of a series that is too long is
			reasons = append(reasons, why)
			writeText(w, rejectedFor, why)
		}
	}
}

// writeText writes a property that is a text, folded.
func writeText(w io.Writer, name, value string) {
	p := ics.BaseProperty{IANAToken: name, Value: value}
	p.SerializeTo(w, &ics.SerializationConfiguration{MaxLength: 75, NewLine: "\r\n"}) // Flush says what went wrong
}

// is reports whether a line is a property of that name.
func (l *line) is(name string) bool {
	return len(l.text) > len(name) && strings.EqualFold(l.text[:len(name)], name) && strings.ContainsRune(":;", rune(l.text[len(name)]))
}
