package attendance_test

import (
	"testing"
	"time"

	. "github.com/muster-live/muster/attendance"
)

// held is a closed lecture: student 1 came after 5 minutes, 2 after 12, 3 did not come.
func held() *State {
	s := lecture()
	s.CheckIns = map[PersonID]time.Time{}
	for p, after := range map[PersonID]time.Duration{1: 5 * time.Minute, 2: 12 * time.Minute} {
		s.CheckIns[p] = opened.Add(after)
		s.Students[p] = Entry{Mark: Present, At: s.CheckIns[p], Source: ByCode, Actor: p}
	}
	s.Students[3] = Entry{Mark: Absent, At: opened.Add(time.Hour), Source: ByRule}
	s.Session.Status = Closed
	return s
}

func judge(id string, unset *OnClose) *Command {
	return &Command{ID: id, Session: 7, Actor: teacher, Kind: JudgeAgain, At: opened.Add(48 * time.Hour), Unset: unset,
		Marks: []MarkChange{{Person: 1}, {Person: 2}, {Person: 3}, {Person: 9}}}
}

func wantMarks(t *testing.T, s *State, when string, want ...Mark) {
	t.Helper()
	for i, m := range want {
		if got := s.Students[PersonID(i+1)].Mark; got != m {
			t.Errorf("%s: student %d is %v, want %v", when, i+1, got, m)
		}
	}
}

func TestAChangedLateRuleJudgesCheckInsAgain(t *testing.T) {
	s := held()
	s.Rules.LateAfter = 10 * time.Minute
	do(t, s, judge("stricter", nil))
	wantMarks(t, s, "late after 10 minutes", Present, Late, Absent)
	if e := s.Students[2]; e.Source != ByRule || e.Actor != 2 {
		t.Errorf("it says %+v", e)
	}
	if events, _ := do(t, s, judge("the same", nil)); len(events) > 0 {
		t.Errorf("the same rule made %v", events)
	}
	s.Rules.LateAfter = 2 * time.Minute
	do(t, s, judge("stricter still", nil))
	wantMarks(t, s, "late after 2 minutes", Late, Late, Absent)
	s.Rules.LateAfter = NeverLate
	do(t, s, judge("never", nil))
	wantMarks(t, s, "never late", Present, Present, Absent)
}

func TestWhatAPersonOrAnExcuseSetIsNotJudged(t *testing.T) {
	s := held()
	s.Rules.LateAfter = 0
	s.Students[1] = Entry{Mark: Present, Source: ByHand, Actor: teacher}
	s.Students[2] = Entry{Mark: Excused, Source: ByRule, Actor: teacher}
	do(t, s, judge("j", nil))
	wantMarks(t, s, "late at once", Present, Excused, Absent)
}

func TestWhatClosingDoesCanBeChangedAfterwards(t *testing.T) {
	s := held()
	leave, absent := LeaveUnset, MarkAbsent
	do(t, s, judge("leave", &leave))
	wantMarks(t, s, "left without a mark", Present, Present, Unset)
	do(t, s, judge("absent", &absent))
	wantMarks(t, s, "absent again", Present, Present, Absent)
	s.Session.Status = Open
	if events, _ := do(t, s, judge("open", &leave)); len(events) > 0 {
		t.Errorf("an open session is not closed, but got %v", events)
	}
}

func TestWhoWasJudgedKeepsTheMarkWhenTheSessionIsReopened(t *testing.T) {
	s := held()
	s.Rules.LateAfter = 10 * time.Minute
	do(t, s, judge("j", nil))
	do(t, s, &Command{ID: "r", Actor: teacher, Kind: ReopenSession, At: opened.Add(49 * time.Hour)})
	wantMarks(t, s, "reopened", Present, Late, Unset)
	do(t, s, checkIn("again", 2, 49*time.Hour))
	wantMarks(t, s, "who is late checks in again", Present, Late, Unset)
}
