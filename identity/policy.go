package identity

import "github.com/muster-live/muster/attendance"

// Action is something that needs permission.
type Action uint8

// The actions. All but Administer concern one course, or a session of it.
const (
	SeeCourse     Action = iota // its title, settings and sessions, with counts; no names
	TakePart                    // the student screen: own mark, check-in
	SeeBoard                    // names and marks, live
	ShowDisplay                 // counts and the code, for the projector
	RunSession                  // make, open, close, reopen
	SetMarks                    // mark students by hand
	SeeReport                   // names and marks, afterwards
	EditCourse                  // the course's settings
	MakeJoinLinks               // for its students
	Administer                  // imports, people, accounts, all courses
)

// policy is the one table of permissions: who may do what. What is not in it is
// forbidden. An administrator who has a role in the course may do what either may.
var policy = map[Action]struct{ admin, teacher, assistant, student bool }{
	//              admin  teacher assistant student
	SeeCourse:     {true, true, true, true},
	TakePart:      {false, false, false, true},
	SeeBoard:      {true, true, true, false},
	ShowDisplay:   {true, true, true, false},
	RunSession:    {true, true, true, false},
	SetMarks:      {true, true, true, false},
	SeeReport:     {true, true, true, false},
	EditCourse:    {true, true, false, false},
	MakeJoinLinks: {true, true, false, false},
	Administer:    {true, false, false, false},
}

// May reports whether the viewer, whose role in the course concerned is role, may
// do a. Display tokens are not its business: see [Viewer.Display].
func (v Viewer) May(role attendance.Role, a Action) bool {
	if !v.SignedIn() {
		return false
	}
	p := policy[a]
	if v.Admin && p.admin {
		return true
	}
	switch role {
	case attendance.Teacher:
		return p.teacher
	case attendance.Assistant:
		return p.assistant
	case attendance.Student:
		return p.student
	}
	return false
}
