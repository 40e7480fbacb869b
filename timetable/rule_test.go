package timetable_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/muster-live/muster/timetable"
)

// days says when sessions are, those of the same time of day together.
func days(r *Reading, f Frame) string {
	var parts []string
	last := ""
	for _, s := range r.Sessions {
		at := s.Starts.In(f.Zone).Format("15:04") + "–" + s.Ends.In(f.Zone).Format("15:04")
		d := s.Starts.In(f.Zone).Format("2.1.")
		if at != last {
			d = at + " " + d
		}
		last = at
		parts = append(parts, d)
	}
	return strings.Join(parts, " ")
}

// The term is from Monday 12 October 2026 to Friday 5 February 2027.
func TestRule(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"Mon 10:15–11:45, weeks 1–3":                                       "10:15–11:45 12.10. 19.10. 26.10.",
		"Mon and Wed 10:15-11:45, weeks 1-2":                               "10:15–11:45 12.10. 14.10. 19.10. 21.10.",
		"Mo und Mi 10:15 – 11:45 Uhr, Wochen 1 bis 2":                      "10:15–11:45 12.10. 14.10. 19.10. 21.10.",
		"montags 8-10 Uhr, Woche 1":                                        "08:00–10:00 12.10.",
		"Mo. 10.15 bis 11.45 Uhr, Wochen 1, 3 und 5–6":                     "10:15–11:45 12.10. 26.10. 9.11. 16.11.",
		"Di, Do 14h15–15h45, Woche 2":                                      "14:15–15:45 20.10. 22.10.",
		"Tuesday/Thursday 2–3:30pm week 2":                                 "14:00–15:30 20.10. 22.10.",
		"Tue 11–1pm week 2":                                                "11:00–13:00 20.10.",
		"Tue 9:30 am to 11 a.m. week 2":                                    "09:30–11:00 20.10.",
		"Mon-Wed 9-10 week 1":                                              "09:00–10:00 12.10. 13.10. 14.10.",
		"Fri to Mon 9-10 week 2":                                           "09:00–10:00 19.10. 23.10. 24.10. 25.10.",
		"weekdays 0800-0900, week 1":                                       "08:00–09:00 12.10. 13.10. 14.10. 15.10. 16.10.",
		"daily 8–9, week 1":                                                "08:00–09:00 12.10. 13.10. 14.10. 15.10. 16.10. 17.10. 18.10.",
		"Mon 10:15 for 90 min, weeks 1–2":                                  "10:15–11:45 12.10. 19.10.",
		"montags um 10:15 für 2 Stunden, Wochen 1–2":                       "10:15–12:15 12.10. 19.10.",
		"Mon 10:15–11:45 from 1 Dec until 15 Dec":                          "10:15–11:45 7.12. 14.12.",
		"Mon from 10:15 to 11:45, from 1.12. until 15.12.":                 "10:15–11:45 7.12. 14.12.",
		"Mo 10:15–11:45, 1.12.2026–15.12.2026":                             "10:15–11:45 7.12. 14.12.",
		"Mo 10:15–11:45 ab 25.1.2027":                                      "10:15–11:45 25.1. 1.2.",
		"Mon 10:15–11:45, odd weeks, weeks 1–6":                            "10:15–11:45 12.10. 26.10. 9.11.",
		"Mon 10:15–11:45, even weeks 1–6":                                  "10:15–11:45 19.10. 2.11. 16.11.",
		"Mo 10:15–11:45, ungerade KW, bis 16.11.":                          "10:15–11:45 19.10. 2.11. 16.11.",
		"Mo 10:15–11:45, gerade KW, bis 16.11.":                            "10:15–11:45 12.10. 26.10. 9.11.",
		"Mo 10:15–11:45, KW 43–44":                                         "10:15–11:45 19.10. 26.10.",
		"Mon 10:15–11:45, KW 52–1":                                         "10:15–11:45 21.12. 28.12. 4.1.",
		"every other Mon 10:15–11:45 until 16 Nov":                         "10:15–11:45 12.10. 26.10. 9.11.",
		"Mon 10:15–11:45 every 2 weeks from 19 Oct until 16.11.":           "10:15–11:45 19.10. 2.11. 16.11.",
		"Mo 10:15–11:45 14-täglich bis 16.11.":                             "10:15–11:45 12.10. 26.10. 9.11.",
		"every Monday 10:15–11:45, weeks 11–12 except 24.12., 21 Dec":      "10:15–11:45 28.12.",
		"Mon, Thu 10:15–11:45, weeks 10–14, except 24.12.–6.1. and 14 Jan": "10:15–11:45 14.12. 17.12. 21.12. 7.1. 11.1.",
		"Mon 10:15–11:45, weeks 1–4, except weeks 2 and 3":                 "10:15–11:45 12.10. 2.11.",
		"Mo 10:15–11:45, Wochen 1–4, außer am Mo, 19.10.":                  "10:15–11:45 12.10. 26.10. 2.11.",
		"12.10. and 19.10.2026 10:15–11:45":                                "10:15–11:45 12.10. 19.10.",
		"on 2026-10-13, Oct 20, 27th October 10:15–11:45":                  "10:15–11:45 13.10. 20.10. 27.10.",
		"Mon 12.10. 10:15–11:45":                                           "10:15–11:45 12.10.",
		"Fri 22:00–00:30, week 1":                                          "22:00–00:30 16.10.",
		"Mon 10:15–11:45 and Wed 8–9:30, week 1":                           "10:15–11:45 12.10. 08:00–09:30 14.10.",
		"Mon 10:15–11:45; Wed 8–9:30\nweeks 1–2; except 14.10.":            "10:15–11:45 12.10. 19.10. 08:00–09:30 21.10.",
		"Mon 10:15–11:45, week 12":                                         "10:15–11:45 28.12.",
		"Fri 9-10":                                                         "09:00–10:00 16.10. 23.10. 30.10. 6.11. 13.11. 20.11. 27.11. 4.12. 11.12. 18.12. 25.12. 1.1. 8.1. 15.1. 22.1. 29.1. 5.2.",
	} {
		f := winter(t)
		r, err := sessionsOf(rule, f)
		if err != nil {
			t.Errorf("%q: %v", rule, err)
			continue
		}
		if got := days(r, f); got != want || len(r.Rejects) > 0 {
			t.Errorf("%q:\n got %s\nwant %s", rule, got, want)
		}
	}
}

