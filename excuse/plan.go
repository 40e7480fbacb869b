package excuse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
)

// Plan is what giving an excuse does.
type Plan struct {
	Add  []Excuse // one for each person, or for each person and course
	Same int      // how many there are already
	// Unknown are people of the scope who are not students of any of its courses.
	Unknown []attendance.PersonID

	People  int          // how many are excused
	Marks   int          // how many marks become excused now
	Already int          // how many say so already
	Left    map[Left]int // how many marks are left alone, and why
	Coming  int          // how many sessions are still to be opened, which will ask
	Held    int          // how many sessions have been opened
	// Kept shows what is left alone, at most MaxKept of it.
	Kept []Line
}

// MaxKept is how many lines a Plan shows.
const MaxKept = 200

// Left says why a mark is left alone.
type Left string

// The reasons.
const (
	CheckedIn Left = "checked_in" // who came, came
	ByHand    Left = "by_hand"    // somebody has decided otherwise
)

// Make works out what giving the excuse does.
func Make(r *Reach, w *Wanted) *Plan {
	p := &Plan{Left: map[Left]int{}}
	type key struct {
		person attendance.PersonID
		course attendance.CourseID
	}
	there := make(map[key]bool)
	for _, x := range r.Active {
		if x.Reason == w.Reason && x.Status == w.Status && x.From.Equal(w.From) && x.Until.Equal(w.Until) {
			there[key{x.Person, x.Course}] = true
		}
	}
	found := make(map[attendance.PersonID]bool)
	for _, s := range r.Students {
		found[s.Person] = true
		k := key{s.Person, s.Course}
		if there[k] {
			p.Same++
			continue
		}
		there[k] = true
		p.Add = append(p.Add, Excuse{Person: s.Person, Course: s.Course, From: w.From, Until: w.Until, Reason: w.Reason, Status: w.Status, By: w.By, At: w.At})
	}
	p.People = len(found)
	for _, id := range w.People {
		if !found[id] {
			p.Unknown = append(p.Unknown, id)
		}
	}
	for _, s := range r.Sessions {
		if s.Status == attendance.Scheduled {
			p.Coming++
		} else {
			p.Held++
		}
	}
	if len(p.Add) > 0 {
		p.marks(r)
	}
	return p
}

func (p *Plan) marks(r *Reach) {
	for _, l := range r.Lines {
		switch {
		case l.Mark == attendance.Excused && l.Source == attendance.ByRule:
			p.Already++
		case l.Mark == attendance.Unset, l.Mark == attendance.Absent && l.Source == attendance.ByRule:
			p.Marks++
		case l.Source == attendance.ByHand:
			p.leave(ByHand, l)
		default:
			p.leave(CheckedIn, l)
		}
	}
}

func (p *Plan) leave(why Left, l Line) {
	p.Left[why]++
	if len(p.Kept) < MaxKept {
		p.Kept = append(p.Kept, l)
	}
}

// Title is what people call the change set: "Excused: Ada Lovelace (ill)".
func (p *Plan) Title(r *Reach, reason string) string {
	who := fmt.Sprint(p.People, " people")
	if p.People == 1 {
		who = strings.TrimSpace(r.Students[0].Given + " " + r.Students[0].Family)
	}
	if reason = strings.TrimSpace(reason); reason != "" {
		who += " (" + reason + ")"
	}
	return "Excused: " + who
}

// Decide is what a store asks for: the excuses to be added, or a refusal if somebody
// is not a student of any of the courses, and is not to be left out.
func (w *Wanted) Decide(r *Reach) (*Plan, error) {
	p := Make(r, w)
	if n := len(p.Unknown); n > 0 && !w.LeaveOut {
		slices.Sort(p.Unknown)
		return p, &attendance.Error{Code: attendance.CodeUnknownPerson, Field: "people",
			Message: fmt.Sprintf("%d of these people (the first has number %d) are not students of these courses. Load the page again.", n, p.Unknown[0])}
	}
	return p, nil
}
