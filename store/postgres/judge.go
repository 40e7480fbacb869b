package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/schema"
)

// checkInsOf are the check-ins of sessions, of which each student's last one counts.
const checkInsOf = `SELECT session_id, person_id, at FROM events WHERE session_id = ANY($1) AND kind = 'mark' AND source IN ('code', 'card') ORDER BY session_id, seq`

func (all states) addCheckIn(scan scanFunc) error {
	var session attendance.SessionID
	var person attendance.PersonID
	var at int64
	if err := scan(&session, &person, &at); err != nil {
		return err
	}
	state := all[session]
	if state.CheckIns == nil {
		state.CheckIns = make(map[attendance.PersonID]time.Time)
	}
	state.CheckIns[person] = time.UnixMilli(at).UTC()
	return nil
}

// JudgeByRules changes settings of a course as a change set and, in the sessions that
// began at since or later, has the marks follow. With dry it changes nothing, and the
// Result has the events that there would be.
func (s *Store) JudgeByRules(ctx context.Context, h changes.Header, rules roster.RulesChange, since time.Time, dry bool) (c roster.Course, r changes.Result, err error) {
	var would []attendance.Event
	r, err = s.change(ctx, h, func(set *change) error {
		would = nil
		// Two who change different settings at the same time both have their way.
		if _, err := set.tx.Exec(ctx, `SELECT 1 FROM courses WHERE id = $1 FOR NO KEY UPDATE`, h.Course); err != nil {
			return fmt.Errorf("lock course %d: %w", h.Course, err)
		}
		if c, err = readCourse(ctx, set.tx, h.Course); err != nil {
			return err
		}
		before := c.Rules
		c.Rules = rules.Apply(before)
		if err := c.Rules.Validate(); err != nil {
			return err
		}
		err := set.track(schema.Course, keys{{int64(c.ID)}}, func() error {
			_, err := set.tx.Exec(ctx, `UPDATE courses SET late_after = $1, on_close = $2, code_step = $3, code_grace = $4 WHERE id = $5`,
				lateMinutes(c.Rules), c.Rules.OnClose.String(), c.Rules.CodeStep.Milliseconds(), c.Rules.CodeGrace, c.ID)
			return err
		})
		if err != nil {
			return fmt.Errorf("change the rules of course %d: %w", c.ID, err)
		}
		var unset *attendance.OnClose
		if c.Rules.OnClose != before.OnClose {
			unset = &c.Rules.OnClose
		}
		if err := set.judgeAgain(c.ID, since, unset); err != nil {
			return err
		}
		if c.Rules != before {
			if err := set.touch([]attendance.CourseID{c.ID}); err != nil {
				return err
			}
		}
		if !dry {
			return nil
		}
		if err := set.carryOut(); err != nil {
			return err
		}
		would = set.Events
		return errNothing
	})
	r.Events = append(r.Events, would...)
	return c, r, err
}

// judgeAgain has the marks of sessions of a course follow from its rules, as the last
// part of a set.
func (c *change) judgeAgain(course attendance.CourseID, since time.Time, unset *attendance.OnClose) error {
	var students []attendance.MarkChange
	err := eachRow(c.ctx, c.tx, `SELECT person_id FROM enrolments WHERE course_id = $1 AND role = 'student' AND ended_at IS NULL ORDER BY person_id`, []any{course}, func(scan scanFunc) error {
		var m attendance.MarkChange
		err := scan(&m.Person)
		students = append(students, m)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the students of course %d: %w", course, err)
	}
	if since.IsZero() || len(students) == 0 {
		return nil
	}
	err = eachRow(c.ctx, c.tx, `SELECT s.id FROM sessions s WHERE s.course_id = $1 AND s.status <> 'scheduled' AND s.cancelled_at IS NULL AND `+begins+` >= $2 ORDER BY s.id`,
		[]any{course, since.UnixMilli()}, func(scan scanFunc) error {
			judge := attendance.Command{Kind: attendance.JudgeAgain, Marks: students, Unset: unset}
			err := scan(&judge.Session)
			c.command(judge)
			return err
		})
	if err != nil {
		return fmt.Errorf("read the sessions of course %d: %w", course, err)
	}
	return nil
}
