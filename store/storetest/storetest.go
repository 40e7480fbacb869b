// Package storetest is what every store has to do, as tests that each runs on a real
// database of its own.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
	"github.com/muster-live/muster/calendar"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/excuse"
	"github.com/muster-live/muster/grid"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/timetable"
	"github.com/muster-live/muster/work"
)

// Store is all that a store does: what the domain packages, the server and the
// commands ask of one.
type Store interface {
	recorder.Log
	live.Store
	identity.Store
	report.Store
	roster.ImportStore
	roster.MergeStore
	roster.GroupStore
	roster.Everybody
	timetable.Store
	jobs.Queue
	work.Store
	changes.Store
	excuse.Store
	grid.Store
	ChangeStatusSet(context.Context, changes.Header, attendance.StatusSet) (attendance.StatusSetID, changes.Result, error)
	ChooseStatusSet(context.Context, changes.Header, attendance.StatusSetID) (changes.Result, error)
	audit.Store
	calendar.Store

	BeginAnswer(ctx context.Context, actor attendance.PersonID, key string, a identity.Answer, since time.Time) (identity.Answer, bool, error)
	EndAnswer(ctx context.Context, actor attendance.PersonID, key string, a identity.Answer) error
	ForgetAnswer(ctx context.Context, actor attendance.PersonID, key string) error

	CommandDone(ctx context.Context, session attendance.SessionID, key attendance.CommandKey) (bool, error)
	RoleIn(context.Context, attendance.CourseID, attendance.PersonID) (attendance.Role, error)
	CourseOf(context.Context, attendance.SessionID) (attendance.CourseID, bool, error)

	Course(context.Context, attendance.CourseID) (roster.Course, error)
	Courses(context.Context, roster.Page) (found []roster.Listing, next string, err error)
	ChangeRules(ctx context.Context, by attendance.Author, id attendance.CourseID, change roster.RulesChange, now time.Time) (roster.Course, error)
	JudgeByRules(ctx context.Context, h changes.Header, rules roster.RulesChange, since time.Time, dry bool) (roster.Course, changes.Result, error)
	Members(context.Context, attendance.CourseID) ([]roster.Member, error)
	Memberships(context.Context, attendance.PersonID) ([]roster.Membership, error)
	Meeting(context.Context, attendance.SessionID) (roster.Meeting, error)
	Meetings(context.Context, attendance.CourseID) ([]roster.Meeting, error)
	AddSession(context.Context, roster.NewSession) (attendance.SessionID, error)
	People(context.Context, roster.Page) (found []roster.Person, next string, err error)
	AddPerson(ctx context.Context, by attendance.Author, p roster.Person, now time.Time) (roster.Person, error)
	ChangePerson(ctx context.Context, by attendance.Author, id attendance.PersonID, change roster.PersonChange, now time.Time) (roster.Person, []attendance.CourseID, error)

	AddPeople(context.Context, []roster.Person, time.Time) ([]attendance.PersonID, error)
	AddCourse(context.Context, roster.NewCourse) (attendance.CourseID, error)
	Close() error
}

// Open opens a database that was empty at first, each time as another process would,
// and closes it when the test ends.
type Open func(testing.TB) Store

// test is one promise that stores keep.
type test func(t *testing.T, open Open)

// Run tests a store, of which fresh makes an empty database.
func Run(t *testing.T, fresh func(testing.TB) Open) {
	for _, tests := range []map[string]test{
		logTests,
		recordTests,
		importTests,
		mergeTests,
		groupTests,
		rosterTests,
		atOnceTests,
		identityTests,
		reportTests,
		termTests,
		jobTests,
		changesTests,
		excuseTests,
		gridTests,
		judgeTests,
		statusTests,
		auditTests,
		tokenTests,
		answerTests,
		calendarTests,
		timetableTests,
	} {
		for name, try := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				try(t, fresh(t))
			})
		}
	}
}