func sessionsOf(rule string, f Frame) (*Reading, error) {
	r, err := ParseRule(rule)
	if err != nil {
		return nil, err
	}
	return r.Sessions(f)
}

func TestRuleSaysPlacesAndTitles(t *testing.T) {
	t.Parallel()
	f := winter(t)
	r, err := sessionsOf(`Mon 10:15–11:45 in HS 1, "Lecture"; Wed 8-9 Raum 0.12; Thu 8-9; weeks 1-1; at Lab`, f)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Mon 2026-10-12 10:15–11:45 Lecture | HS 1", "Wed 2026-10-14 08:00–09:00 Wed 14 Oct | Raum 0.12", "Thu 2026-10-15 08:00–09:00 Thu 15 Oct | Lab"}
	if d := cmp.Diff(want, told(r, f.Zone)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// An error points at what is not understood.
func TestRuleErrorsPoint(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"Mon ⟨foo⟩ 10–11":                             "not a word",
		"⟨Mondey⟩ 10–11":                              `Did you mean "monday"?`,
		"Mon 10–11, ⟨weks⟩ 1-3":                       `Did you mean "weeks"?`,
		"⟨Mon⟩":                                       "At what time?",
		"⟨10:15–11:45⟩":                               "On which days?",
		"⟨⟩":                                          "Write days and a time",
		"Mon ⟨10:15⟩":                                 "Until when?",
		"Mon ⟨25:00⟩–26:00":                           "no such time",
		"Mon 10:⟨5⟩–11":                               "two digits",
		"Mon 10:15–⟨10:15⟩":                           "24 hours",
		"Mon 11:45–⟨10:15⟩":                           "22:30 hours",
		"Mon 10–11, weeks 5–⟨3⟩":                      "before the first",
		"Mon 10–11, weeks ⟨0⟩–3":                      "from 1 to 53",
		"Mon 10–11, ⟨weeks 1–20⟩":                     "Week 20 begins after the last day, 5 Feb 2027, which is in week 17",
		"Mon 10–11, weeks ⟨⟩":                         "Which weeks?",
		"Mon 10–11, until ⟨Easter⟩":                   "should be a date",
		"Mon 10–11, until ⟨31.11.⟩":                   "no such day",
		"Mon 10–11, until ⟨4/5/2027⟩":                 "2026-12-04",
		"Mon 10–11, except ⟨tomorrow⟩":                "a date or a week",
		"Mon 10–11, from 1.12.2026 until ⟨1.11.2026⟩": "before the first day",
		"Mon 10–11, \"⟨title⟩":                        "not closed",
		"Mon 10–11 for ⟨long⟩":                        "For how long?",
		"Mon 10–11 ⟨!⟩":                               "no sense",
		"Mon 10–11 every ⟨99⟩ weeks":                  "every 2 weeks",
		"⟨Mon 10–11, until 5.2.2032⟩":                 "three years",
	} {
		at := strings.Index(rule, "⟨")
		plain := strings.NewReplacer("⟨", "", "⟩", "").Replace(rule)
		_, err := sessionsOf(plain, winter(t))
		var e *RuleError
		if !errors.As(err, &e) {
			t.Errorf("%q: %v, want %s", plain, err, want)
			continue
		}
		// A quotation mark is where the fault begins, not what follows it.
		wantAt := len([]rune(rule[:at]))
		if strings.Contains(want, "not closed") {
			wantAt--
		}
		if !strings.Contains(e.Problem, want) || e.At != wantAt {
			t.Errorf("%q: got %d+%d %s, want %d %s", plain, e.At, e.Length, e.Problem, wantAt, want)
		}
	}
}

func TestRuleNeedsDatesFromSomewhere(t *testing.T) {
	t.Parallel()
	f := winter(t)
	f.Courses[0].Term = Term{}
	for rule, want := range map[string]string{
		"Mon 10–11, weeks 1–3":                                 "no dates. Say from when",
		"Mon 10–11, from 12.10.2026":                           "no end",
		"12.10. 10–11":                                         "say the year",
		"Mon 10–11, weeks 1–2 from 14.10.2026":                 "10:00–11:00 19.10.",
		"Mon 10–11, from 12.10.2026 until 2.11. except 19.10.": "10:00–11:00 12.10. 26.10. 2.11.",
		"12.10.2026 10–11":                                     "10:00–11:00 12.10.",
	} {
		got := ""
		r, err := sessionsOf(rule, f)
		if err != nil {
			got = err.Error()
		} else {
			got = days(r, f)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", rule, got, want)
		}
	}
}

func TestRuleInWords(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"Mo, Mi 10:15–11:45, Wochen 1–14, außer 24.12.-6.1., 1.12.": "Mondays and Wednesdays 10:15 to 11:45, weeks 1 to 14 of the term, 12 Oct 2026 to 5 Feb 2027, except 24 Dec to 6 Jan 2027 and 1 Dec 2026",
		"Fri 22-1, odd weeks, until 1 Dec in Observatory":           "Fridays 22:00 to 1:00 the next day, odd weeks of the term, 12 Oct 2026 to 1 Dec 2026, in Observatory",
		"13.10. 9–10 \"Test\"":                                      "Tue 13 Oct 2026 9:00 to 10:00, called “Test”",
	} {
		f := winter(t)
		r, err := ParseRule(rule)
		if err != nil {
			t.Errorf("%q: %v", rule, err)
			continue
		}
		if got := strings.Join(r.Words(f), "\n"); got != want {
			t.Errorf("%q:\n got %s\nwant %s", rule, got, want)
		}
	}
}

