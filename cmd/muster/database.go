package main

import (
	"context"
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
	"github.com/muster-live/muster/server"
	"github.com/muster-live/muster/store/postgres"
	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/work"
)

// store is what the commands ask of a database, whichever it is.
type store interface {
	recorder.Log
	live.Store
	identity.Store
	report.Store
	changes.Store
	excuse.Store
	grid.Store
	server.Statuses
	audit.Store
	server.Roster
	server.Roles
	server.Commands
	server.Answers
	work.Store
	jobs.Queue
	calendar.Store

	AddPeople(context.Context, []roster.Person, time.Time) ([]attendance.PersonID, error)
	AddCourse(context.Context, roster.NewCourse) (attendance.CourseID, error)
	Close() error
}

// defaultData is the directory that everything is kept in if nobody says otherwise.
const defaultData = "./data"

// database are the flags that say where everything is kept.
type database struct {
	Data     string `help:"Directory that everything is kept in; ${default_data} unless said otherwise." type:"path" env:"MUSTER_DATA" placeholder:"DIR" xor:"database"`
	Database string `help:"PostgreSQL database that everything is kept in instead, for several servers: postgres://user:password@host/name." env:"MUSTER_DATABASE" placeholder:"URL" xor:"database"`
}

// open opens the database. The caller closes it.
func (d database) open(ctx context.Context) (store, error) {
	if d.Database != "" {
		return postgres.Open(ctx, d.Database)
	}
	dir := d.Data
	if dir == "" {
		dir = defaultData
	}
	return sqlite.Open(ctx, dir)
}

// installationOf names an installation: see [roster.Refs].
func installationOf(ctx context.Context, s store) (string, error) {
	key, err := s.Secret(ctx, "installation")
	if err != nil {
		return "", err
	}
	return roster.Installation(key), nil
}
