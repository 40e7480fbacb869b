package roster

import (
	"fmt"
	"strings"

	"github.com/muster-live/muster/attendance"
)

// personPlan is a row of people, whom it means, and what becomes of them.
type personPlan struct {
	row  *PersonRow
	was  *StoredPerson // nil: somebody new
	to   StoredPerson
	ref  string // of the row, with the zeros that it has lost
	diff differences
	// alias: the row calls the person by the ref of a record that was merged into theirs,
	// so it says who is meant in other rows, and no more.
	alias bool
	// out says why the row is rejected after all; nil if it is not.
	out *Reject
}

func (p *personPlan) fail(field, want string) {
	if p.out == nil {
		p.out = &Reject{Origin: p.row.Origin, What: PersonKind, Key: p.row.Key(), Name: p.row.Name(), Field: field, Want: want}
	}
}

func (d *differ) diffPeople() {
	plans := d.planPeople()
	claimUsernames(plans, d.cur.People)
	var last attendance.PersonID
	for i := range d.cur.People {
		last = max(last, d.cur.People[i].ID)
	}
	for i := range plans {
		p := &plans[i]
		switch {
		case p.alias:
			d.out.Counts.Same++
			d.personOf[p.row.Key()] = p.was.ID
			continue
		case p.out != nil:
			d.reject(*p.out)
			delete(d.personOf, p.row.Key())
			continue
		case p.row.Ended && p.was == nil:
			d.out.Counts.Same++
			d.personOf[p.row.Key()] = neverKnown
			d.gone[neverKnown] = p.row.Origin
			continue
		case p.was == nil:
			last++
			p.to.ID = last
		}
		d.keepPerson(p)
	}
}

// keepPerson takes a person in as they are to be.
func (d *differ) keepPerson(p *personPlan) {
	d.personOf[p.row.Key()] = p.to.ID
	if p.ref != p.row.Ref { // other rows may still have the zeros
		d.personOf[p.ref] = p.to.ID
	}
	d.people[p.to.ID] = &p.to
	if p.was != nil {
		if p.was.Given != p.to.Given || p.was.Family != p.to.Family || p.was.Ref != p.to.Ref {
			d.renamed[p.to.ID] = true
		}
		if p.was.Active && !p.to.Active {
			d.out.Locked = append(d.out.Locked, p.to.ID)
		}
	}
	if p.row.Ended {
		d.gone[p.to.ID] = p.row.Origin
		if p.was.Active {
			d.note(Ends, PersonKind, p.row.Origin, func() (string, string) { return p.to.Name(), "may no longer sign in" })
			d.out.People = append(d.out.People, p.to)
		} else {
			d.out.Counts.Same++
		}
		return
	}
	added := ""
	if p.to.Username != "" {
		added = "username " + p.to.Username
	}
	if d.noteDiff(p.was != nil, p.diff, PersonKind, p.row.Origin, p.to.Name(), added) {
		d.out.People = append(d.out.People, p.to)
	}
}

// planPeople finds out whom each row means, and what it says of them.
func (d *differ) planPeople() []personPlan {
	find := newPersonFinder(d.cur.People)
	plans := make([]personPlan, 0, len(d.bundle.People))
	lineOf := make(map[attendance.PersonID]int)
	if d.bundle.PeopleHold != Bulk {
		for ref, p := range find.byRef {
			d.personOf[ref] = p.ID
		}
	}
	inBundle := make(map[string]bool, len(d.bundle.People)) // by ref
	for i := range d.bundle.People {
		inBundle[d.bundle.People[i].Ref] = true
	}
	for i := range d.bundle.People {
		plans = append(plans, personPlan{row: &d.bundle.People[i]})
		p := &plans[i]
		p.ref = d.fullRef(p.row, find, inBundle)
		if p.was = find.person(p); p.was == nil {
			row := p.row
			p.to = StoredPerson{Ref: row.Ref, Given: row.Given, Family: row.Family, Email: row.Email, Username: row.Username, Active: row.Active != No}
			continue
		}
		if p.alias = p.row.Ref != "" && p.was.Ref != "" && p.ref != p.was.Ref; p.alias {
			continue
		}
		if line, again := lineOf[p.was.ID]; again {
			p.fail("", fmt.Sprintf("This is the same person as on line %d. Keep one of the two rows.", line))
			continue
		}
		lineOf[p.was.ID] = p.row.Line
		p.change()
	}
	return plans
}

// fullRef returns the ref of a row, with the zeros that it has lost.
func (d *differ) fullRef(row *PersonRow, find *personFinder, inBundle map[string]bool) string {
	if _, known := find.byRef[row.Ref]; known || row.Ref == "" {
		return row.Ref
	}
	full, ok := d.zeros.find(PersonKind, row.Ref, row.Origin, func(add func(string)) {
		for ref := range find.byRef {
			if !inBundle[ref] { // else they are two
				add(ref)
			}
		}
	})
	if !ok {
		return row.Ref
	}
	return full
}

