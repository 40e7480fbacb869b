package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/schema"
)

var _ roster.GroupStore = (*Store)(nil)

// groupsOf are the groups g, and their members m, that a course (?1) has; course 0 stands
// for the institution.
const groupsOf = `people_groups g JOIN group_members m ON m.group_id = g.id
	WHERE g.ended_at IS NULL AND coalesce(g.course_id, 0) IN (0, ?1) AND (?1 = 0 OR EXISTS (
		SELECT 1 FROM enrolments e WHERE e.course_id = ?1 AND e.person_id = m.person_id AND e.role = 'student' AND e.ended_at IS NULL))`

// Groups implements [roster.GroupStore].
func (s *Store) Groups(ctx context.Context, course attendance.CourseID) (all []roster.Group, err error) {
	err = eachRow(ctx, s.read, `SELECT g.id, coalesce(g.course_id, 0), g.name, count(*) FROM `+groupsOf+` GROUP BY g.id ORDER BY g.name COLLATE NOCASE, g.id`,
		[]any{course}, func(scan scanFunc) error {
			var g roster.Group
			err := scan(&g.ID, &g.Course, &g.Name, &g.People)
			all = append(all, g)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return all, nil
}

// Group implements [roster.GroupStore].
func (s *Store) Group(ctx context.Context, course attendance.CourseID, id roster.GroupID) (g roster.Group, people []roster.Member, err error) {
	err = eachRow(ctx, s.read, `SELECT g.id, coalesce(g.course_id, 0), g.name, p.id, p.given, p.family, coalesce(p.ref, '')
		FROM people p, `+groupsOf+` AND g.id = ?2 AND p.id = m.person_id ORDER BY p.family COLLATE NOCASE, p.given COLLATE NOCASE, p.id`,
		[]any{course, id}, func(scan scanFunc) error {
			m := roster.Member{Role: attendance.Student}
			err := scan(&g.ID, &g.Course, &g.Name, &m.ID, &m.Given, &m.Family, &m.Ref)
			people = append(people, m)
			return err
		})
	if err == nil && len(people) == 0 {
		return g, nil, roster.ErrNoGroup
	}
	if err != nil {
		return g, nil, fmt.Errorf("read group %d: %w", id, err)
	}
	g.People = len(people)
	return g, people, nil
}

// SaveGroup implements [roster.GroupStore].
func (s *Store) SaveGroup(ctx context.Context, h changes.Header, g roster.Group, people []attendance.PersonID) (roster.GroupID, changes.Result, error) {
	r, err := s.change(ctx, h, func(c *change) error {
		if err := c.checkGroup(&g, people); err != nil {
			return err
		}
		var members, key rows
		wanted := idList(people)
		key.add(int64(g.ID))
		err := c.track(schema.Group, key, func() error {
			_, err := c.tx.ExecContext(ctx, `INSERT INTO people_groups (id, course_id, name) VALUES (?1, nullif(?2, 0), ?3) ON CONFLICT (id) DO UPDATE SET name = ?3`, g.ID, g.Course, g.Name)
			return err
		})
		if err != nil {
			return fmt.Errorf("save group %d: %w", g.ID, err)
		}
		err = eachRow(ctx, c.tx, `SELECT person_id FROM group_members WHERE group_id = ?1 UNION SELECT value FROM json_each(?2)`, []any{g.ID, wanted}, func(scan scanFunc) error {
			var id int64
			err := scan(&id)
			members.add(int64(g.ID), id)
			return err
		})
		if err != nil {
			return fmt.Errorf("read who is in group %d: %w", g.ID, err)
		}
		return c.track(schema.GroupMember, members, func() error {
			for _, statement := range []string{
				`DELETE FROM group_members WHERE group_id = ?1 AND person_id NOT IN (SELECT value FROM json_each(?2)) AND ?3 > 0`,
				`INSERT INTO group_members (group_id, person_id, added_at) SELECT ?1, value, ?3 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING`,
			} {
				if _, err := c.tx.ExecContext(ctx, statement, g.ID, wanted, h.At.UnixMilli()); err != nil {
					return fmt.Errorf("save who is in group %d: %w", g.ID, err)
				}
			}
			return nil
		})
	})
	return g.ID, r, err
}

// checkGroup refuses a group that may not be saved, and gives a new one its id.
func (c *change) checkGroup(g *roster.Group, people []attendance.PersonID) error {
	var there, taken bool
	var known int
	err := c.tx.QueryRowContext(c.ctx, `SELECT EXISTS (SELECT 1 FROM people_groups WHERE id = ?1 AND coalesce(course_id, 0) = ?2 AND ended_at IS NULL),
		EXISTS (SELECT 1 FROM people_groups WHERE id <> ?1 AND coalesce(course_id, 0) = ?2 AND ended_at IS NULL AND name = ?3 COLLATE NOCASE),
		(SELECT count(*) FROM people p WHERE p.id IN (SELECT value FROM json_each(?4)) AND p.merged_into IS NULL AND (?2 = 0 OR EXISTS (
			SELECT 1 FROM enrolments e WHERE e.course_id = ?2 AND e.person_id = p.id AND e.role = 'student' AND e.ended_at IS NULL)))`,
		g.ID, g.Course, g.Name, idList(people)).Scan(&there, &taken, &known)
	switch {
	case err != nil:
		return fmt.Errorf("look for group %d: %w", g.ID, err)
	case g.ID != 0 && !there:
		return roster.ErrNoGroup
	case taken:
		return roster.ErrGroupTaken
	case known != len(people):
		return roster.ErrGroupPeople
	case g.ID != 0:
		return nil
	}
	if err := c.tx.QueryRowContext(c.ctx, `SELECT coalesce(max(id), 0) + 1 FROM people_groups`).Scan(&g.ID); err != nil {
		return fmt.Errorf("read the last group's id: %w", err)
	}
	return nil
}

// EndGroup implements [roster.GroupStore].
func (s *Store) EndGroup(ctx context.Context, h changes.Header, course attendance.CourseID, id roster.GroupID) (changes.Result, error) {
	var name string
	ok, err := found(s.read.QueryRowContext(ctx, `SELECT name FROM people_groups WHERE id = ? AND coalesce(course_id, 0) = ? AND ended_at IS NULL`, id, course).Scan(&name))
	if err == nil && !ok {
		err = roster.ErrNoGroup
	}
	if err != nil {
		return changes.Result{}, err
	}
	h.Title = "Group ended: " + name
	return s.change(ctx, h, func(c *change) error {
		var key rows
		key.add(int64(id))
		return c.track(schema.Group, key, func() error {
			_, err := c.tx.ExecContext(ctx, `UPDATE people_groups SET ended_at = ?1 WHERE id = ?2 AND ended_at IS NULL`, h.At.UnixMilli(), id)
			if err != nil {
				return fmt.Errorf("end group %d: %w", id, err)
			}
			return nil
		})
	})
}

// Everybody implements [roster.Everybody].
func (s *Store) Everybody(ctx context.Context) (all []roster.StoredPerson, err error) {
	err = eachRow(ctx, s.read, selectStoredPeople+` WHERE merged_into IS NULL ORDER BY family COLLATE NOCASE, given COLLATE NOCASE, id`, nil, func(scan scanFunc) error {
		p, err := scanStoredPerson(scan)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read all people: %w", err)
	}
	return all, nil
}

// PeopleAsOf implements [roster.Everybody].
func (s *Store) PeopleAsOf(ctx context.Context) (as string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT count(*) || '/' || coalesce(sum(updated_at), 0) || '/' || count(merged_into) FROM people`).Scan(&as)
	if err != nil {
		return "", fmt.Errorf("look whether people have changed: %w", err)
	}
	return as, nil
}

// mergeGroups puts keep into the groups that drop is in, instead of them.
func (c *change) mergeGroups(keep, drop attendance.PersonID, groups []roster.GroupID) error {
	var both rows
	for _, id := range groups {
		both.add(int64(id), int64(keep))
		both.add(int64(id), int64(drop))
	}
	return c.track(schema.GroupMember, both, func() error {
		for _, statement := range []string{
			`INSERT INTO group_members (group_id, person_id, added_at) SELECT group_id, ?1, added_at FROM group_members WHERE person_id = ?2 ON CONFLICT DO NOTHING`,
			`DELETE FROM group_members WHERE person_id = ?2 AND ?1 > 0`,
		} {
			if _, err := c.tx.ExecContext(c.ctx, statement, keep, drop); err != nil {
				return fmt.Errorf("move group memberships: %w", err)
			}
		}
		return nil
	})
}

// groupsWith are the groups that a person is in, those that have ended among them.
func groupsWith(ctx context.Context, tx *sql.Tx, person attendance.PersonID) (ids []roster.GroupID, err error) {
	err = eachRow(ctx, tx, `SELECT group_id FROM group_members WHERE person_id = ? ORDER BY group_id`, []any{person}, func(scan scanFunc) error {
		var id roster.GroupID
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the groups of person %d: %w", person, err)
	}
	return ids, nil
}
