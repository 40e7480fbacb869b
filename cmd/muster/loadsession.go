package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/roster"
)

// loadSessionCmd is `muster load-session`.
type loadSessionCmd struct {
	database

	Students int `help:"Students in each session." default:"300"`
	Sessions int `help:"Sessions, each in a course of its own." default:"1"`
	Held     int `help:"Sessions of each course that have been held before, with all present." default:"0"`
}

// Validate is called by kong.
func (c *loadSessionCmd) Validate() error {
	const most = 1_000_000
	if c.Students < 1 || c.Sessions < 1 || c.Students > most/c.Sessions {
		return fmt.Errorf("--students and --sessions must be at least 1, and at most %d students in all", most)
	}
	if c.Held < 0 || c.Held > most/c.Sessions/c.Students {
		return fmt.Errorf("--held must be at least 0, and at most %d check-ins in all", most)
	}
	return nil
}

// Run makes the sessions and prints them as JSON.
func (c *loadSessionCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ids, err := loadSessions(ctx, store, c.Students, c.Sessions, c.Held)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(ids)
}

// loadSessions makes open sessions with this many students each, whose courses have held
// some before.
func loadSessions(ctx context.Context, store store, students, sessions, held int) (ids bench.Identities, err error) {
	l, err := newLoader(ctx, store)
	if err != nil {
		return ids, err
	}
	defer l.recorder.Close()
	for range sessions {
		s, err := l.session(ctx, students, held)
		if err != nil {
			return ids, err
		}
		ids.Sessions = append(ids.Sessions, s)
	}
	return ids, nil
}

// ticketLife is how long the students' tickets are good: a day of measuring.
const ticketLife = 24 * time.Hour

// loader makes sessions for load tests.
type loader struct {
	store    store
	accounts *identity.Accounts
	recorder *recorder.Recorder
	tickets  attendance.Tickets
}

func newLoader(ctx context.Context, store store) (*loader, error) {
	accounts, err := identity.New(ctx, store, time.Now, nil)
	if err != nil {
		return nil, err
	}
	key, err := store.Secret(ctx, "ticket")
	if err != nil {
		return nil, err
	}
	return &loader{
		store: store, accounts: accounts, tickets: attendance.Tickets{Key: key},
		recorder: recorder.New(store, recorder.NoScreens{}, time.Now),
	}, nil
}

// session makes a course with this many students and a teacher, which has held some
// sessions before, opens a session of it, and signs everybody in.
func (l *loader) session(ctx context.Context, students, held int) (bench.Session, error) {
	now := time.Now()
	people := make([]roster.Person, 0, students+1)
	people = append(people, roster.Person{Given: "Load", Family: "Teacher"})
	for i := range students {
		people = append(people, roster.Person{Given: fmt.Sprintf("Load %d", i+1), Family: "Student"})
	}
	ids, err := l.store.AddPeople(ctx, people, now)
	if err != nil {
		return bench.Session{}, err
	}
	teacher := ids[0]
	course := roster.NewCourse{Course: roster.Course{Code: "LOAD", Title: fmt.Sprintf("Load test with %d students", students), Rules: attendance.DefaultRules()}}
	for _, id := range ids {
		course.Members = append(course.Members, roster.Member{ID: id, Role: attendance.Student})
	}
	course.Members[0].Role = attendance.Teacher
	courseID, err := l.store.AddCourse(ctx, course)
	if err != nil {
		return bench.Session{}, err
	}
	for range held {
		if err := l.hold(ctx, courseID, teacher, ids[1:]); err != nil {
			return bench.Session{}, fmt.Errorf("hold a session before: %w", err)
		}
	}
	session, err := l.open(ctx, courseID, teacher)
	if err != nil {
		return bench.Session{}, err
	}
	tokens, err := l.accounts.NewSignIns(ctx, ids, "muster load-session")
	if err != nil {
		return bench.Session{}, err
	}
	s := bench.Session{ID: session, Board: tokens[0], Display: l.accounts.DisplayToken(session)}
	for i, id := range ids[1:] {
		s.Students = append(s.Students, bench.Student{Person: id, Token: tokens[i+1], Ticket: l.tickets.Issue(session, now.Add(ticketLife))})
	}
	return s, nil
}

// open makes a session and opens it.
func (l *loader) open(ctx context.Context, course attendance.CourseID, teacher attendance.PersonID) (attendance.SessionID, error) {
	session, err := l.store.AddSession(ctx, roster.Schedule(course, "Load test", time.Now()))
	if err != nil {
		return 0, err
	}
	_, err = l.recorder.Do(ctx, attendance.Command{ID: "load-session", Session: session, Actor: teacher, Kind: attendance.OpenSession})
	return session, err
}

// hold holds a session at which all are present.
func (l *loader) hold(ctx context.Context, course attendance.CourseID, teacher attendance.PersonID, students []attendance.PersonID) error {
	session, err := l.open(ctx, course, teacher)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(students, 1000) { // fewer than may wait
		failed := make(chan error, len(some))
		for _, id := range some {
			in := attendance.Command{ID: "load-session", Session: session, Actor: id, Kind: attendance.CheckIn, Ticket: fmt.Sprint("load-session-", id)}
			l.recorder.Submit(in, func(_ attendance.Outcome, err error) { failed <- err })
		}
		for range some {
			err = errors.Join(err, <-failed)
		}
	}
	if err != nil {
		return err
	}
	_, err = l.recorder.Do(ctx, attendance.Command{ID: "load-session-end", Session: session, Actor: teacher, Kind: attendance.CloseSession})
	return err
}
