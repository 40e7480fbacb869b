package calendar_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/calendar"
)

var monday = time.Date(2026, 10, 26, 9, 15, 0, 0, time.UTC)

func written(t testing.TB, f calendar.Feed) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parsed is a feed as another program reads it.
func parsed(t testing.TB, text string) []*ics.VEvent {
	t.Helper()
	c, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c.Events()
}

func TestFeedAsAnotherProgramReadsIt(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, calendar.Feed{Name: "muster", Host: "abc.muster", Zone: berlin, Now: monday, OwnMarks: true,
		Address: func(*calendar.Session) string { return "https://muster.example.edu/s/5" },
		Sessions: []calendar.Session{
			{ID: 5, CourseCode: "CS101", CourseTitle: "Algorithms; a tour, \\ in depth", Title: "Sorting\nand more", Location: "Hall 3, north",
				Starts: monday, Ends: monday.Add(90 * time.Minute), Revision: 2, Role: attendance.Student, Mark: attendance.Late},
			{ID: 6, CourseCode: "BIO", CourseTitle: "BIO", Starts: monday.AddDate(0, 0, 1), Cancelled: true, Role: attendance.Teacher, Mark: attendance.Present},
		}})
	events := parsed(t, text)
	if len(events) != 2 {
		t.Fatalf("%d events in\n%s", len(events), text)
	}
	value := func(e *ics.VEvent, name ics.ComponentProperty) string {
		if p := e.GetProperty(name); p != nil {
			return p.Value
		}
		return ""
	}
	for name, want := range map[ics.ComponentProperty]string{
		ics.ComponentPropertyUniqueId: "session-5@abc.muster", ics.ComponentPropertySequence: "2",
		ics.ComponentPropertyDtStart: "20261026T091500Z", ics.ComponentPropertyDtEnd: "20261026T104500Z", ics.ComponentPropertyDtstamp: "20261026T091500Z",
		ics.ComponentPropertySummary: "CS101 Algorithms; a tour, \\ in depth: Sorting\nand more", ics.ComponentPropertyLocation: "Hall 3, north",
		ics.ComponentPropertyDescription: "You are marked late.", ics.ComponentPropertyStatus: "CONFIRMED", ics.ComponentPropertyUrl: "https://muster.example.edu/s/5",
	} {
		if got := value(events[0], name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// A teacher's own mark is none of the students'; an end that is not known is made up.
	for name, want := range map[ics.ComponentProperty]string{
		ics.ComponentPropertySummary: "BIO", ics.ComponentPropertyDescription: "", ics.ComponentPropertyStatus: "CANCELLED",
		ics.ComponentPropertyDtEnd: "20261027T100000Z", ics.ComponentPropertyTransp: "TRANSPARENT",
	} {
		if got := value(events[1], name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(text, "\r\nX-WR-TIMEZONE:Europe/Berlin\r\n") {
		t.Error("the zone is not told")
	}
}

func TestMarksAreToldOnlyIfTheyAreWanted(t *testing.T) {
	t.Parallel()
	text := written(t, calendar.Feed{Name: "muster", Host: "h", Now: monday, Sessions: []calendar.Session{{ID: 5, Starts: monday, Role: attendance.Student, Mark: attendance.Absent}}})
	if strings.Contains(text, "DESCRIPTION") || strings.Contains(text, "absent") {
		t.Error(text)
	}
}

// Lines have at most 75 bytes, end in CR LF, and are divided inside no character; what
// was folded reads as before.
func FuzzFolding(f *testing.F) {
	f.Add("CS101", strings.Repeat("Ä", 60), "here")
	f.Add("a;b,c\\d", "\r\n\r", strings.Repeat("x", 200)+"学校\x00\xff")
	f.Fuzz(func(t *testing.T, code, title, location string) {
		text := written(t, calendar.Feed{Name: title, Host: "h", Now: monday, Sessions: []calendar.Session{{ID: 1, CourseCode: code, CourseTitle: title, Title: title, Location: location, Starts: monday}}})
		if !utf8.ValidString(text) || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
			t.Fatalf("lines end otherwise, or it is not UTF-8: %q", text)
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			if len(line) > 75 || !utf8.ValidString(line) {
				t.Fatalf("%q has %d bytes", line, len(line))
			}
		}
		if n := strings.Count(strings.ReplaceAll(text, "\r\n ", ""), "\r\nEND:VEVENT\r\n"); n != 1 {
			t.Fatalf("%d events: %q", n, text)
		}
		events := parsed(t, text)
		want := strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
				return -1
			}
			return r
		}, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(location, "\ufffd")))
		if p := events[0].GetProperty(ics.ComponentPropertyLocation); want != "" && (p == nil || strings.TrimSpace(p.Value) != strings.TrimSpace(want)) {
			t.Fatalf("location %q came out as %+v", want, p)
		}
	})
}
