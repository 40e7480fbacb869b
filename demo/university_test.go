package demo

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

var someDay = time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)

func TestUniversityIsTheSameForASeed(t *testing.T) {
	t.Parallel()
	a, b := newUniversity(7), newUniversity(7)
	if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(a.pastTerm(7, someDay), b.pastTerm(7, someDay)) {
		t.Error("two universities of one seed differ")
	}
	if reflect.DeepEqual(a.people, newUniversity(8).people) {
		t.Error("universities of two seeds have the same people")
	}
}

func TestUniversityHasItsCourses(t *testing.T) {
	t.Parallel()
	u := newUniversity(1)
	for i, want := range []int{300, 120, 30} {
		seen := make(map[int]bool)
		for _, s := range u.courses[i].students {
			if s < staff || s >= len(u.people) || seen[s] {
				t.Errorf("%s: student %d is no student or is there twice", u.courses[i].code, s)
			}
			seen[s] = true
		}
		if len(seen) != want {
			t.Errorf("%s has %d students, want %d", u.courses[i].code, len(seen), want)
		}
	}
	mails := make(map[string]bool)
	for _, p := range u.people {
		if mails[p.Email] || strings.ContainsFunc(p.Email, func(r rune) bool { return r > 'z' || r == ' ' }) {
			t.Errorf("address %q of %s %s is somebody else's or not one to type", p.Email, p.Given, p.Family)
		}
		mails[p.Email] = true
	}
}

func TestPastTermLooksReal(t *testing.T) {
	t.Parallel()
	u := newUniversity(1)
	term := u.pastTerm(1, someDay)
	if len(term) != 4*weeks {
		t.Fatalf("%d sessions, want %d", len(term), 4*weeks)
	}
	came := make([]int, weeks) // to the lecture, by week
	for i, m := range term {
		if !m.ends.Before(someDay) || someDay.Sub(m.starts) > (weeks+1)*7*24*time.Hour {
			t.Errorf("%s at %v is not in the past term", m.title, m.starts)
		}
		if first := m.deeds[0]; first.kind != attendance.OpenSession {
			t.Errorf("%s begins with %v", m.title, first)
		}
		for j, d := range m.deeds[1:] {
			if d.at.Before(m.deeds[j].at) {
				t.Errorf("%s: deed %d comes before the one before it", m.title, j+1)
			}
			if m.course == lectureCourse && d.kind == attendance.CheckIn {
				came[i*weeks/len(term)]++
			}
		}
	}
	if came[0] < 2*225 || came[weeks-1] < 2*150 || came[weeks-1] > came[0]*9/10 {
		t.Errorf("attendance by week %v: want about 250 of 300 twice, falling", came)
	}
}
