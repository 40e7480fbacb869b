package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/sqlite"
)

// Campus is what has to be known of a university after it was made. It is kept in
// its data directory.
type Campus struct {
	Seed     uint64                `json:"seed"`
	Password string                `json:"password"` // of everybody in Names
	Admin    attendance.PersonID   `json:"admin"`
	Teacher  attendance.PersonID   `json:"teacher"`
	Course   attendance.CourseID   `json:"course"`   // the one that has a lecture
	Students []attendance.PersonID `json:"students"` // of that course
}

// The names to sign in with, besides those that the people make for themselves.
const (
	AdminName   = "admin"
	TeacherName = "teacher"
	StudentName = "student"
)

// campusFile is the name of the file that a Campus is kept in.
const campusFile = "demo.json"

// seed makes everybody's demo the same.
const seed = 2026

// Open returns the university in a directory, and makes it first if there is none.
// A directory that holds something else is left alone.
func Open(ctx context.Context, dir string) (Campus, error) {
	c, err := readCampus(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return c, fmt.Errorf("%s holds something that is not a demo: choose another directory with --data", dir)
	}
	// It is made beside its place and then moved there, so that one that was not
	// finished is never taken for one.
	half := filepath.Clean(dir) + ".unfinished"
	if err := os.RemoveAll(half); err != nil {
		return c, err
	}
	if c, err = build(ctx, half, time.Now()); err != nil {
		return c, errors.Join(fmt.Errorf("make the demo's university: %w", err), os.RemoveAll(half))
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	return c, os.Rename(half, dir)
}

func readCampus(dir string) (c Campus, err error) {
	b, err := os.ReadFile(filepath.Join(dir, campusFile))
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("read %s: %w", filepath.Join(dir, campusFile), err)
	}
	return c, nil
}

// builder writes a university into a store.
type builder struct {
	university
	store    *sqlite.Store
	accounts *identity.Accounts
	ids      []attendance.PersonID // of people
	courses  []attendance.CourseID
}

func build(ctx context.Context, dir string, now time.Time) (c Campus, err error) {
	store, err := sqlite.Open(ctx, dir)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	b := builder{university: newUniversity(seed), store: store}
	if b.accounts, err = identity.New(ctx, store, time.Now, nil); err != nil {
		return c, err
	}
	if err := b.addPeople(ctx, now); err != nil {
		return c, err
	}
	if err := b.addTerm(ctx, now); err != nil {
		return c, err
	}
	if err := b.plan(ctx, now); err != nil {
		return c, err
	}
	c = Campus{Seed: seed, Password: newPassword(), Teacher: b.ids[lecturer], Course: b.courses[lectureCourse]}
	for _, s := range b.university.courses[lectureCourse].students {
		c.Students = append(c.Students, b.ids[s])
	}
	// A lecture of the demo takes minutes, and some shall be late for it.
	late := LateAfter
	if _, err := store.ChangeRules(ctx, attendance.Author{Person: c.Teacher}, c.Course, roster.RulesChange{LateAfter: &late}, now); err != nil {
		return c, err
	}
	if err := b.addSignIns(ctx, &c); err != nil {
		return c, err
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return c, err
	}
	return c, os.WriteFile(filepath.Join(dir, campusFile), text, 0o600)
}

// newPassword returns one that is easily typed and hard to guess.
func newPassword() string {
	text := rand.Text() // 26 capital letters and digits
	return text[:4] + "-" + text[4:8] + "-" + text[8:12]
}

func (b *builder) addPeople(ctx context.Context, now time.Time) (err error) {
	if b.ids, err = b.store.AddPeople(ctx, b.people, now); err != nil {
		return err
	}
	for _, c := range b.university.courses {
		n := roster.NewCourse{Course: roster.Course{Code: c.code, Title: c.title, Term: termTitle(now), Rules: attendance.DefaultRules()}}
		for _, m := range []struct {
			people []int
			role   attendance.Role
		}{{c.teachers, attendance.Teacher}, {c.assistants, attendance.Assistant}, {c.students, attendance.Student}} {
			for _, p := range m.people {
				n.Members = append(n.Members, roster.Member{ID: b.ids[p], Role: m.role})
			}
		}
		id, err := b.store.AddCourse(ctx, n)
		if err != nil {
			return err
		}
		b.courses = append(b.courses, id)
	}
	return nil
}

// termTitle names the term that a day is in.
func termTitle(day time.Time) string {
	switch m := day.Month(); {
	case m >= time.September:
		return day.Format("Autumn 2006")
	case m >= time.March:
		return day.Format("Spring 2006")
	}
	return day.AddDate(-1, 0, 0).Format("Autumn 2006")
}

// addTerm has the recorder record the past term, with a clock that is set back.
func (b *builder) addTerm(ctx context.Context, now time.Time) error {
	var clock time.Time // Submit looks at it, in this goroutine
	rec := recorder.New(b.store, recorder.NoScreens{}, func() time.Time { return clock })
	defer rec.Close()
	term := b.pastTerm(seed, now)
	var answers []chan error
	for _, m := range term {
		n := roster.Schedule(b.courses[m.course], m.title, m.starts)
		n.Starts, n.Ends = m.starts, m.ends
		id, err := b.store.AddSession(ctx, n)
		if err != nil {
			return err
		}
		for _, d := range m.deeds {
			answer := make(chan error, 1)
			answers = append(answers, answer)
			clock = d.at
			rec.Submit(b.command(id, d), func(_ attendance.Outcome, err error) { answer <- err })
		}
	}
	for _, answer := range answers {
		if err := <-answer; err != nil {
			return fmt.Errorf("record the past term: %w", err)
		}
	}
	return nil
}

func (b *builder) command(session attendance.SessionID, d deed) attendance.Command {
	c := attendance.Command{ID: fmt.Sprintf("demo-%d", d.place), Session: session, Actor: b.ids[d.by], Kind: d.kind, Note: d.note}
	if d.kind == attendance.SetMarks {
		c.Marks = []attendance.MarkChange{{Person: b.ids[d.whom], Mark: d.mark}}
	}
	return c
}

// addSignIns gives those that the terminal names a username and the password.
func (b *builder) addSignIns(ctx context.Context, c *Campus) error {
	token, _, err := b.accounts.InviteAdmin(ctx)
	if err != nil {
		return err
	}
	if _, c.Admin, err = b.accounts.Join(ctx, token, AdminName, c.Password, "muster demo"); err != nil {
		return err
	}
	for name, person := range map[string]attendance.PersonID{TeacherName: c.Teacher, StudentName: c.Students[newcomer]} {
		link, err := b.accounts.Invite(ctx, 0, person)
		if err != nil {
			return err
		}
		if _, _, err := b.accounts.Join(ctx, link.Token, name, c.Password, "muster demo"); err != nil {
			return err
		}
	}
	return nil
}
