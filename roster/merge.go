package roster

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
)

// MergeStore is what merging two records of a person needs of a store.
type MergeStore interface {
	// Merging returns what there is of two people, as of one moment, or an
	// [attendance.Error] with CodeNotFound.
	Merging(ctx context.Context, keep, drop attendance.PersonID) (*Merging, error)
	// ApplyMerge calls decide with what there is of them and does what it returns, as one
	// change set.
	ApplyMerge(ctx context.Context, h changes.Header, keep, drop attendance.PersonID, decide func(*Merging) (*Merge, error)) (changes.Result, error)
}

// Merging is what there is of two people who are one.
type Merging struct {
	Keep, Drop StoredPerson
	Courses    map[attendance.CourseID]string // what people call those of both
	Enrolments []StoredEnrolment              // of both
	Marks      []StoredMark                   // of both
	Excuses    []int64                        // ids of those of Drop that hold
	Tokens     []string                       // names of Drop's API tokens that nobody has revoked
	Feed       bool                           // whether Drop has an address for calendar programs
	Groups     []GroupID                      // those that Drop is in
}

// StoredMark is a mark with the session that it is of.
type StoredMark struct {
	Session attendance.SessionID
	Title   string // of the session
	Course  attendance.CourseID
	Person  attendance.PersonID
	attendance.Entry
}

// Merge is what merging two people does. The one who is dropped keeps their place in
// the log, and no more.
type Merge struct {
	changes.Preview
	People     []StoredPerson
	Enrolments []StoredEnrolment
	Marks      []attendance.Command
	Excuses    []int64   // ids of those that are the other's now
	Groups     []GroupID // those that the other is in now, too
	Touched    []attendance.CourseID
	Locked     []attendance.PersonID
}

// PlanMerge says what merging does:
//
//   - The names, address, username and reference of who is kept stay; what they lack comes
//     from the other. A file that names the other afterwards means who is kept.
//   - Who is kept takes the other's courses. In a course of both the higher role counts.
//   - In a session in which both have a mark the better one counts: present, then late,
//     excused, absent.
//   - Excuses of the other are theirs, and so is the other's place in groups. The other is signed out for good.
//   - API tokens and the calendar feed of the other count as little as their sign-in, until
//     an undo lets all of it count again. They are not handed over: a merge may be a mistake,
//     and whoever holds them would then act for somebody else.
func PlanMerge(m *Merging) (*Merge, error) {
	conflict := func(text string) (*Merge, error) {
		return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "from", Message: text}
	}
	switch {
	case m.Keep.ID == m.Drop.ID:
		return conflict("These are one and the same record.")
	case m.Keep.MergedInto != 0 || m.Drop.MergedInto != 0:
		return conflict("One of them has been merged already.")
	case m.Drop.Admin:
		return conflict("The one to be merged into the other administers muster. Keep that one, or take the role away first.")
	}
	p := &merger{Merging: m, out: &Merge{}}
	p.people()
	p.enrolments()
	p.marks()
	if n := len(m.Excuses); n > 0 {
		p.out.Excuses = m.Excuses
		p.say(changes.Changed, "excuse", fmt.Sprintf("%d of the other's excuses become theirs", n))
	}
	if n := len(m.Groups); n > 0 {
		p.out.Groups = m.Groups
		p.say(changes.Changed, "group", fmt.Sprintf("in %d that the other was in", n))
	}
	for _, name := range m.Tokens {
		p.say(changes.Ends, "API token", name)
	}
	if m.Feed {
		p.say(changes.Ends, "calendar feed", "its address answers no longer; they may make one of their own")
	}
	slices.Sort(p.out.Touched)
	p.out.Touched = slices.Compact(p.out.Touched)
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", *m))
	p.out.Digest = hex.EncodeToString(sum[:16])
	return p.out, nil
}

type merger struct {
	*Merging
	out *Merge
}

func (p *merger) say(c changes.Change, what, detail string) {
	name := p.Keep.Name()
	if c == changes.Ends {
		name = p.Drop.Name()
	}
	p.out.Add(changes.Line{Change: c, What: what, Name: name, Detail: detail})
}

func (p *merger) people() {
	keep, drop := p.Keep, p.Drop
	take := func(what string, to, from *string) {
		if *to == "" && *from != "" {
			*to, *from = *from, ""
			p.say(changes.Changed, "person", what+": "+*to+", from the other")
		}
	}
	take("reference", &keep.Ref, &drop.Ref)
	take("email", &keep.Email, &drop.Email)
	take("username", &keep.Username, &drop.Username)
	if !keep.Active && drop.Active {
		keep.Active = true
		p.say(changes.Changed, "person", "may sign in, as the other might")
	}
	gone := "is merged into " + keep.Name()
	if drop.Username != "" {
		gone += "; the username " + drop.Username + " is free"
	}
	p.say(changes.Ends, "person", gone+", and may no longer sign in")
	drop.Active, drop.Email, drop.Username, drop.MergedInto = false, "", "", keep.ID
	p.out.People = []StoredPerson{drop, keep} // who gives something away comes first
	p.out.Locked = []attendance.PersonID{drop.ID}
}