// Week 1 is that of the first day, unless this is at a weekend.
func TestFirstWeekOfATerm(t *testing.T) {
	t.Parallel()
	for first, want := range map[string]string{"2026-10-12": "2026-10-12", "2026-10-15": "2026-10-12", "2026-10-16": "2026-10-12", "2026-10-17": "2026-10-19", "2026-10-18": "2026-10-19"} {
		if got := (Term{First: day(first)}).Week(1); !got.Equal(day(want)) {
			t.Errorf("%s: %v, want %s", first, got, want)
		}
	}
}

func FuzzRule(f *testing.F) {
	for _, rule := range []string{"Mon and Wed 10:15–11:45, weeks 1–14; except 24.12.–6.1.", "Mo/Mi 8-10 Uhr, ungerade KW, in HS 1", "on 2026-10-13, Oct 20 2–3:30pm \"x\"", "every 2nd Mon 9h15 for 90 min from 1 Dec until 4/13/2027"} {
		f.Add(rule)
	}
	frame := winter(f)
	f.Fuzz(func(t *testing.T, rule string) {
		r, err := ParseRule(rule)
		var e *RuleError
		if err == nil {
			var read *Reading
			if read, err = r.Sessions(frame); err == nil {
				_ = r.Words(frame)
				for _, s := range read.Sessions {
					if !s.Ends.After(s.Starts) || s.Ref == "" {
						t.Fatalf("%+v", s)
					}
				}
				return
			}
		}
		if !errors.As(err, &e) || e.At < 0 || e.Length < 0 || e.At+e.Length > len([]rune(rule))+1 {
			t.Fatalf("%q: %v", rule, err)
		}
	})
}

func ExampleParseRule() {
	berlin, _ := Zone("Europe/Berlin")
	course := Course{ID: 1, Code: "CS101", Term: Term{First: day("2026-10-12"), Last: day("2027-02-05")}}
	rule, err := ParseRule("Mon and Wed 10:15–11:45, weeks 1–14, except 24.12.–6.1.")
	if err != nil {
		panic(err)
	}
	f := Frame{Zone: berlin, Courses: []Course{course}}
	read, err := rule.Sessions(f)
	if err != nil {
		panic(err)
	}
	fmt.Println(rule.Words(f)[0])
	fmt.Println(len(read.Sessions), "sessions, the first on", read.Sessions[0].Starts)
	// Output:
	// Mondays and Wednesdays 10:15 to 11:45, weeks 1 to 14 of the term, 12 Oct 2026 to 5 Feb 2027, except 24 Dec to 6 Jan 2027
	// 24 sessions, the first on 2026-10-12 10:15:00 +0200 CEST
}
