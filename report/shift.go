package report

import (
	"cmp"
	"context"
	"slices"

	"github.com/muster-live/muster/attendance"
)

// CourseTally is what one student has in one course.
type CourseTally struct {
	Course About
	Student
	Tally Tally
}

// Shift is what counting by another status set does to what students have.
type Shift struct {
	Courses  int // in which somebody has a mark
	Students int // who have one; those of two courses count twice
	Up, Down int // whose share or, if that stays, whose points become more or less
	Most     []Shifted
}

// Shifted is a student whose share or points become others.
type Shifted struct {
	Course About
	Student
	Before, After Score
}

// ShiftOf works out what it does to count by after instead of before, and names at most
// so many students, those first for whom it does the most. Each hands all students of
// the courses concerned over, course by course.
func ShiftOf(ctx context.Context, before, after *attendance.StatusSet, most int, each func(context.Context, func(*CourseTally) error) error) (*Shift, error) {
	out := &Shift{Most: []Shifted{}}
	was, becomes := CountingBy(before), CountingBy(after)
	var course attendance.CourseID
	err := each(ctx, func(t *CourseTally) error {
		if t.Course.ID != course {
			course = t.Course.ID
			out.Courses++
		}
		out.Students++
		s := Shifted{t.Course, t.Student, was.Score(t.Tally), becomes.Score(t.Tally)}
		switch c := s.compare(); {
		case c > 0:
			out.Up++
		case c < 0:
			out.Down++
		default:
			return nil
		}
		if out.Most = append(out.Most, s); len(out.Most) >= 2*most+100 {
			out.keep(most)
		}
		return nil
	})
	out.keep(most)
	return out, err
}

func (s *Shift) keep(most int) {
	slices.SortStableFunc(s.Most, func(a, b Shifted) int { return cmp.Compare(b.size(), a.size()) })
	s.Most = s.Most[:min(most, len(s.Most))]
}

// compare is above 0 if it becomes more, and below if less.
func (s *Shifted) compare() int {
	before, _ := s.Before.Share()
	after, _ := s.After.Share()
	return cmp.Or(cmp.Compare(after, before), cmp.Compare(s.After.Points*s.Before.Of, s.Before.Points*s.After.Of), cmp.Compare(s.After.Points, s.Before.Points))
}

func (s *Shifted) size() float64 {
	before, _ := s.Before.Share()
	after, _ := s.After.Share()
	return max(after-before, before-after)*1000 + max(s.After.Points-s.Before.Points, s.Before.Points-s.After.Points)
}
