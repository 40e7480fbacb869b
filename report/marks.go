package report

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/muster-live/muster/attendance"
)

// Scope says which marks are meant.
type Scope struct {
	Course   attendance.CourseID // 0: all courses
	From, To time.Time           // when the session began: at From or later, and before To; zero: any time
	After    Place               // only sessions that come after this one; zero: from the beginning
}

// Place is a session's place in the order that marks are exported in.
type Place struct {
	Course  attendance.CourseID
	Session attendance.SessionID
}

// ErrEnough, returned by the function that EachSession calls, ends it well.
var ErrEnough = errors.New("enough")

func (s *Scope) has(h *Held) bool {
	return (s.From.IsZero() || !h.Starts.Before(s.From)) && (s.To.IsZero() || h.Starts.Before(s.To))
}

// Lines is one session's part of an export of marks.
type Lines struct {
	Course  About
	Session Held
	Rows    []Row // of those who have a mark, by their ids
}

// coursesAtOnce is how many courses are asked for at once.
const coursesAtOnce = 200

// EachSession calls fn with the marks of each session in the scope: course by course in
// the order of their ids, sessions in the order that they were held in. Each session is
// as of one moment, and no more than a few sessions are in memory; while fn is busy
// with one, the next is read.
func EachSession(ctx context.Context, store Store, scope Scope, fn func(*Lines) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read := make(chan *Lines, 2)
	failed := make(chan error, 1)
	go func() {
		defer close(read)
		failed <- readSessions(ctx, store, scope, read)
	}()
	for lines := range read {
		if err := fn(lines); err != nil {
			cancel()
			for range read { // until the reader has seen it
			}
			if errors.Is(err, ErrEnough) {
				return nil
			}
			return err
		}
	}
	return <-failed
}

func readSessions(ctx context.Context, store Store, scope Scope, to chan<- *Lines) error {
	after := max(scope.After.Course, scope.Course) - 1
	for {
		limit := coursesAtOnce
		if scope.Course != 0 {
			limit = 1
		}
		courses, err := store.CoursesAfter(ctx, after, limit)
		if err != nil {
			return err
		}
		for _, course := range courses {
			if scope.Course != 0 && course.ID != scope.Course {
				return nil
			}
			if err := readCourse(ctx, store, scope, course, to); err != nil {
				return err
			}
			after = course.ID
		}
		if len(courses) < limit || scope.Course != 0 {
			return nil
		}
	}
}

func readCourse(ctx context.Context, store Store, scope Scope, course About, to chan<- *Lines) error {
	held, err := store.Held(ctx, course.ID)
	if err != nil {
		return err
	}
	if scope.After.Course == course.ID {
		i := slices.IndexFunc(held, func(h Held) bool { return h.ID == scope.After.Session })
		held = held[i+1:] // all of them if that session does not count any more
	}
	for i := range held {
		if !scope.has(&held[i]) {
			continue
		}
		rows, err := store.MarksOf(ctx, held[i].ID)
		if err != nil {
			return err
		}
		select {
		case to <- &Lines{course, held[i], rows}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// WriteMarks writes all marks in the scope, a row each, course by course and session by
// session. Told, unless it is nil, is called after each session with how many rows have
// been written. It does not close w.
func WriteMarks(ctx context.Context, store Store, scope Scope, w Writer, zone *time.Location, told func(rows int64)) error {
	in := " (" + zoneName(zone) + ")"
	err := w.Sheet("Marks", []Column{{"code", "Course"}, {"title", "Course title"}, {"term", "Term"}, {"session", "Session"}, {"starts", "Begin" + in},
		{"ref", "Reference"}, {"family", "Family name"}, {"given", "Given name"},
		{"mark", "Mark"}, {"status", "Status"}, {"at", "Time" + in}, {"source", "Set by"}, {"actor", "Who"}, {"note", "Note"},
		{"session_id", "Session number"}, {"person_id", "Person number"}})
	if err != nil {
		return err
	}
	sets, err := store.StatusSets(ctx)
	if err != nil {
		return fmt.Errorf("write marks: %w", err)
	}
	var done int64
	err = EachSession(ctx, store, scope, func(l *Lines) error {
		code, title, term, session, starts := Text(l.Course.Code), Text(l.Course.Title), Text(l.Course.Term), Text(l.Session.Title), Moment(l.Session.Starts)
		set := attendance.FindStatusSet(sets, l.Course.Set)
		for i := range l.Rows {
			r := &l.Rows[i]
			err := w.Row(code, title, term, session, starts, Text(r.Ref), Text(r.Family), Text(r.Given),
				Text(r.Mark.String()), statusCell(set, r.Marking()), Moment(r.At), Text(r.Source.String()), Text(r.ActorName), Text(r.Note), Number(l.Session.ID), Number(r.Person))
			if err != nil {
				return err
			}
		}
		done += int64(len(l.Rows))
		if told != nil {
			told(done)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write marks: %w", err)
	}
	return nil
}

func id[I ~int64](n I) string { return strconv.FormatInt(int64(n), 10) }
