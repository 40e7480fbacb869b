package server

import (
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// courseName is a course wherever it is only mentioned.
type courseName struct {
	ID    attendance.CourseID `json:"id"`
	Code  string              `json:"code"`
	Title string              `json:"title"`
}

// sessionBody is a session as one viewer sees it.
type sessionBody struct {
	ID     attendance.SessionID `json:"id"`
	Course courseName           `json:"course"`
	Title  string               `json:"title"`
	Status string               `json:"status" enum:"scheduled,open,closed"`
	Starts int64                `json:"starts"`
	Ends   int64                `json:"ends"`
	Opened int64                `json:"opened"`
	Closed int64                `json:"closed"`
	Seq    int64                `json:"seq"`
	Counts markCounts           `json:"counts" doc:"Students with each mark: present, late, absent, excused, unset."`
	Role   string               `json:"role" enum:"student,assistant,teacher,admin"`

	Location  string `json:"location"`
	Cancelled int64  `json:"cancelled" doc:"When that was decided; 0: it takes place."`
	Opens     int64  `json:"opens" doc:"When it opens by itself, in the answer about one session; 0: somebody opens it."`
	Closes    int64  `json:"closes" doc:"When it closes by itself, likewise."`
}

func newSessionBody(s *roster.Meeting, g grant) sessionBody {
	return sessionBody{
		ID: s.ID, Course: courseName{s.Course, s.CourseCode, s.CourseTitle}, Title: s.Title, Status: s.Status.String(),
		Starts: millis(s.Starts), Ends: millis(s.Ends), Opened: millis(s.OpenedAt), Closed: millis(s.ClosedAt),
		Seq: s.Seq, Counts: newMarkCounts(s.Counts), Role: g.roleName(), Location: s.Location, Cancelled: millis(s.CancelledAt),
	}
}

// roleName is the viewer's role as the API says it.
func (g grant) roleName() string {
	if g.Role == attendance.NoRole && g.Viewer.Admin {
		return "admin"
	}
	return g.Role.String()
}

// markCounts are counts in the order that the API has them in.
type markCounts [attendance.MarkCount]int

func newMarkCounts(c attendance.Counts) markCounts {
	return markCounts{c[attendance.Present], c[attendance.Late], c[attendance.Absent], c[attendance.Excused], c[attendance.Unset]}
}

// millis is a time as the API says it: 0 if it is not known.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
