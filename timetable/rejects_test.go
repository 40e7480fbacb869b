package timetable_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	. "github.com/muster-live/muster/timetable"
)

// semester is a calendar in the form in which Google exports one. Of its events come to
// nothing: one meeting of a series, which became a whole day; a series with a rule that
// nobody can read; an event with a line that is none; one on a holiday.
const semester = `BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-CALNAME:Algorithmen
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Campus
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Campus:20261012T101500
DTEND;TZID=Campus:20261012T114500
RRULE:FREQ=WEEKLY;COUNT=4
DTSTAMP:20260920T121653Z
UID:lecture@google.com
DESCRIPTION:Vorlesung für alle\, die es wissen wollen: <a href="https://exampl
 e.edu/algorithmen">Seite</a>
SUMMARY:Lecture
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-P0DT0H10M0S
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261021
DTEND;VALUE=DATE:20261022
RECURRENCE-ID;TZID=Campus:20261019T101500
UID:lecture@google.com
SUMMARY:Lecture\, excursion
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Campus:20261027T101500
DTEND;TZID=Campus:20261027T114500
RECURRENCE-ID;TZID=Campus:20261026T101500
UID:lecture@google.com
SUMMARY:Lecture\, moved
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Campus:20261013T140000
DTEND;TZID=Campus:20261013T153000
RRULE:FREQ=WEEKLY;COUNT=2
UID:fine@google.com
SUMMARY:Tutorial
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Campus:20261014T080000
DTEND;TZID=Campus:20261014T093000
RRULE:FREQ=FORTNIGHTLY;COUNT=2
UID:lab@google.com
SUMMARY:Lab
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Campus:20261015T080000
DTEND;TZID=Campus:20261015T093000
RECURRENCE-ID;TZID=Campus:20261014T080000
UID:lab@google.com
SUMMARY:Lab\, moved
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Campus:20261016T080000
This line was pasted here by mistake, and nobody knows what it should be at all
DTEND;TZID=Campus:20261016T093000
UID:pasted@google.com
SUMMARY:Colloquium
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Campus:20261103T080000
DTEND;TZID=Campus:20261103T093000
UID:holiday@google.com
SUMMARY:Exam
END:VEVENT
BEGIN:VTODO
UID:todo@google.com
SUMMARY:Book a room
END:VTODO
END:VCALENDAR
`

// rejected takes a calendar in on a campus with a holiday and returns what was read, and
// the file of what comes to nothing.
func rejected(t *testing.T, name, content string) (*Reading, string) {
	t.Helper()
	b := newBook(t)
	b.Holidays = []Holiday{{First: day("2026-11-03"), Last: day("2026-11-03"), Name: "Founders' day"}}
	r := read(t, winter(t), content)
	p := Diff(&b.Current, Input{Reading: r, Source: FileSource(name), Courses: []attendance.CourseID{1}, Now: now})
	var out bytes.Buffer
	if err := WriteRejects(&out, Request{File: file(name, content)}, p); err != nil {
		t.Fatal(err)
	}
	return r, out.String()
}

