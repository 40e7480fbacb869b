package demo

import (
	"math/rand/v2"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Held makes up all that happens in a session of anybody's course: who checks in and
// when, and whom the teacher marks. The commands are in the order of their times, which
// a recorder gives them by a clock that is set to each. Progress is how much of the term
// is over, from 0 to 1. The same arguments make the same session.
func Held(seed uint64, session attendance.SessionID, starts time.Time, teacher attendance.PersonID, students []attendance.PersonID, progress float64) []attendance.Command {
	ids := append([]attendance.PersonID{teacher}, students...)
	c := course{teachers: []int{0}, students: numbers(1, len(students))}
	habits := make(map[int]habit, len(students))
	for _, s := range c.students {
		habits[s] = newHabit(rand.New(rand.NewPCG(seed, uint64(ids[s])))) // everybody has one in all courses
	}
	m := meeting{starts: starts}
	m.happen(rand.New(rand.NewPCG(seed+1, uint64(session))), c, habits, progress)
	b := builder{ids: ids}
	commands := make([]attendance.Command, len(m.deeds))
	for i, d := range m.deeds {
		commands[i] = b.command(session, d)
		commands[i].At = d.at
	}
	return commands
}
