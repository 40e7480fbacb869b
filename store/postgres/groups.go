package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/store/schema"
)

var _ roster.GroupStore = (*Store)(nil)

// groupsOf are the groups g, and their members m, that a course ($1) has; course 0 stands
// for the institution.
const groupsOf = `people_groups g JOIN group_members m ON m.group_id = g.id
	WHERE g.ended_at IS NULL AND coalesce(g.course_id, 0) IN (0, $1::bigint) AND ($1 = 0 OR EXISTS (
		SELECT 1 FROM enrolments e WHERE e.course_id = $1 AND e.person_id = m.person_id AND e.role = 'student' AND e.ended_at IS NULL))`

// Groups implements [roster.GroupStore].
func (s *Store) Groups(ctx context.Context, course attendance.CourseID) ([]roster.Group, error) {
	all, err := listed(ctx, s, `SELECT g.id, coalesce(g.course_id, 0), g.name, count(*) FROM `+groupsOf+` GROUP BY g.id ORDER BY lower(g.name), g.id`,
		[]any{int64(course)}, func(scan scanFunc, g *roster.Group) error { return scan(&g.ID, &g.Course, &g.Name, &g.People) })
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return all, nil
}

// Group implements [roster.GroupStore].
func (s *Store) Group(ctx context.Context, course attendance.CourseID, id roster.GroupID) (g roster.Group, people []roster.Member, err error) {
	people, err = listed(ctx, s, `SELECT g.id, coalesce(g.course_id, 0), g.name, p.id, p.given, p.family, coalesce(p.ref, '')
		FROM people p, `+groupsOf+` AND g.id = $2 AND p.id = m.person_id
		ORDER BY lower(p.family), lower(p.given), p.id`,
		[]any{int64(course), int64(id)}, func(scan scanFunc, m *roster.Member) error {
			m.Role = attendance.Student
			return scan(&g.ID, &g.Course, &g.Name, &m.ID, &m.Given, &m.Family, &m.Ref)
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
func (s *Store) SaveGroup(ctx context.Context, h changes.Header, wanted roster.Group, people []attendance.PersonID) (roster.GroupID, changes.Result, error) {
	var g roster.Group
	r, err := s.change(ctx, h, func(c *change) error {
		g = wanted
		if err := c.checkGroup(&g, people); err != nil {
			return err
		}
		err := c.track(schema.Group, keys{{int64(g.ID)}}, func() error {
			_, err := c.tx.Exec(ctx, `INSERT INTO people_groups (id, course_id, name) VALUES ($1, nullif($2::bigint, 0), $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
				int64(g.ID), int64(g.Course), g.Name)
			return err
		})
		if err != nil {
			return fmt.Errorf("save group %d: %w", g.ID, err)
		}
		members := make(keys, 2)
		err = eachRow(ctx, c.tx, `SELECT person_id FROM group_members WHERE group_id = $1 UNION SELECT unnest($2::bigint[])`, []any{int64(g.ID), people}, func(scan scanFunc) error {
			var id int64
			err := scan(&id)
			members[0], members[1] = append(members[0], int64(g.ID)), append(members[1], id)
			return err
		})
		if err != nil {
			return fmt.Errorf("read who is in group %d: %w", g.ID, err)
		}
		return c.track(schema.GroupMember, members, func() error {
			_, err := c.tx.Exec(ctx, `DELETE FROM group_members WHERE group_id = $1 AND person_id <> ALL ($2::bigint[])`, int64(g.ID), people)
			if err == nil {
				_, err = c.tx.Exec(ctx, `INSERT INTO group_members (group_id, person_id, added_at) SELECT $1, unnest($2::bigint[]), $3 ON CONFLICT DO NOTHING`, int64(g.ID), people, h.At.UnixMilli())
			}
			if err != nil {
				return fmt.Errorf("save who is in group %d: %w", g.ID, err)
			}
			return nil
		})
	})
	return g.ID, r, err
}

// checkGroup refuses a group that may not be saved, and gives a new one its id. Others who
// save groups wait until it is done.
func (c *change) checkGroup(g *roster.Group, people []attendance.PersonID) error {
	if _, err := c.tx.Exec(c.ctx, `LOCK TABLE people_groups IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("keep others from changing groups: %w", err)
	}
	var there, taken bool
	var known int
	err := c.tx.QueryRow(c.ctx, `SELECT EXISTS (SELECT 1 FROM people_groups WHERE id = $1 AND coalesce(course_id, 0) = $2 AND ended_at IS NULL),
		EXISTS (SELECT 1 FROM people_groups WHERE id <> $1 AND coalesce(course_id, 0) = $2 AND ended_at IS NULL AND lower(name) = lower($3)),
		(SELECT count(*) FROM people p WHERE p.id = ANY ($4::bigint[]) AND p.merged_into IS NULL AND ($2 = 0 OR EXISTS (
			SELECT 1 FROM enrolments e WHERE e.course_id = $2 AND e.person_id = p.id AND e.role = 'student' AND e.ended_at IS NULL)))`,
		int64(g.ID), int64(g.Course), g.Name, people).Scan(&there, &taken, &known)
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
	if err := c.tx.QueryRow(c.ctx, `SELECT nextval(pg_get_serial_sequence('people_groups', 'id'))`).Scan(&g.ID); err != nil {
		return fmt.Errorf("count a group: %w", err)
	}
	return nil
}

// EndGroup implements [roster.GroupStore].
func (s *Store) EndGroup(ctx context.Context, h changes.Header, course attendance.CourseID, id roster.GroupID) (changes.Result, error) {
	var name string
	ok, err := found(s.reading(ctx, func(q queryer) error {
		return q.QueryRow(ctx, `SELECT name FROM people_groups WHERE id = $1 AND coalesce(course_id, 0) = $2 AND ended_at IS NULL`, int64(id), int64(course)).Scan(&name)
	}))
	if err == nil && !ok {
		err = roster.ErrNoGroup
	}
	if err != nil {
		return changes.Result{}, err
	}
	h.Title = "Group ended: " + name
	return s.change(ctx, h, func(c *change) error {
		return c.track(schema.Group, keys{{int64(id)}}, func() error {
			_, err := c.tx.Exec(ctx, `UPDATE people_groups SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL`, h.At.UnixMilli(), int64(id))
			if err != nil {
				return fmt.Errorf("end group %d: %w", id, err)
			}
			return nil
		})
	})
}

// Everybody implements [roster.Everybody].
func (s *Store) Everybody(ctx context.Context) ([]roster.StoredPerson, error) {
	all, err := listed(ctx, s, selectStoredPeople+` WHERE merged_into IS NULL ORDER BY lower(family), lower(given), id`, nil, func(scan scanFunc, p *roster.StoredPerson) (err error) {
		*p, err = scanStoredPerson(scan)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read all people: %w", err)
	}
	return all, nil
}

// PeopleAsOf implements [roster.Everybody].
func (s *Store) PeopleAsOf(ctx context.Context) (as string, err error) {
	err = s.reading(ctx, func(q queryer) error {
		return q.QueryRow(ctx, `SELECT count(*) || '/' || coalesce(sum(updated_at), 0) || '/' || count(merged_into) FROM people`).Scan(&as)
	})
	if err != nil {
		return "", fmt.Errorf("look whether people have changed: %w", err)
	}
	return as, nil
}

// mergeGroups puts keep into the groups that drop is in, instead of them.
func (c *change) mergeGroups(keep, drop attendance.PersonID, groups []roster.GroupID) error {
	both := make(keys, 2)
	for _, id := range groups {
		both[0], both[1] = append(both[0], int64(id), int64(id)), append(both[1], int64(keep), int64(drop))
	}
	return c.track(schema.GroupMember, both, func() error {
		_, err := c.tx.Exec(c.ctx, `INSERT INTO group_members (group_id, person_id, added_at) SELECT group_id, $1, added_at FROM group_members WHERE person_id = $2 ON CONFLICT DO NOTHING`, keep, drop)
		if err == nil {
			_, err = c.tx.Exec(c.ctx, `DELETE FROM group_members WHERE person_id = $1`, drop)
		}
		if err != nil {
			return fmt.Errorf("move group memberships: %w", err)
		}
		return nil
	})
}

// groupsWith are the groups that a person is in, those that have ended among them.
func groupsWith(ctx context.Context, tx pgx.Tx, person attendance.PersonID) (ids []roster.GroupID, err error) {
	err = eachRow(ctx, tx, `SELECT group_id FROM group_members WHERE person_id = $1 ORDER BY group_id`, []any{person}, func(scan scanFunc) error {
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
