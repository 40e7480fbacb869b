package sqlite

import (
	"context"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/store/schema"
)

// StatusSets implements [report.Store].
func (s *Store) StatusSets(ctx context.Context) ([]attendance.StatusSet, error) {
	return readStatusSets(ctx, s.read)
}

func readStatusSets(ctx context.Context, q queryer) ([]attendance.StatusSet, error) {
	all := []attendance.StatusSet{*attendance.DefaultStatusSet()}
	err := eachRow(ctx, q, `SELECT id, name, meanings FROM status_sets ORDER BY id`, nil, func(scan scanFunc) error {
		var id attendance.StatusSetID
		var name, meanings string
		if err := scan(&id, &name, &meanings); err != nil {
			return err
		}
		set, err := attendance.ParseStatusSet(id, name, meanings)
		if err != nil {
			return err
		}
		if id == attendance.DefaultStatusSetID {
			all[0] = *set
		} else {
			all = append(all, *set)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the status sets: %w", err)
	}
	return all, nil
}

// ChangeStatusSet changes a status set, or adds one if its ID is 0, as a change set. It
// returns the set's ID.
func (s *Store) ChangeStatusSet(ctx context.Context, h changes.Header, set attendance.StatusSet) (attendance.StatusSetID, changes.Result, error) {
	if err := set.Validate(); err != nil {
		return 0, changes.Result{}, err
	}
	id := set.ID
	r, err := s.change(ctx, h, func(c *change) error {
		id = set.ID
		if id == 0 { // one that was given out, also to a set that is gone, is not given out again
			err := c.tx.QueryRowContext(ctx, `SELECT max(?, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'status_sets'), 0)) + 1`, attendance.DefaultStatusSetID).Scan(&id)
			if err != nil {
				return fmt.Errorf("read the last status set's id: %w", err)
			}
		}
		var key rows
		key.add(int64(id))
		return c.track(schema.StatusSet, key, func() error {
			_, err := c.tx.ExecContext(ctx, `INSERT INTO status_sets (id, name, meanings) VALUES (?, ?, ?)
				ON CONFLICT (id) DO UPDATE SET name = excluded.name, meanings = excluded.meanings`, id, set.Name, set.MeaningsText())
			if err != nil {
				return fmt.Errorf("write status set %d: %w", id, err)
			}
			return nil
		})
	})
	return id, r, err
}

// ChooseStatusSet has the course of the header count by a status set, as a change set.
func (s *Store) ChooseStatusSet(ctx context.Context, h changes.Header, id attendance.StatusSetID) (changes.Result, error) {
	return s.change(ctx, h, func(c *change) error {
		var key rows
		key.add(int64(h.Course))
		return c.track(schema.Course, key, func() error {
			if _, err := c.tx.ExecContext(ctx, `UPDATE courses SET status_set = ? WHERE id = ?`, id, h.Course); err != nil {
				return fmt.Errorf("choose a status set for course %d: %w", h.Course, err)
			}
			return nil
		})
	})
}

// EachTally implements [report.Store].
func (s *Store) EachTally(ctx context.Context, set attendance.StatusSetID, course attendance.CourseID, fn func(*report.CourseTally) error) error {
	var one report.CourseTally
	err := eachRow(ctx, s.read, `SELECT `+aboutColumns+`, p.id, p.family, p.given, coalesce(p.ref, ''), m.mark, m.status, count(*)
		FROM courses c LEFT JOIN terms t ON t.id = c.term_id
		CROSS JOIN sessions s ON s.course_id = c.id AND `+counts+`
		CROSS JOIN marks m ON m.session_id = s.id
		CROSS JOIN people p ON p.id = m.person_id
		WHERE CASE WHEN ?2 <> 0 THEN c.id = ?2 ELSE c.status_set = ?1 END
		GROUP BY c.id, p.id, m.mark, m.status ORDER BY c.id, p.id`, []any{set, course}, func(scan scanFunc) error {
		var row report.CourseTally
		var mark string
		var m attendance.Marking
		var n int
		if err := scan(append(aboutFields(&row.Course), &row.Person, &row.Family, &row.Given, &row.Ref, &mark, &m.Status, &n)...); err != nil {
			return err
		}
		if row.Course.ID != one.Course.ID || row.Person != one.Person {
			if one.Tally != nil {
				if err := fn(&one); err != nil {
					return err
				}
			}
			one = row
			one.Tally = make(report.Tally)
		}
		m.Mark, _ = attendance.ParseMark(mark)
		one.Tally[m] += n
		return nil
	})
	if err != nil {
		return fmt.Errorf("count the marks by student: %w", err)
	}
	if one.Tally != nil {
		return fn(&one)
	}
	return nil
}