func (p *merger) enrolments() {
	of := make(map[attendance.CourseID]StoredEnrolment) // of who is kept
	for _, e := range p.Enrolments {
		if e.Person == p.Keep.ID {
			of[e.Course] = e
		}
	}
	for _, e := range p.Enrolments {
		if e.Person != p.Drop.ID || e.Ended {
			continue
		}
		was, both := of[e.Course]
		to := was
		if !both || was.Ended {
			to = StoredEnrolment{Course: e.Course, Person: p.Keep.ID, Ref: cmp.Or(was.Ref, e.Ref), Role: e.Role}
			p.say(changes.Adds, "enrolment", fmt.Sprintf("%s in %s, from the other", e.Role, p.Courses[e.Course]))
		} else if e.Role > was.Role {
			to.Role = e.Role
			p.say(changes.Changed, "enrolment", fmt.Sprintf("%s in %s, as the other was", e.Role, p.Courses[e.Course]))
		}
		p.say(changes.Ends, "enrolment", fmt.Sprintf("%s in %s", e.Role, p.Courses[e.Course]))
		e.Ref, e.Ended = "", true
		p.out.Enrolments = append(p.out.Enrolments, e)
		if to != was {
			p.out.Enrolments = append(p.out.Enrolments, to)
		}
		p.out.Touched = append(p.out.Touched, e.Course)
	}
	for c := range of {
		p.out.Touched = append(p.out.Touched, c) // their name and reference may be others
	}
}

func (p *merger) marks() {
	kept := make(map[attendance.SessionID]attendance.Entry)
	for i := range p.Marks {
		if m := &p.Marks[i]; m.Person == p.Keep.ID {
			kept[m.Session] = m.Entry
		}
	}
	for i := range p.Marks {
		m := &p.Marks[i]
		if m.Person != p.Drop.ID || m.Mark == attendance.Unset {
			continue
		}
		all := []attendance.MarkChange{{Person: p.Drop.ID, As: &attendance.Entry{Mark: attendance.Unset, Source: attendance.ByHand}}}
		if mine := kept[m.Session].Mark; worth(m.Mark) > worth(mine) {
			all = append(all, attendance.MarkChange{Person: p.Keep.ID, As: &m.Entry})
			p.say(changes.Changed, "mark", fmt.Sprintf("%s: %s → %s", m.Title, mine, m.Mark))
		}
		p.say(changes.Ends, "mark", fmt.Sprintf("%s: %s", m.Title, m.Mark))
		p.out.Marks = append(p.out.Marks, attendance.Command{Session: m.Session, Kind: attendance.SetMarks, Marks: all})
	}
}

// worth says which of two marks counts: the one that is better for the student.
func worth(m attendance.Mark) int {
	return slices.Index([]attendance.Mark{attendance.Unset, attendance.Absent, attendance.Excused, attendance.Late, attendance.Present}, m)
}

// MergePeople merges two records and returns what that did; with the digest of a preview
// only if it is still what was previewed. The header's Title is filled in.
func MergePeople(ctx context.Context, store MergeStore, h changes.Header, keep, drop attendance.PersonID, digest string, done **Merge) (changes.Result, error) {
	m, err := store.Merging(ctx, keep, drop)
	if err != nil {
		return changes.Result{}, err
	}
	h.Title = fmt.Sprintf("Merged: %s into %s", m.Drop.label(), m.Keep.label())
	return store.ApplyMerge(ctx, h, keep, drop, func(m *Merging) (*Merge, error) {
		merge, err := PlanMerge(m)
		if err != nil {
			return nil, err
		}
		if digest != "" && digest != merge.Digest {
			return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "digest", Message: "Something has changed since the preview. Look at it again."}
		}
		*done = merge
		return merge, nil
	})
}

// ErrMerged refuses to change the record of somebody who was merged into another: with it
// switched on again, their tokens and feed would count.
var ErrMerged = attendance.Refuse(attendance.CodeConflict, "This record was merged into another one. Change that one, or undo the merge.")

// label is a person's name, with what tells them from others of that name.
func (p *StoredPerson) label() string {
	return p.Name() + " (" + cmp.Or(p.Ref, p.Username, p.Email, fmt.Sprint("no. ", p.ID)) + ")"
}
