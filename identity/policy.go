package identity

import "github.com/muster-live/muster/attendance"

// Action is something that needs permission.
type Action uint8

// The actions. The last four concern the whole institution, the others one course, or a
// session of it.
const (
	SeeCourse     Action = iota // its title, settings and sessions, with counts; no names
	SeeMembers                  // who is in it
	TakePart                    // the student screen: own mark, check-in
	SeeBoard                    // names and marks, live
	ShowDisplay                 // counts and the code, for the projector
	RunSession                  // make, open, close, reopen
	PlanSessions                // timetables: plan, move and cancel
	SetMarks                    // mark students by hand
	ReadCards                   // check students in by their cards, at the door
	SeeReport                   // names and marks, afterwards
	EditCourse                  // the course's settings
	MakeJoinLinks               // for its students
	SeeRoster                   // all courses and people
	EditRoster                  // imports, people
	SeeReports                  // everybody's marks
	Administer                  // accounts, links, and whatever else is for administrators
)

// permission is who may do something, and the scope that an API token needs for it.
type permission struct {
	admin, teacher, assistant, student bool
	scope                              Scope
}

// policy is the one table of permissions: who may do what. What is not in it is
// forbidden. An administrator who has a role in the course may do what either may.
var policy = map[Action]permission{
	//              admin  teacher assistant student
	SeeCourse:     {true, true, true, true, RosterRead},
	SeeMembers:    {true, true, true, false, RosterRead},
	TakePart:      {false, false, false, true, noScope},
	SeeBoard:      {true, true, true, false, MarksRead},
	ShowDisplay:   {true, true, true, false, SessionsWrite},
	RunSession:    {true, true, true, false, SessionsWrite},
	PlanSessions:  {true, true, false, false, SessionsWrite},
	SetMarks:      {true, true, true, false, MarksWrite},
	ReadCards:     {true, true, true, false, MarksWrite},
	SeeReport:     {true, true, true, false, ReportsRead},
	EditCourse:    {true, true, false, false, RosterWrite},
	MakeJoinLinks: {true, true, false, false, AdminScope},
	SeeRoster:     {true, false, false, false, RosterRead},
	EditRoster:    {true, false, false, false, RosterWrite},
	SeeReports:    {true, false, false, false, ReportsRead},
	Administer:    {true, false, false, false, AdminScope},
}

// May reports whether the viewer, whose role in the course concerned is role, may
// do a. Tokens of displays and kiosks are not its business: see [Viewer.Display]
// and [Viewer.Kiosk].
func (v Viewer) May(role attendance.Role, a Action) bool {
	return v.roleAllows(role, a) && v.Missing(a) == ""
}

// Missing returns the scope that the viewer's API token lacks for an action, "" if it
// lacks none or the viewer has not come by a token. What no token may do lacks "a
// sign-in".
func (v Viewer) Missing(a Action) string {
	need := policy[a].scope
	switch {
	case v.Token == 0 || v.Scopes&need != 0:
		return ""
	case need == noScope:
		return "a sign-in"
	}
	return need.String()
}

func (v Viewer) roleAllows(role attendance.Role, a Action) bool {
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
