package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// numbered reads "#" and a number.
func numbered(text string) (int64, bool) {
	digits, ok := strings.CutPrefix(text, "#")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n > 0
}

// findCourse returns the course that a text names: its code, or # and its number.
func findCourse(ctx context.Context, s store, text string) (attendance.CourseID, error) {
	if n, ok := numbered(text); ok {
		return attendance.CourseID(n), nil
	}
	var found []string
	var id attendance.CourseID
	for after := attendance.CourseID(0); ; {
		some, err := s.CoursesAfter(ctx, after, 1000)
		if err != nil {
			return 0, err
		}
		for _, c := range some {
			if strings.EqualFold(c.Code, text) {
				id = c.ID
				found = append(found, fmt.Sprintf("#%d %s %s", c.ID, c.Title, c.Term))
			}
			after = c.ID
		}
		if len(some) == 0 {
			break
		}
	}
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("there is no course with the code %s", text)
	case 1:
		return id, nil
	}
	return 0, fmt.Errorf("there are several courses with the code %s; say which by its number:\n  %s", text, strings.Join(found, "\n  "))
}

// findPerson returns the person that a text names: their reference or username, or #
// and their number.
func findPerson(ctx context.Context, s store, text string) (attendance.PersonID, error) {
	if n, ok := numbered(text); ok {
		return attendance.PersonID(n), nil
	}
	for page := (roster.Page{Query: text, Limit: roster.MaxPage}); ; {
		some, next, err := s.People(ctx, page)
		if err != nil {
			return 0, err
		}
		for _, p := range some {
			if p.Ref == text || strings.EqualFold(p.Username, text) {
				return p.ID, nil
			}
		}
		if page.After = next; next == "" {
			return 0, fmt.Errorf("nobody has the reference or username %s", text)
		}
	}
}