// What comes to nothing of a calendar comes back as a calendar, line by line as it was, with
// the reasons. A series stays together, since a meeting that was moved says nothing alone.
func TestRejectedEventsAreACalendar(t *testing.T) {
	t.Parallel()
	const tutorial = "BEGIN:VEVENT\nDTSTART;TZID=Campus:20261013T140000"
	without := func(s, from, until string) string {
		i := strings.Index(s, from)
		return s[:i] + s[i+strings.Index(s[i:], until)+len(until):]
	}
	want := without(without(semester, tutorial, "END:VEVENT\n"), "BEGIN:VTODO", "END:VTODO\n")
	want = strings.NewReplacer(
		"BEGIN:VCALENDAR\n", "BEGIN:VCALENDAR\nX-MUSTER-REJECTED-FROM:plan.ics\n",
		"DTSTART;VALUE=DATE:20261021\n", "X-MUSTER-REASON:It lasts all day\\, and a session has times. If there are no\n  sessions on it\\, it is a holiday of the institution.\nDTSTART;VALUE=DATE:20261021\n",
		"DTSTART;TZID=Campus:20261014T080000\n", "X-MUSTER-REASON:Its rule \"FREQ=FORTNIGHTLY\\;COUNT=2\" cannot be read:\n  undefined frequency: FORTNIGHTLY.\nDTSTART;TZID=Campus:20261014T080000\n",
		"DTSTART;TZID=Campus:20261016T080000\n", "X-MUSTER-REASON:Line 76 cannot be read: \"This line was pasted here by\n  mistake\\, and nobody knows what…\".\nDTSTART;TZID=Campus:20261016T080000\n",
		"DTSTART;TZID=Campus:20261103T080000\n", "X-MUSTER-REASON:Exam\\, Tue 3 Nov 2026\\, 08:00–09:30: That is Founders'\n  day\\; no sessions are planned on holidays.\nDTSTART;TZID=Campus:20261103T080000\n",
	).Replace(want)
	want = strings.ReplaceAll(want, "\n", "\r\n")
	for written, content := range map[string]string{
		"with LF": semester, "with CR": strings.ReplaceAll(semester, "\n", "\r"),
		"in Windows-1252": strings.ReplaceAll(semester, "ü", "\xfc"), "in UTF-8 with a BOM": "\ufeff" + semester,
	} {
		_, got := rejected(t, "plan.ics", content)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", written, d)
		}
	}
}

// Sent again as it is, a file of rejected events has the same events rejected for the same
// reasons, which it does not repeat, and says of which file they are.
func TestRejectedEventsSentAgainAreRejectedAgain(t *testing.T) {
	t.Parallel()
	reasons := func(r *Reading) (all []string) {
		for _, x := range r.Rejects {
			all = append(all, x.What+": "+regexp.MustCompile(`[Ll]ine \d+`).ReplaceAllString(x.Reason, "line"))
		}
		return all
	}
	whole, once := rejected(t, "plan.ics", semester)
	part, twice := rejected(t, "plan-rejected (1).ics", once)
	if d := cmp.Diff(reasons(whole), reasons(part)); d != "" || whole.Part || whole.Of != "" {
		t.Errorf("%v %q (-want +got):\n%s", whole.Part, whole.Of, d)
	}
	if !part.Part || part.Of != "plan.ics" {
		t.Errorf("it is a part: %v, of %q", part.Part, part.Of)
	}
	lines := regexp.MustCompile(`Line \d+`)
	if d := cmp.Diff(lines.ReplaceAllString(once, "Line"), lines.ReplaceAllString(twice, "Line")); d != "" {
		t.Errorf("(-once +twice):\n%s", d)
	}
	// A program may have dropped what it does not know of the calendar, or of the events.
	for _, gone := range []string{"X-MUSTER-REJECTED-FROM:plan.ics\r\n", "X-MUSTER-REASON"} {
		if r := read(t, winter(t), strings.ReplaceAll(once, gone, "X-OTHER")); !r.Part {
			t.Errorf("without %q it is taken for a whole timetable", gone)
		}
	}
}

// Other programs can read the file, once the lines that nobody can are gone.
func TestRejectedEventsAreReadByOthers(t *testing.T) {
	t.Parallel()
	_, got := rejected(t, "plan.ics", regexp.MustCompile(`This line.*\n`).ReplaceAllString(semester, "X-ROOM\n"))
	for l := range strings.SplitSeq(got, "\r\n") {
		if len(l) > 75 && strings.HasPrefix(l, "X-MUSTER") || strings.ContainsAny(l, "\r\n") {
			t.Errorf("the line %q", l)
		}
	}
	c, err := ics.ParseCalendar(strings.NewReader(strings.ReplaceAll(got, "X-ROOM\r\n", "")))
	if err != nil {
		t.Fatal(err)
	}
	var reasons int
	for _, e := range c.Events() {
		for _, p := range e.Properties {
			if p.IANAToken == "X-MUSTER-REASON" {
				reasons++
			}
		}
	}
	if len(c.Events()) != 7 || reasons != 4 || len(c.Timezones()) != 1 {
		t.Errorf("%d events, %d with a reason, %d time zones", len(c.Events()), reasons, len(c.Timezones()))
	}
}
