package demo

import (
	"reflect"
	"testing"
	"time"
)

func TestPlanOfALecture(t *testing.T) {
	t.Parallel()
	const students, length = 300, 6 * time.Minute
	plan := planLecture(1, students, length)
	if !reflect.DeepEqual(plan, planLecture(1, students, length)) {
		t.Error("the same seed gives another plan")
	}
	if reflect.DeepEqual(plan, planLecture(2, students, length)) {
		t.Error("another seed gives the same plan")
	}
	var rush, late, typed, gone, asleep int
	seen := make(map[int]bool)
	for i, v := range plan {
		if v.student < newcomers || v.student >= students || seen[v.student] {
			t.Errorf("student %d is somebody else's, or comes twice", v.student)
		}
		seen[v.student] = true
		if i > 0 && v.comes < plan[i-1].comes {
			t.Errorf("visit %d comes before the one before it", i)
		}
		if v.comes <= 0 || v.checks <= v.comes || v.checks >= length || v.leaves <= v.checks {
			t.Errorf("student %d comes at %v, checks in at %v and leaves at %v", v.student, v.comes, v.checks, v.leaves)
		}
		last := v.checks
		for _, n := range v.naps {
			if n.from <= last || n.to <= n.from || n.to > length {
				t.Errorf("student %d sleeps from %v to %v after %v", v.student, n.from, n.to, last)
			}
			last = n.to
		}
		for counter, counts := range map[*int]bool{
			&rush: v.checks < time.Minute, &late: v.checks > LateAfter, &typed: v.types,
			&gone: v.leaves < length, &asleep: len(v.naps) > 0,
		} {
			if counts {
				*counter++
			}
		}
	}
	for what, ok := range map[string]bool{
		"most come in a rush": rush > len(plan)*3/5, "some are late": late > 10,
		"some never come": len(plan) < students-newcomers-10, "most come": len(plan) > students*3/4,
		"some type the code": typed > 20, "some close the tab": gone > 30, "some phones sleep": asleep > 50,
	} {
		if !ok {
			t.Errorf("not so: %s (%d visits, rush %d, late %d, typed %d, gone %d, asleep %d)", what, len(plan), rush, late, typed, gone, asleep)
		}
	}
}

// A short lecture, as in tests, is still one.
func TestPlanOfAShortLecture(t *testing.T) {
	t.Parallel()
	for _, v := range planLecture(1, 300, 30*time.Second) {
		if v.comes > 25*time.Second {
			t.Errorf("student %d comes at %v to a lecture of half a minute", v.student, v.comes)
		}
	}
}
