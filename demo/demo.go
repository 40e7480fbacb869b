// Package demo keeps a small university alive, for people to look at: a past term in
// the records, and a lecture in which simulated students take part.
//
// The university is made once ([Open]), through the real recorder with a clock that
// is set back. The lecture ([Demo.Run]) happens in a server that runs as any other
// does, and only from outside: the teacher opens it over REST, students come over
// the live endpoint, scan the code of the display, close their tabs and let their
// phones sleep. What they do follows from a plan, and the plan from a seed.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// Demo has lectures held.
type Demo struct {
	Campus   Campus
	URL      string // of the server
	Accounts *identity.Accounts
	Out      io.Writer     // what to open is printed here
	Length   time.Duration // of a lecture
	Pause    time.Duration // between two

	teacher  caller
	students []string // tokens, as in Campus.Students
	held     int
}

// Run holds lectures until ctx ends, and then returns nil.
func (d *Demo) Run(ctx context.Context) error {
	err := d.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (d *Demo) run(ctx context.Context) error {
	people := append([]attendance.PersonID{d.Campus.Teacher}, d.Campus.Students...)
	tokens, err := d.Accounts.NewSignIns(ctx, people, "muster demo")
	if err != nil {
		return err
	}
	d.teacher, d.students = caller{d.URL, tokens[0]}, tokens[1:]
	if err := d.closeOpen(ctx); err != nil {
		return err
	}
	for {
		if err := d.lecture(ctx); err != nil {
			return err
		}
		fmt.Fprintf(d.Out, "\nThe lecture is over. The next one begins in %v.\n", d.Pause)
		if err := sleepUntil(ctx, time.Now().Add(d.Pause)); err != nil {
			return err
		}
	}
}

// session is what the demo needs of a session in the API.
type session struct {
	ID     attendance.SessionID `json:"id"`
	Status string               `json:"status"`
}

// closeOpen closes lectures that were open when the demo was stopped.
func (d *Demo) closeOpen(ctx context.Context) error {
	var all struct {
		Sessions []session `json:"sessions"`
	}
	if err := d.teacher.call(ctx, http.MethodGet, fmt.Sprintf("/courses/%d/sessions", d.Campus.Course), nil, &all); err != nil {
		return err
	}
	for _, s := range all.Sessions {
		if s.Status == "open" {
			if err := d.closeSession(ctx, s.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeSession closes a session, unless somebody has.
func (d *Demo) closeSession(ctx context.Context, id attendance.SessionID) error {
	command := map[string]any{"t": "close", "id": fmt.Sprintf("demo-close-%d", time.Now().UnixMilli())}
	err := d.teacher.call(ctx, http.MethodPost, fmt.Sprintf("/sessions/%d/commands", id), command, nil)
	if r := (*refusal)(nil); errors.As(err, &r) && r.Code == string(attendance.CodeAlreadyClosed) {
		return nil
	}
	return err
}

// lecture holds one lecture.
func (d *Demo) lecture(ctx context.Context) error {
	var s session
	title := fmt.Sprintf("Week %d: Questions and answers, %s", weeks+1, time.Now().Format("15:04"))
	err := d.teacher.call(ctx, http.MethodPost, fmt.Sprintf("/courses/%d/sessions", d.Campus.Course), map[string]any{"title": title, "open": true}, &s)
	if err != nil {
		return err
	}
	opened := time.Now()
	var link struct {
		URL string `json:"url"`
	}
	if err := d.teacher.call(ctx, http.MethodPost, fmt.Sprintf("/sessions/%d/display-link", s.ID), nil, &link); err != nil {
		return err
	}
	if err := d.announce(ctx, s.ID, link.URL); err != nil {
		return err
	}
	_, token, _ := strings.Cut(link.URL, "#")
	front := &display{screen: screen{url: d.URL, token: token, session: s.ID, audience: "display"}}

	over := make(chan struct{})
	var everybody sync.WaitGroup
	defer everybody.Wait()
	everybody.Go(func() {
		defer close(over)
		_ = front.run(ctx) // ends with ctx or the session
	})
	for _, v := range planLecture(d.Campus.Seed+uint64(s.ID), len(d.students), d.Length) {
		p := &phone{
			screen: screen{url: d.URL, token: d.students[v.student], session: s.ID, audience: "student"},
			visit:  v, opened: opened, display: front,
		}
		everybody.Go(func() {
			_ = p.attend(ctx) // a student who cannot come in stays away
		})
	}
	select {
	case <-over: // somebody closed it at the board
		return ctx.Err()
	case <-time.After(d.Length):
		return d.closeSession(ctx, s.ID)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// announce prints what to open.
func (d *Demo) announce(ctx context.Context, id attendance.SessionID, displayURL string) error {
	board, err := d.Accounts.Invite(ctx, 0, d.Campus.Teacher)
	if err != nil {
		return err
	}
	// Each lecture has another of the students who are left to people.
	d.held++
	who := newcomer + 1 + (d.held-1)%(newcomers-1)
	student, err := d.Accounts.Invite(ctx, 0, d.Campus.Students[who])
	if err != nil {
		return err
	}
	if d.held == 1 {
		fmt.Fprintf(d.Out, "\nmuster is running, with a small university in it, at %s\n\n", d.URL)
		fmt.Fprintf(d.Out, "  Sign in as %s, %s or %s; the password is %s\n", AdminName, TeacherName, StudentName, d.Campus.Password)
		fmt.Fprintf(d.Out, "  Administration: %s/signin?next=/admin\n", d.URL)
	}
	fmt.Fprintf(d.Out, "\nA lecture has begun: %d students, for %v. Open these; the first and the last link work once.\n\n", len(d.students), d.Length)
	fmt.Fprintf(d.Out, "  Board    %s/join/%s?next=/board/%d\n", d.URL, board.Token, id)
	fmt.Fprintf(d.Out, "  Display  %s\n", displayURL)
	fmt.Fprintf(d.Out, "  To check in yourself, as %s %s, on a phone or in a private window:\n", student.Given, student.Family)
	fmt.Fprintf(d.Out, "           %s/join/%s?next=/s/%d\n", d.URL, student.Token, id)
	return nil
}
