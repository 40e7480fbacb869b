package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster/postgres"
	"github.com/muster-live/muster/cluster/redis"
	"github.com/muster-live/muster/cluster/remote"
)

// linked is the flag that says through what several servers tell each other what
// happens.
type linked struct {
	Redis string `help:"Redis through which several servers tell each other what happens: redis://user:password@host:6379. Without it, PostgreSQL carries that as well." env:"MUSTER_REDIS" placeholder:"URL"`
}

// dial links this process to the others on the same database. It returns nil if there
// can be none: SQLite is for one process.
func (l linked) dial(ctx context.Context, db database, s store, log *slog.Logger) (*remote.Link, error) {
	var medium remote.Medium
	var err error
	switch {
	case l.Redis != "" && db.Database == "":
		return nil, errors.New("--redis is for several servers, which need a PostgreSQL: give --database as well, or leave --redis out")
	case l.Redis != "":
		if medium, err = redis.Open(ctx, l.Redis); err != nil {
			return nil, fmt.Errorf("cannot use the Redis of --redis: %w", err)
		}
	case db.Database != "":
		if medium, err = postgres.Open(ctx, db.Database); err != nil {
			return nil, fmt.Errorf("cannot listen to the database of --database: %w", err)
		}
	default:
		return nil, nil
	}
	id, err := s.Secret(ctx, "installation")
	if err != nil {
		medium.Close()
		return nil, err
	}
	link, err := remote.Dial(ctx, medium, hex.EncodeToString(id[:8]), log)
	if err != nil {
		return nil, fmt.Errorf("cannot reach other servers: %w", err)
	}
	return link, nil
}

// signOut has the servers on a database close the connections of people whose sign-ins
// have ended.
func (l linked) signOut(ctx context.Context, db database, s store, people []attendance.PersonID) error {
	link, err := l.dial(ctx, db, s, slog.New(slog.DiscardHandler))
	if link == nil {
		return err
	}
	told := link.Join(visitor{})
	for _, p := range people {
		told.SignedOut(p)
	}
	told.Close()
	return nil
}

// visitor is a node without screens.
type visitor struct{}

func (visitor) Receive([]attendance.Event)                              {}
func (visitor) RosterChanged([]attendance.CourseID)                     {}
func (visitor) SignedOut(attendance.PersonID)                           {}
func (visitor) Present(attendance.SessionID, attendance.PersonID, bool) {}
