package timetable_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	. "github.com/muster-live/muster/timetable"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, ok := Zone(name)
	if !ok {
		t.Fatalf("no time zone %s", name)
	}
	return z
}

func day(s string) Date {
	d, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return d
}

// winter is a course of a winter term in Berlin.
func winter(t testing.TB) Frame {
	return Frame{Zone: zone(t, "Europe/Berlin"), Courses: []Course{{ID: 1, Code: "CS101", Title: "Algorithms", Term: Term{day("2026-10-12"), day("2027-02-05")}}}}
}

// calendar is a file with these lines as its events' properties.
func calendar(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n")
	for _, e := range events {
		b.WriteString("BEGIN:VEVENT\r\n" + strings.ReplaceAll(e, "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	return b.String() + "END:VCALENDAR\r\n"
}

// sessions says what was read, a line each: when, in Berlin and in UTC, and what else
// there is to say.
func told(r *Reading, z *time.Location) []string {
	var lines []string
	for _, s := range r.Sessions {
		l := fmt.Sprintf("%s–%s %s", s.Starts.In(z).Format("Mon 2006-01-02 15:04"), s.Ends.In(z).Format("15:04"), s.Title)
		for _, more := range []string{s.Location, s.Note} {
			if more != "" {
				l += " | " + more
			}
		}
		if s.Cancelled {
			l += " | cancelled"
		}
		lines = append(lines, l)
	}
	for _, x := range r.Rejects {
		lines = append(lines, fmt.Sprintf("rejected, line %d: %s", x.Origin.Line, x.Reason))
	}
	return lines
}

func read(t *testing.T, f Frame, content string) *Reading {
	t.Helper()
	r, err := Calendar("t.ics", []byte(content), f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	const berlin = "DTSTART;TZID=Europe/Berlin:20261012T101500\nDTEND;TZID=Europe/Berlin:20261012T114500\nSUMMARY:Lecture\n"
	for name, tt := range map[string]struct {
		content string
		want    []string
	}{
		"one meeting": {
			calendar("UID:1\n" + berlin + "LOCATION:Hall 1\\, left"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture | Hall 1, left"},
		},
		"in UTC": {
			calendar("UID:1\nDTSTART:20261012T081500Z\nDURATION:PT1H30M\nSUMMARY:Lecture"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture"},
		},
		"floating, in the institution's zone": {
			calendar("UID:1\nDTSTART:20261012T101500\nDTEND:20261012T114500\nSUMMARY:Lecture"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture"},
		},
		"a zone of Outlook": {
			calendar("UID:1\nDTSTART;TZID=\"Eastern Standard Time\":20261012T041500\nDTEND;TZID=Eastern Standard Time:20261012T054500\nSUMMARY:Lecture"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture"},
		},
		"10:15 stays 10:15 when summer time ends": {
			calendar("UID:1\n" + berlin + "RRULE:FREQ=WEEKLY;COUNT=3"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture", "Mon 2026-10-19 10:15–11:45 Lecture", "Mon 2026-10-26 10:15–11:45 Lecture"},
		},
		"until, which is in UTC, includes its moment": {
			calendar("UID:1\n" + berlin + "RRULE:FREQ=WEEKLY;UNTIL=20261026T091500Z"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture", "Mon 2026-10-19 10:15–11:45 Lecture", "Mon 2026-10-26 10:15–11:45 Lecture"},
		},
		"until a day includes the day": {
			calendar("UID:1\n" + berlin + "RRULE:FREQ=WEEKLY;UNTIL=20261019"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture", "Mon 2026-10-19 10:15–11:45 Lecture"},
		},
		"exceptions and further dates": {
			calendar("UID:1\n" + berlin + "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20261019T101500\nEXDATE:20261026T091500Z\nRDATE;TZID=Europe/Berlin:20261013T080000"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture", "Tue 2026-10-13 08:00–09:30 Lecture", "Mon 2026-11-02 10:15–11:45 Lecture"},
		},
		"an exception that is a day": {
			calendar("UID:1\n" + berlin + "RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;VALUE=DATE:20261019"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture", "Mon 2026-10-26 10:15–11:45 Lecture"},
		},
		"one moved, one cancelled": {
			calendar("UID:1\n"+berlin+"RRULE:FREQ=WEEKLY;COUNT=3",
				"UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20261019T101500\nDTSTART;TZID=Europe/Berlin:20261020T140000\nDTEND;TZID=Europe/Berlin:20261020T153000\nSUMMARY:Lecture, moved",
				"UID:1\nRECURRENCE-ID:20261026T091500Z\nSTATUS:CANCELLED\nDTSTART:20261026T091500Z\nDTEND:20261026T104500Z\nSUMMARY:Lecture"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture", "Tue 2026-10-20 14:00–15:30 Lecture, moved", "Mon 2026-10-26 10:15–11:45 Lecture | cancelled"},
		},
		"this and all later ones": {
			calendar("UID:1\n"+berlin+"RRULE:FREQ=WEEKLY;COUNT=4",
				"UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261026T101500\nDTSTART;TZID=Europe/Berlin:20261027T120000\nDTEND;TZID=Europe/Berlin:20261027T130000\nSUMMARY:Later"),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture", "Mon 2026-10-19 10:15–11:45 Lecture", "Tue 2026-10-27 12:00–13:00 Later", "Tue 2026-11-03 12:00–13:00 Later"},
		},
		"an invitation to one of a series": {
			calendar("UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20261019T101500\n" + berlin),
			[]string{"Mon 2026-10-12 10:15–11:45 Lecture"},
		},
		"the newer of two with one UID": {
			calendar("UID:1\nSEQUENCE:1\nDTSTART:20261012T081500Z\nDTEND:20261012T084500Z\nSUMMARY:Old", "UID:1\nSEQUENCE:2\nDTSTART:20261013T081500Z\nDTEND:20261013T084500Z\nSUMMARY:New"),
			[]string{"Tue 2026-10-13 10:15–10:45 New", "rejected, line 4: The event of line 11 has the same UID and is newer."},
		},
		"without end: by the term": {
			calendar("UID:1\nDTSTART;TZID=Europe/Berlin:20200107T101500\nDTEND;TZID=Europe/Berlin:20200107T114500\nSUMMARY:Since 2020\nRRULE:FREQ=WEEKLY;INTERVAL=8"),
			[]string{"Tue 2026-12-01 10:15–11:45 Since 2020", "Tue 2027-01-26 10:15–11:45 Since 2020"},
		},
		"all day, no end, no beginning, too long, backwards, a zone that nobody knows": {
			calendar("UID:1\nDTSTART;VALUE=DATE:20261012\nSUMMARY:Holiday", "UID:2\nDTSTART:20261012T081500Z", "UID:3\nSUMMARY:x",
				"UID:4\nDTSTART:20261012T081500Z\nDTEND:20261015T081500Z", "UID:5\nDTSTART:20261012T081500Z\nDTEND:20261012T071500Z",
				"UID:6\nDTSTART;TZID=Mars/Base:20261012T081500\nDURATION:PT1H", "UID:7\nDTSTART:20261012T081500Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY;COUNT=9",
				"UID:8\nDTSTART:20261012T081500Z\nDURATION:PT1H\nRRULE:FREQ=SOMETIMES", "UID:9\nDTSTART:tomorrow\nDURATION:PT1H"),
			[]string{
				"rejected, line 4: It lasts all day, and a session has times. If there are no sessions on it, it is a holiday of the institution.",
				"rejected, line 9: It has no end (DTEND or DURATION).",
				"rejected, line 13: It has no beginning (DTSTART).",
				`rejected, line 27: The time zone "Mars/Base" (line 29) is unknown, and the file does not explain it (VTIMEZONE).`,
				`rejected, line 44: The time "tomorrow" (DTSTART, line 46) cannot be read.`,
				"rejected, line 17: It lasts 3 days; a session lasts a day at the most. Give each day a session of its own.",
				"rejected, line 22: It ends when it begins, or before. Give a later end.",
				"rejected, line 32: It repeats more often than daily. Give each time an event of its own.",
				`rejected, line 38: Its rule "FREQ=SOMETIMES" cannot be read: undefined frequency: SOMETIMES.`,
			},
		},
		"across midnight": {
			calendar("UID:1\nDTSTART:20261012T210000Z\nDURATION:PT2H\nSUMMARY:Stars", "UID:2\nDTSTART:20261012T210000Z\nDURATION:PT1H\nSUMMARY:Till midnight"),
			[]string{"Mon 2026-10-12 23:00–01:00 Stars | It ends the next day.", "Mon 2026-10-12 23:00–00:00 Till midnight"},
		},
		"clocks that jump": {
			calendar("UID:1\nDTSTART;TZID=Europe/Berlin:20270327T023000\nDURATION:PT1H\nSUMMARY:Night\nRRULE:FREQ=DAILY;COUNT=3", "UID:2\nDTSTART;TZID=Europe/Berlin:20261025T023000\nDURATION:PT1H\nSUMMARY:Fold"),
			[]string{
				"Sat 2027-03-27 02:30–03:30 Night", "Sun 2027-03-28 03:30–04:30 Night | Clocks skip 02:30 on this day; it is taken as 03:30.", "Mon 2027-03-29 02:30–03:30 Night",
				"Sun 2026-10-25 02:30–02:30 Fold | Clocks show 02:30 twice on this day; the first is taken.",
			},
		},
		"a line that is none spoils its event only": {
			calendar("UID:1\nno property here\nDTSTART:20261012T081500Z\nDURATION:PT1H\nSUMMARY:Bad", "UID:2\nDTSTART:20261012T081500Z\nDURATION:PT1H\nSUMMARY:Good"),
			[]string{"Mon 2026-10-12 10:15–11:15 Good", `rejected, line 4: Line 6 cannot be read: "no property here".`},
		},
		"folded lines, no UID, no title": {
			calendar("DTSTART:20261012T08\n 1500Z\nDURATION:PT1\n\tH"),
			[]string{"Mon 2026-10-12 10:15–11:15 Event without a title"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := winter(t)
			if d := cmp.Diff(tt.want, told(read(t, f, tt.content), f.Zone)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			again := read(t, f, strings.ReplaceAll(tt.content, "\r\n", "\r"))
			if d := cmp.Diff(tt.want, told(again, f.Zone)); d != "" {
				t.Errorf("with bare CR (-want +got):\n%s", d)
			}
		})
	}
}

func TestARuleWithoutEndNeedsATerm(t *testing.T) {
	t.Parallel()
	f := winter(t)
	f.Courses[0].Term.Last = Date{}
	got := told(read(t, f, calendar("UID:1\nDTSTART:20261012T081500Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY", "UID:2\nDTSTART:20261012T081500Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20991231")), f.Zone)
	want := []string{
		"rejected, line 4: It repeats without end, and the course's term has no last day. Give the last day, or have it end in your calendar.",
		"rejected, line 10: It takes place more than 1000 times. Have it end earlier in your calendar.",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A series keeps its meetings' names when all of them get another time of day.
func TestMeetingsKeepTheirNames(t *testing.T) {
	t.Parallel()
	names := func(start string) (refs []string) {
		for _, s := range read(t, winter(t), calendar("UID:a\nDTSTART;TZID=Europe/Berlin:"+start+"\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2\nRDATE;TZID=Europe/Berlin:20261012T200000")).Sessions {
			refs = append(refs, s.Ref)
		}
		return refs
	}
	want := []string{"a/20261012", "a/20261012T200000", "a/20261019"}
	for _, start := range []string{"20261012T101500", "20261012T120000"} {
		if d := cmp.Diff(want, names(start)); d != "" {
			t.Errorf("beginning %s (-want +got):\n%s", start, d)
		}
	}
}

func TestTimeZoneThatOnlyTheFileKnows(t *testing.T) {
	t.Parallel()
	const explained = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:Customized Time Zone\n" +
		"BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n" +
		"BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n" +
		"BEGIN:VEVENT\nUID:1\nSUMMARY:x\nDTSTART;TZID=Customized Time Zone:20261019T101500\nDTEND;TZID=Customized Time Zone:20261019T114500\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT\nEND:VCALENDAR\n"
	f := winter(t)
	want := []string{"Mon 2026-10-19 10:15–11:45 x", "Mon 2026-10-26 10:15–11:45 x"}
	if d := cmp.Diff(want, told(read(t, f, explained), f.Zone)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// A name that Linux programs give beside theirs is better than the rules.
	named := strings.Replace(explained, "TZID:Customized Time Zone\n", "TZID:Customized Time Zone\nX-LIC-LOCATION:America/New_York\n", 1)
	want = []string{"Mon 2026-10-19 16:15–17:45 x", "Mon 2026-10-26 15:15–16:45 x"}
	if d := cmp.Diff(want, told(read(t, f, named), f.Zone)); d != "" {
		t.Errorf("named (-want +got):\n%s", d)
	}
}

func TestACalendarOfManyCourses(t *testing.T) {
	t.Parallel()
	f := winter(t)
	f.Courses = append(f.Courses, Course{ID: 2, Code: "CS10"}, Course{ID: 3, Code: "MA2"}, Course{ID: 4, Code: "MA2", Ref: "m-2b"})
	f.Many = true
	const at = "\nDTSTART:20261012T081500Z\nDURATION:PT1H"
	r := read(t, f, calendar("UID:1\nSUMMARY:CS101 Algorithms"+at, "UID:2\nSUMMARY:Lab (cs10)"+at, "UID:3\nSUMMARY:Analysis\nCATEGORIES:Lecture,m-2b"+at, "UID:4\nSUMMARY:MA2"+at, "UID:5\nSUMMARY:CS1010"+at))
	var courses []int64
	for _, s := range r.Sessions {
		courses = append(courses, int64(s.Course))
	}
	if d := cmp.Diff([]int64{1, 2, 4}, courses); d != "" || len(r.Rejects) != 2 {
		t.Errorf("courses (-want +got):\n%s%+v", d, r.Rejects)
	}
	f.Only = "LAB"
	if r := read(t, f, calendar("UID:1\nSUMMARY:CS101 Algorithms"+at, "UID:2\nSUMMARY:Lab (cs10)"+at)); len(r.Sessions) != 1 || r.Others != 1 {
		t.Errorf("only labs: %+v", r)
	}
}

func TestWhatIsNoCalendar(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"":                                      "t.ics: This is no calendar",
		"<html>":                                "t.ics:1: This is no calendar",
		"date;start\n12.10.;10:15":              "t.ics:1: This is no calendar",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1":  "t.ics:2: It ends in the middle of a VEVENT",
		"BEGIN:VCALENDAR\nEND:VEVENT":           "t.ics:2: It says END:VEVENT",
		strings.Repeat("BEGIN:VCALENDAR\n", 20): "inside each other",
	} {
		if _, err := Calendar("t.ics", []byte(content), winter(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", content, err, want)
		}
	}
}

// Rules that never come true take a while each to find out, so a calendar may have a
// few of them only.
func TestRulesThatNeverComeTrue(t *testing.T) {
	t.Parallel()
	var events []string
	for i := range 2000 {
		events = append(events, fmt.Sprintf("UID:%d\nSUMMARY:Never\nDTSTART:20261012T081500Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", i))
	}
	r := read(t, winter(t), calendar(events...))
	few := 0
	for _, x := range r.Rejects {
		if !strings.Contains(x.Reason, "never come true") {
			few++
		}
	}
	if len(r.Rejects) < 1900 || few > 0 {
		t.Errorf("%d rejects, %d of them for something else", len(r.Rejects), few)
	}
}

func FuzzCalendar(f *testing.F) {
	files, err := filepath.Glob("testdata/*.ics")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte(calendar("UID:1\nDTSTART;TZID=Europe/Berlin:20261012T101500\nDURATION:PT1H30M\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4\nEXDATE:20261019T081500Z\nRDATE:20261020T081500Z/PT1H")))
	f.Add([]byte(semester))
	frame := winter(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 10_000 {
			return
		}
		r, err := Calendar("f.ics", content, frame)
		if err != nil {
			return
		}
		for _, s := range r.Sessions {
			if !s.Ends.After(s.Starts) || s.Ends.Sub(s.Starts) > MaxLength || s.Ref == "" || s.Course == 0 || s.Origin.Line == 0 {
				t.Errorf("%+v", s)
			}
		}
		var rejects bytes.Buffer
		err = WriteRejects(&rejects, Request{File: file("f.ics", string(content))}, &Plan{Rejects: r.Rejects})
		if err != nil || len(r.Rejects) == 0 {
			if err != nil || rejects.Len() > 0 {
				t.Errorf("nothing is rejected, and written is %q, %v", rejects.String(), err)
			}
			return
		}
		again, err := Calendar("f-rejected.ics", rejects.Bytes(), frame)
		if err != nil || !again.Part || len(again.Rejects) == 0 {
			t.Errorf("what is rejected cannot be sent again: %v\n%s", err, &rejects)
		}
	})
}
