package roster

import (
	"cmp"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// Candidate are two people who may be one and the same.
type Candidate struct {
	Keep, Drop StoredPerson // a proposal: the one who is more of a person in the record stays
	Why        []string     // sentences
}

// largestGroup is how many people may have the same address, or the same digits, for it
// to mean anything: an office's address means nothing.
const largestGroup = 4

// Duplicates finds people who may be the same: by their address, by the digits of their
// ref, or by having the same name in the same course. The surest come first.
func Duplicates(cur *Current) []Candidate {
	d := &duplicates{people: make(map[attendance.PersonID]*StoredPerson, len(cur.People)), found: make(map[[2]attendance.PersonID]*Candidate)}
	byEmail, byDigits, byName := make(map[string][]attendance.PersonID), make(map[string][]attendance.PersonID), make(map[string][]attendance.PersonID)
	for i := range cur.People {
		p := &cur.People[i]
		if p.MergedInto != 0 {
			continue
		}
		d.people[p.ID] = p
		if p.Email != "" {
			byEmail[strings.ToLower(p.Email)] = append(byEmail[strings.ToLower(p.Email)], p.ID)
		}
		if bare, ok := table.BareDigits(p.Ref); ok {
			byDigits[bare] = append(byDigits[bare], p.ID)
		}
		if name := nameKey(p); name != "" {
			byName[name] = append(byName[name], p.ID)
		}
	}
	for email, ids := range byEmail {
		d.pairs(ids, largestGroup, "They have the same address, "+email+".", nil)
	}
	for digits, ids := range byDigits {
		d.pairs(ids, largestGroup, "Their references differ only in zeros at the beginning, before "+digits+".", nil)
	}
	shared := coursesOf(cur, byName)
	for _, ids := range byName {
		d.pairs(ids, 30, "They have the same name and are in the same course.", func(a, b attendance.PersonID) bool {
			return slices.ContainsFunc(shared[a], func(c attendance.CourseID) bool { return slices.Contains(shared[b], c) })
		})
	}
	return d.sorted()
}

type duplicates struct {
	people map[attendance.PersonID]*StoredPerson
	found  map[[2]attendance.PersonID]*Candidate
}

// pairs notes each two of a group for a reason, if it holds for them.
func (d *duplicates) pairs(ids []attendance.PersonID, most int, why string, holds func(a, b attendance.PersonID) bool) {
	if len(ids) > most {
		return
	}
	slices.Sort(ids)
	for i, a := range ids {
		for _, b := range ids[i+1:] {
			if holds != nil && !holds(a, b) {
				continue
			}
			c := d.found[[2]attendance.PersonID{a, b}]
			if c == nil {
				c = &Candidate{Keep: *d.people[a], Drop: *d.people[b]}
				if substance(&c.Drop) > substance(&c.Keep) {
					c.Keep, c.Drop = c.Drop, c.Keep
				}
				d.found[[2]attendance.PersonID{a, b}] = c
			}
			c.Why = append(c.Why, why)
		}
	}
}

func (d *duplicates) sorted() []Candidate {
	all := make([]Candidate, 0, len(d.found))
	for _, c := range d.found {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(len(b.Why), len(a.Why)), strings.Compare(a.Keep.Family, b.Keep.Family), cmp.Compare(a.Keep.ID, b.Keep.ID), cmp.Compare(a.Drop.ID, b.Drop.ID))
	})
	return all
}

// substance says how much the record knows of a person.
func substance(p *StoredPerson) int {
	n := 0
	for _, has := range []bool{p.Admin, p.Admin, p.Active, p.Active, p.Username != "", p.Ref != "", p.Email != ""} {
		if has {
			n++
		}
	}
	return n
}

// nameKey is the same for names that differ in accents, signs, case and order.
func nameKey(p *StoredPerson) string {
	words := strings.Fields(p.Given + " " + p.Family)
	for i := range words {
		words[i] = table.PlainHeading(words[i])
	}
	if len(words) < 2 {
		return "" // too little to go by
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// coursesOf returns the courses of all who share their name with somebody.
func coursesOf(cur *Current, byName map[string][]attendance.PersonID) map[attendance.PersonID][]attendance.CourseID {
	courses := make(map[attendance.PersonID][]attendance.CourseID)
	for _, ids := range byName {
		if len(ids) > 1 {
			for _, id := range ids {
				courses[id] = []attendance.CourseID{}
			}
		}
	}
	for i := range cur.Enrolments {
		e := &cur.Enrolments[i]
		if all, asked := courses[e.Person]; asked {
			courses[e.Person] = append(all, e.Course)
		}
	}
	return courses
}
