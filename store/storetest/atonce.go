package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// atOnceTests are about several processes that change the roster at the same time.
var atOnceTests = map[string]test{
	"the same import several times at once is done once":  sameImportAtOnce,
	"who is added during imports gets an id of their own": addedDuringImports,
	"every change of a name moves the roster on":          everyNameMovesRoster,
}

func sameImportAtOnce(t *testing.T, open Open) {
	b := newSchool().bundle(t)
	changes := make([]int, 4)
	var all sync.WaitGroup
	for i := range changes {
		o := newOffice(open(t))
		all.Go(func() {
			cs, err := o.Apply(t.Context(), b, roster.Application{})
			if err != nil {
				t.Error(err)
				return
			}
			changes[i] = cs.Counts.Changes()
		})
	}
	all.Wait()
	total, did := 0, 0
	for _, n := range changes {
		if total += n; n > 0 {
			did++
		}
	}
	if did != 1 || total != 6 { // a term, a course, two people, two enrolments
		t.Errorf("changes of each: %v, want one that makes all 6", changes)
	}
}

// The ids of an import follow the largest that there is, while others count up.
func addedDuringImports(t *testing.T, open Open) {
	const rounds, each = 20, 30
	importing, adding, single := newOffice(open(t)), open(t), open(t)
	ids := make(map[attendance.PersonID]bool)
	s := newSchool()
	for round := range rounds {
		for i := range each {
			s["users"] = append(s["users"], fmt.Sprintf("s-%d-%d,,true,student,s%[1]d.%[2]d,Given,Family,,", round, i))
		}
		b := s.bundle(t)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := importing.Apply(t.Context(), b, roster.Application{}); err != nil {
				t.Errorf("import %d: %v", round, err)
			}
		})
		all.Go(func() {
			made, err := adding.AddPeople(t.Context(), make([]roster.Person, each), tenFifteen)
			if err != nil {
				t.Errorf("adding %d: %v", round, err)
			}
			for _, id := range made {
				ids[id] = true
			}
		})
		all.Go(func() {
			if _, err := single.AddPerson(t.Context(), attendance.Author{}, roster.Person{Family: "New"}, tenFifteen); err != nil {
				t.Errorf("adding one, %d: %v", round, err)
			}
		})
		all.Wait()
	}
	cur, err := adding.Current(t.Context())
	must(t, err)
	if want := 2 + rounds*(each+each+1); len(cur.People) != want || len(ids) != rounds*each {
		t.Errorf("%d people are there, %d of them with ids given; want %d and %d", len(cur.People), len(ids), want, rounds*each)
	}
}

func everyNameMovesRoster(t *testing.T, open Open) {
	const renames = 10
	c := newClass(t, open(t), 4)
	version := func() int64 {
		heads, err := c.Heads(t.Context(), []attendance.SessionID{c.session})
		must(t, err)
		return heads[c.session].Roster
	}
	before := version()
	var all sync.WaitGroup
	for _, student := range c.students {
		s := open(t)
		all.Go(func() {
			for i := range renames {
				family := fmt.Sprint("Renamed", i)
				if _, _, err := s.ChangePerson(t.Context(), attendance.Author{}, student, roster.PersonChange{Family: &family}, tenFifteen); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got, want := version(), before+int64(len(c.students)*renames); got != want {
		t.Errorf("the roster went from %d to %d, want %d", before, got, want)
	}
}
