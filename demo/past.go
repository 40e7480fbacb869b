package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/muster-live/muster/attendance"
)

// weeks is how long the past term was.
const weeks = 14

// meeting is a session of the past term, with all that happened in it.
type meeting struct {
	course int
	title  string
	starts time.Time
	ends   time.Time
	deeds  []deed // by time
}

// deed is something that somebody did in a session.
type deed struct {
	at    time.Time
	by    int // number of a person
	kind  attendance.CommandKind
	whom  int // number of the person whose mark is set
	mark  attendance.Mark
	note  string
	place int // among the deeds of this person in this session
}

// habit is how a student attends.
type habit struct {
	diligence float64 // how likely to come at the beginning of the term
	lateness  float64 // how likely to be late then
	quits     float64 // when to come no more, as a part of the term; above 1: never
}

func newHabit(r *rand.Rand) habit {
	h := habit{diligence: 0.99 - 0.4*r.Float64()*r.Float64(), lateness: 0.02 + 0.25*r.Float64()*r.Float64(), quits: 2}
	if r.IntN(20) == 0 {
		h.quits = 0.15 + 0.7*r.Float64()
	}
	return h
}

// pastTerm makes up the sessions of the weeks before today, oldest first. The same
// seed and day give the same term.
func (u university) pastTerm(seed uint64, today time.Time) []meeting {
	var all []meeting
	for i, c := range u.courses {
		r := rand.New(rand.NewPCG(seed, uint64(100+i)))
		habits := make(map[int]habit, len(c.students))
		for _, s := range c.students {
			habits[s] = newHabit(r)
		}
		for week := range weeks {
			for k := range c.weekly {
				starts := weekday(today, week-weeks, c.weekday).AddDate(0, 0, 2*k).Add(time.Duration(c.hour) * time.Hour)
				title := fmt.Sprintf("Week %d: %s", week+1, c.topics[week])
				if k > 0 {
					title += ", continued"
				}
				m := meeting{course: i, title: title, starts: starts, ends: starts.Add(90 * time.Minute)}
				m.happen(r, c, habits, float64(week)/weeks)
				all = append(all, m)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b meeting) int { return a.starts.Compare(b.starts) })
	return all
}

// weekday returns the beginning of a day of the week that is so many weeks from now.
func weekday(today time.Time, weeks int, day time.Weekday) time.Time {
	y, m, d := today.Date()
	monday := d - (int(today.Weekday())+6)%7
	return time.Date(y, m, monday+7*weeks+int(day-time.Monday), 0, 0, 0, 0, today.Location())
}

// happen makes up who came, when, and what the teacher did about the others.
func (m *meeting) happen(r *rand.Rand, c course, habits map[int]habit, progress float64) {
	opened := m.starts.Add(-5 * time.Minute)
	teacher := c.teachers[0]
	add := func(after time.Duration, d deed) {
		d.at = opened.Add(after)
		m.deeds = append(m.deeds, d)
	}
	add(0, deed{by: teacher, kind: attendance.OpenSession})
	weather := 0.94 + 0.06*r.Float64()
	for _, s := range c.students {
		h := habits[s]
		comes := r.Float64() < h.diligence*weather*(1-0.22*progress) && progress < h.quits
		late := r.Float64() < h.lateness
		chance := r.Float64()
		switch {
		case comes && chance < 0.01:
			add(minutes(r, 20, 60), deed{by: teacher, kind: attendance.SetMarks, whom: s, mark: attendance.Present, note: "Phone was flat"})
		case comes && late:
			add(minutes(r, 15, 45), deed{by: s, kind: attendance.CheckIn})
		case comes:
			add(minutes(r, 0.5, 9)+minutes(r, 0, 5), deed{by: s, kind: attendance.CheckIn})
		case chance < 0.15 && progress < h.quits:
			notes := []string{"Doctor's note", "Away with the team", "Family", "Interview", "Visa appointment"}
			add(minutes(r, 120, 3000), deed{by: teacher, kind: attendance.SetMarks, whom: s, mark: attendance.Excused, note: notes[r.IntN(len(notes))]})
		}
	}
	add(95*time.Minute, deed{by: teacher, kind: attendance.CloseSession})
	slices.SortStableFunc(m.deeds, func(a, b deed) int { return a.at.Compare(b.at) })
	done := make(map[int]int)
	for i := range m.deeds {
		d := &m.deeds[i]
		d.place = done[d.by]
		done[d.by]++
	}
}

// minutes returns a random time between two numbers of minutes.
func minutes(r *rand.Rand, least, most float64) time.Duration {
	return time.Duration((least + (most-least)*r.Float64()) * float64(time.Minute))
}
