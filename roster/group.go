package roster

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
)

// GroupID names a group.
type GroupID int64

// Group is a list of people that was given a name, to be meant by it again: a football
// team, those of a tutorial. It is of a course or, with Course 0, of the institution.
type Group struct {
	ID     GroupID
	Course attendance.CourseID
	Name   string
	People int // how many of it whoever asks may see
}

// GroupStore is where groups are kept. Of a group of the institution a course has those
// who are its students, and nobody else.
type GroupStore interface {
	// Groups returns a course's groups, and those of the institution that have students of
	// it; for course 0 all of the institution. They come by name.
	Groups(ctx context.Context, course attendance.CourseID) ([]Group, error)
	// Group returns a group that Groups returns for the course, and its people by name; or
	// an [attendance.Error] with CodeNotFound.
	Group(ctx context.Context, course attendance.CourseID, id GroupID) (Group, []Member, error)
	// SaveGroup makes a group, if its ID is 0, or gives it this name and these people, as a
	// change set. It returns an [attendance.Error] if another one is called so, or if
	// somebody is not a student of the group's course.
	SaveGroup(ctx context.Context, h changes.Header, g Group, people []attendance.PersonID) (GroupID, changes.Result, error)
	// EndGroup ends a group of a course, or of the institution (0), as a change set. The
	// header's Title is filled in.
	EndGroup(ctx context.Context, h changes.Header, course attendance.CourseID, id GroupID) (changes.Result, error)
}

// Everybody is what finding people in the whole institution needs of a store.
type Everybody interface {
	// Everybody returns all people who have not been merged into others.
	Everybody(context.Context) ([]StoredPerson, error)
	// PeopleAsOf returns what is different once any of them is.
	PeopleAsOf(context.Context) (string, error)
}

// Limits of a group.
const (
	MaxGroup     = 5000 // people
	MaxGroupName = 100  // characters
)

// CheckGroup puts a group to be saved in order, or returns an [attendance.Error] that names
// the field at fault.
func CheckGroup(g *Group, people []attendance.PersonID) ([]attendance.PersonID, error) {
	g.Name = strings.TrimSpace(g.Name)
	people = slices.Clone(people)
	slices.Sort(people)
	people = slices.Compact(people)
	switch {
	case g.Name == "" || utf8.RuneCountInString(g.Name) > MaxGroupName || !attendance.IsText(g.Name):
		return nil, attendance.BadField("name", "a text of 1 to 100 characters")
	case len(people) == 0 || len(people) > MaxGroup:
		return nil, attendance.BadField("people", "1 to 5,000 ids")
	}
	return people, nil
}

// The refusals of a [GroupStore].
var (
	ErrNoGroup     = attendance.Refuse(attendance.CodeNotFound, "There is no such group, or it is not yours to see.")
	ErrGroupTaken  = &attendance.Error{Code: attendance.CodeConflict, Field: "name", Message: "There is a group of this name already. Choose another name, or change that group."}
	ErrGroupPeople = &attendance.Error{Code: attendance.CodeUnknownPerson, Field: "people", Message: "Some of these people are not there, or are no students of this course. Look them up again."}
)
