package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/timetable"
)

func TestTimetableCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	muster := func(want int, args ...string) string {
		t.Helper()
		var out, log bytes.Buffer
		if code := run(t.Context(), append(args, "--data", dir), &out, &log); code != want {
			t.Errorf("%q: code %d, %s", args, code, &log)
		}
		return out.String() + log.String()
	}
	has := func(got string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%q is not in\n%s", w, got)
			}
		}
	}
	people := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(people, []byte("ref,family,given\n1,Lovelace,Ada\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	muster(0, "import", people, "--course", "CS101", "--apply")
	muster(0, "timetable", "zone", "Europe/Berlin")
	has(muster(0, "timetable", "zone"), "Europe/Berlin")
	has(muster(1, "timetable", "zone", "Mars/Base"), "not the name of a time zone")
	muster(0, "timetable", "holiday", "Autumn break", "--first", "2030-10-21")
	const rule = "Mon 10:15-11:45, weeks 1-3"
	has(muster(0, "timetable", "rule", rule, "--course", "CS101", "--first", "2030-10-14"), "Mon 14 Oct 2030, 10:15–11:45", "Autumn break", "2 new", "--apply")
	has(muster(0, "timetable", "list", "CS101"))
	muster(0, "timetable", "rule", rule, "--course", "CS101", "--first", "2030-10-14", "--apply")
	has(muster(0, "timetable", "rule", rule, "--course", "CS101", "--first", "2030-10-14", "--apply"), "0 new", "2 as they are")
	has(muster(1, "timetable", "rule", "Mon 10-11, weks 2", "--course", "CS101"), "Did you mean", "  Mon 10-11, weks 2\n             ^^^^")
	file := filepath.Join(dir, "plan.csv")
	if err := os.WriteFile(file, []byte("Kurs;Datum;Beginn;Ende\ncs101;4.11.2030;10:15;11:45\nNOPE;4.11.2030;10:15;11:45\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	has(muster(1, "timetable", "import", file), "1 new", "plan.csv:3", "no course")
	muster(0, "timetable", "import", file, "--apply")
	// What is rejected comes back in the format of the file.
	out := filepath.Join(dir, "rejected")
	has(muster(1, "timetable", "import", file, "--rejects", out))
	if got, _ := os.ReadFile(out); !strings.Contains(string(got), "NOPE;4.11.2030;10:15;11:45;") || strings.Contains(string(got), "cs101") {
		t.Errorf("the rejected rows are %s", got)
	}
	calendar := filepath.Join(dir, "plan.ics")
	const event = "BEGIN:VEVENT\nUID:1\nSUMMARY:Lab\nDTSTART:20301118T091500Z\nEND:VEVENT\n"
	if err := os.WriteFile(calendar, []byte("BEGIN:VCALENDAR\n"+event+"END:VCALENDAR\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	has(muster(1, "timetable", "import", calendar, "--course", "CS101", "--rejects", out), "It has no end")
	got, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(got), "X-MUSTER-REASON:It has no end") {
		t.Errorf("the rejected events are %s, %v", got, err)
	}
	if err := os.WriteFile(out, []byte(strings.Replace(string(got), "UID:1", "DURATION:PT1H\r\nUID:1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	has(muster(0, "timetable", "import", out, "--course", "CS101", "--apply"), "1 new", "0 cancelled")

	has(muster(0, "timetable", "holiday", "Strike", "--first", "2030-10-28", "--cancel"), "Mon 28 Oct 2030")
	has(muster(0, "timetable", "list", "CS101"), "Mon 2030-10-14  10:15–11:45", "Mon 2030-10-28  10:15–11:45", "cancelled", "Mon 2030-11-04")
}

// A session opens when its time has come (to the millisecond, which timetable's tests hold
// in fake time), and what came due while nothing ran is done when the server is back:
// opened if its end is ahead, closed if that has passed.
func TestSessionsOpenAndCloseThroughKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	course, err := store.AddCourse(t.Context(), roster.NewCourse{Course: roster.Course{Code: "CS101", Title: "Algorithms", Rules: attendance.DefaultRules()}})
	if err != nil {
		t.Fatal(err)
	}
	h := changes.Header{Kind: changes.Timetable, Course: course, From: "test", At: time.Now().Add(-time.Hour)}
	if _, err := store.ChangeTiming(t.Context(), h, timetable.Timing{AutoOpen: true, AutoClose: true}); err != nil {
		t.Fatal(err)
	}
	in := timetable.Input{Reading: &timetable.Reading{}, Source: "rule", Courses: []attendance.CourseID{course}, Now: h.At}
	// plan adds a session to what the course's rule comes to, by when from now on it is.
	plan := func(title string, starts, ends time.Duration) {
		t.Helper()
		now := time.Now()
		in.Sessions = append(in.Sessions, timetable.Planned{Course: course, Ref: title, Title: title, Starts: now.Add(starts), Ends: now.Add(ends)})
		if _, err := store.ApplyTimetable(t.Context(), h, in.Courses, func(cur *timetable.Current) (*timetable.Plan, error) { return timetable.Diff(cur, in), nil }); err != nil {
			t.Fatal(err)
		}
	}
	session := func(title string) attendance.Session {
		t.Helper()
		all, err := store.Meetings(t.Context(), course)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if m.Title == title {
				return m.Session
			}
		}
		t.Fatalf("no session %s", title)
		return attendance.Session{}
	}
	until := func(title string, status attendance.Status) attendance.Session {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			if s := session(title); s.Status == status {
				return s
			}
			if time.Now().After(deadline) {
				t.Fatalf("session %s is not %v", title, status)
			}
		}
	}
	plan("held", 3*time.Second, time.Hour)
	server := serveProcess(t, dir)
	held := until("held", attendance.Open)
	if held.OpenedAt.Before(held.Starts.Truncate(time.Millisecond)) {
		t.Errorf("it began %v and was opened %v", held.Starts, held.OpenedAt)
	}
	server.kill()
	server.wait()
	tamper(t, dir, fmt.Sprintf(`UPDATE sessions SET ends_at = %d WHERE id = %d`, held.OpenedAt.UnixMilli()+1, held.ID)) // which is over by now
	plan("began", -time.Second, time.Hour)
	plan("ended", -2*time.Second, -time.Second)
	plan("ended long ago", -2*time.Hour, -time.Hour)
	server = serveProcess(t, dir)
	until("held", attendance.Closed)
	until("began", attendance.Open)
	events, err := store.Events(t.Context(), held.ID, 0, 10)
	if err != nil || len(events) != 2 || events[0].Source != attendance.ByRule || events[0].Actor != 0 {
		t.Errorf("%+v, %v", events, err)
	}
	for _, title := range []string{"ended", "ended long ago"} {
		if s := session(title); s.Status != attendance.Scheduled {
			t.Errorf("session %s had ended, and is %v", title, s.Status)
		}
	}
	server.terminate()
}