// change says what becomes of somebody who is known.
func (p *personPlan) change() {
	p.to = *p.was
	active := p.to.Active
	switch {
	case p.row.Ended, p.row.Active == No:
		active = false
	case p.row.Active == Yes:
		active = true
	}
	if p.was.Admin && p.was.Active && !active {
		p.fail("", "This person administers muster, and no import may lock them out. Take that role away first.")
		return
	}
	if p.row.Ended {
		p.to.Active = false
		return
	}
	p.diff.text("ref", &p.to.Ref, p.ref)
	p.diff.text("given", &p.to.Given, p.row.Given)
	p.diff.text("family", &p.to.Family, p.row.Family)
	p.diff.text("email", &p.to.Email, p.row.Email)
	p.diff.text("username", &p.to.Username, p.row.Username)
	p.diff.flag("may sign in", &p.to.Active, active)
}

// personFinder finds people who are stored.
type personFinder struct {
	byRef, byUsername map[string]*StoredPerson
	byEmail           map[string][]*StoredPerson
}

func newPersonFinder(people []StoredPerson) *personFinder {
	f := &personFinder{
		byRef:      make(map[string]*StoredPerson, len(people)),
		byUsername: make(map[string]*StoredPerson, len(people)),
		byEmail:    make(map[string][]*StoredPerson, len(people)),
	}
	var merged []*StoredPerson
	byID := make(map[attendance.PersonID]*StoredPerson)
	for i := range people {
		p := &people[i]
		if p.MergedInto != 0 {
			merged = append(merged, p)
			continue
		}
		if p.Ref != "" {
			f.byRef[p.Ref] = p
		}
		if p.Username != "" {
			f.byUsername[fold(p.Username)] = p
		}
		if p.Email != "" {
			f.byEmail[fold(p.Email)] = append(f.byEmail[fold(p.Email)], p)
		}
	}
	if len(merged) > 0 {
		for i := range people {
			byID[people[i].ID] = &people[i]
		}
	}
	for _, p := range merged { // files may go on calling them so
		into := p
		for hops := 0; into != nil && into.MergedInto != 0 && hops < len(people); hops++ {
			into = byID[into.MergedInto]
		}
		if into != nil && p.Ref != "" && f.byRef[p.Ref] == nil {
			f.byRef[p.Ref] = into
		}
	}
	return f
}

// fold makes usernames equal that the store takes for the same: those that differ
// in the case of ASCII letters only.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// person returns whom a row means; nil if they are new or the row is at fault.
// Somebody without a ref, added by hand perhaps, is known by the username, and gets
// the ref.
func (f *personFinder) person(p *personPlan) *StoredPerson {
	row := p.row
	if row.Ref != "" {
		if found, ok := f.byRef[p.ref]; ok {
			return found
		}
	}
	if row.Username != "" {
		if found, ok := f.byUsername[fold(row.Username)]; ok && (row.Ref == "" || found.Ref == "") {
			return found
		}
	}
	if row.Ref != "" || row.Username != "" || row.Email == "" {
		return nil
	}
	found := f.byEmail[fold(row.Email)]
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	p.fail("email", fmt.Sprintf("There are %d people with this address, so it does not say who is meant.", len(found)))
	return nil
}

// claimUsernames rejects the rows whose usernames others have or want. People may
// swap theirs.
func claimUsernames(plans []personPlan, people []StoredPerson) {
	moving := make(map[attendance.PersonID]bool)
	for i := range plans {
		if p := &plans[i]; p.was != nil && p.out == nil && !p.alias && fold(p.was.Username) != fold(p.to.Username) {
			moving[p.was.ID] = true
		}
	}
	holder := make(map[string]string, len(people)) // those who keep theirs
	for i := range people {
		if p := &people[i]; p.Username != "" && !moving[p.ID] {
			holder[fold(p.Username)] = p.Name()
		}
	}
	claim := make(map[string]*personPlan)
	// A row that is rejected leaves its person the old username, which somebody else
	// may have claimed; so one rejection may bring on others.
	var refused []*personPlan
	refuse := func(p *personPlan, by string) {
		p.fail("username", fmt.Sprintf("%s is the username of %s.", p.row.Username, by))
		refused = append(refused, p)
	}
	for i := range plans {
		p := &plans[i]
		name := fold(p.to.Username)
		isNew := p.was == nil || moving[p.was.ID]
		if p.out != nil || p.alias || p.row.Ended || name == "" || !isNew {
			continue
		}
		if by, taken := holder[name]; taken {
			refuse(p, by)
		} else if other, taken := claim[name]; taken {
			refuse(p, fmt.Sprintf("%s on line %d too", other.row.Name(), other.row.Line))
		} else {
			claim[name] = p
		}
	}
	for len(refused) > 0 {
		p := refused[len(refused)-1]
		refused = refused[:len(refused)-1]
		if p.was == nil || p.was.Username == "" {
			continue
		}
		if other := claim[fold(p.was.Username)]; other != nil && other != p {
			refuse(other, p.was.Name()+", whose row is rejected")
		}
	}
}
