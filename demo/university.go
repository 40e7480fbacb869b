package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/muster-live/muster/roster"
)

// university is all that is made up: people, courses, and who is what in which.
// People are numbered as they stand in people.
type university struct {
	people  []roster.Person
	courses []course
}

type course struct {
	code, title string
	topics      []string // one a week
	weekly      int      // sessions a week
	weekday     time.Weekday
	hour        int
	teachers    []int
	assistants  []int
	students    []int
}

// The staff come first among the people.
const (
	lecturer = iota // teaches the lecture and the second course
	historian
	tutor // assistant in the lecture
	staff // how many there are
)

// lectureCourse is the course of which there is always a lecture.
const lectureCourse = 0

// newUniversity makes a university up; the same seed gives the same one.
func newUniversity(seed uint64) university {
	r := rand.New(rand.NewPCG(seed, 1))
	u := university{courses: []course{
		{code: "CS101", title: "Algorithms and Data Structures", topics: algorithms, weekly: 2, weekday: time.Monday, hour: 10, teachers: []int{lecturer}, assistants: []int{tutor}},
		{code: "CS214", title: "Databases", topics: databases, weekly: 1, weekday: time.Tuesday, hour: 14, teachers: []int{lecturer}},
		{code: "HIS330", title: "Trade and Travel in the Middle Ages", topics: middleAges, weekly: 1, weekday: time.Thursday, hour: 16, teachers: []int{historian}},
	}}
	const freshmen, sophomores = 300, 90
	for i, n := range names(r, staff+freshmen+sophomores) {
		p := roster.Person{Given: n.given, Family: n.family, Email: mailName(n, "@staff.example.edu")}
		if i >= staff {
			p.Ref = fmt.Sprintf("%d", 4_120_000+37*i)
			p.Email = mailName(n, "@students.example.edu")
		}
		u.people = append(u.people, p)
	}
	first := numbers(staff, freshmen)
	later := numbers(staff+freshmen, sophomores)
	u.courses[0].students = first
	u.courses[1].students = append(some(r, first, 30), later...)
	u.courses[2].students = append(some(r, first, 12), some(r, later, 18)...)
	return u
}

// numbers returns n whole numbers from first on.
func numbers(first, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = first + i
	}
	return all
}

// some returns n of all, at random.
func some(r *rand.Rand, all []int, n int) []int {
	chosen := make([]int, n)
	for i, j := range r.Perm(len(all))[:n] {
		chosen[i] = all[j]
	}
	return chosen
}

// mailName returns an address such as lucia.nunez@students.example.edu.
func mailName(n name, domain string) string {
	plain := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	s, _, _ := transform.String(plain, strings.ToLower(n.given+"."+n.family)) // cannot fail
	s = strings.NewReplacer(" ", "", "'", "", "đ", "d", "ø", "o", "ı", "i", "ł", "l").Replace(s)
	return s + domain
}

var algorithms = []string{
	"What an algorithm costs", "Lists and arrays", "Stacks and queues", "Recursion", "Sorting I", "Sorting II", "Hash tables",
	"Trees", "Balanced trees", "Heaps", "Graphs", "Shortest paths", "Dynamic programming", "Greedy algorithms",
}

var databases = []string{
	"What databases are for", "The relational model", "SQL: asking", "SQL: changing", "Keys and constraints", "Normal forms", "Indexes",
	"How queries are run", "Transactions", "Isolation", "Recovery", "Replication", "Beyond tables", "Review",
}

var middleAges = []string{
	"Sources and maps", "Roads and rivers", "Pilgrims", "The fairs of Champagne", "Venice and Genoa", "The Hanseatic League", "Silk and spices",
	"Caravans of the Sahara", "Money and credit", "Ships", "Languages of the market", "Plague and recovery", "Letters of merchants", "The Indian Ocean",
}
