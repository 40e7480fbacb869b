package timetable

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, ok := Zone(name)
	if !ok {
		t.Fatalf("no time zone %s", name)
	}
	return z
}

func TestAWallClockThatJumps(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		zone, wall string
		want       string // in UTC
		shift      Shift
	}{
		{"Europe/Berlin", "2026-03-28 02:30", "2026-03-28 01:30", Once},
		{"Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59", Once},
		{"Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00", Skipped}, // is 3:00
		{"Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:30", Skipped}, // is 3:30
		{"Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00", Once},
		{"Europe/Berlin", "2026-03-29 10:15", "2026-03-29 08:15", Once},
		{"Europe/Berlin", "2026-10-25 01:59", "2026-10-24 23:59", Once},
		{"Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", Twice}, // still summer time
		{"Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00", Once},
		{"America/New_York", "2026-03-08 02:30", "2026-03-08 07:30", Skipped},
		{"America/New_York", "2026-11-01 01:30", "2026-11-01 05:30", Twice},
		{"America/New_York", "2026-11-01 09:00", "2026-11-01 14:00", Once},
		// Half an hour only, and in October.
		{"Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:45", Skipped},
		{"Australia/Lord_Howe", "2026-10-04 02:30", "2026-10-03 15:30", Once},
		{"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45", Twice},
		{"Australia/Lord_Howe", "2026-04-05 02:00", "2026-04-04 15:30", Once},
		// A day that there was not at all.
		{"Pacific/Apia", "2011-12-30 10:00", "2011-12-30 20:00", Skipped},
		{"Asia/Kolkata", "2026-10-12 10:15", "2026-10-12 04:45", Once},
	} {
		w, err := time.Parse("2006-01-02 15:04", tt.wall)
		if err != nil {
			t.Fatal(err)
		}
		got, shift := Moment(w, mustZone(t, tt.zone))
		if s := got.UTC().Format("2006-01-02 15:04"); s != tt.want || shift != tt.shift {
			t.Errorf("%s in %s: got %s (%d), want %s (%d)", tt.wall, tt.zone, s, shift, tt.want, tt.shift)
		}
	}
}

// Whatever a clock shows, the moment that it becomes is one at which it shows that,
// unless it never does.
func TestMomentsAreWhatTheClockShows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"} {
		z := mustZone(t, name)
		for w := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); w.Year() == 2026; w = w.Add(15 * time.Minute) {
			got, shift := Moment(w, z)
			if shown := OnWall(got, z); (shift == Skipped) == shown.Equal(w) {
				t.Fatalf("%s: %v becomes %v (%d)", name, w, got, shift)
			}
			if _, earlier := Moment(w.Add(-time.Minute), z); shift == Once && earlier == Once {
				if before, _ := Moment(w.Add(-15*time.Minute), z); !before.Before(got) {
					t.Fatalf("%s: %v is not before %v", name, before, got)
				}
			}
		}
	}
}

func TestNamesOfTimeZones(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Europe/Berlin":                                  "Europe/Berlin",
		"/citadel.org/20211207_1/Europe/Berlin":          "Europe/Berlin",
		"/freeassociation.sourceforge.net/Europe/Berlin": "Europe/Berlin",
		"W. Europe Standard Time":                        "Europe/Berlin",
		"\"Eastern Standard Time\"":                      "America/New_York",
		"America/Argentina/Buenos_Aires":                 "America/Argentina/Buenos_Aires",
		"UTC":                                            "UTC",
		"Local":                                          "",
		"../../etc/passwd":                               "",
		"":                                               "",
		"Nowhere/At_All":                                 "",
		"CET":                                            "",
	} {
		z, ok := Zone(name)
		if ok != (want != "") || ok && z.String() != want {
			t.Errorf("%q is %v, want %q", name, z, want)
		}
	}
	for name := range windowsZones {
		if _, ok := Zone(name); !ok {
			t.Errorf("%s is in the table but leads nowhere", name)
		}
	}
}
