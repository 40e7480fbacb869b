package attendance_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/muster-live/muster/attendance"
)

// excused is a lecture from which student 1 is excused.
func excused(status Status) *State {
	s := lecture()
	s.Session.Status = status
	s.Excuses = map[PersonID]Excuse{1: {Reason: "team away", By: teacher, Status: "sport"}}
	return s
}

func follow(id string, people ...PersonID) *Command {
	c := &Command{ID: id, Session: 7, Actor: teacher, Kind: FollowExcuses, At: opened.Add(time.Hour)}
	for _, p := range people {
		c.Marks = append(c.Marks, MarkChange{Person: p})
	}
	return c
}

func TestWhoIsExcusedIsMarkedSoWhenTheSessionOpens(t *testing.T) {
	s := excused(Scheduled)
	do(t, s, &Command{ID: "open", Actor: teacher, Kind: OpenSession, At: opened})
	want := Entry{Mark: Excused, At: opened, Source: ByRule, Actor: teacher, Note: "team away", Status: "sport"}
	if d := cmp.Diff(want, s.Students[1]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if s.Students[2].Mark != Unset {
		t.Errorf("somebody else is %v", s.Students[2].Mark)
	}
	do(t, s, &Command{ID: "close", Actor: teacher, Kind: CloseSession, At: opened.Add(time.Hour)})
	do(t, s, &Command{ID: "reopen", Actor: teacher, Kind: ReopenSession, At: opened.Add(time.Hour)})
	if got := s.Students[1].Mark; got != Excused {
		t.Errorf("after closing and reopening: %v", got)
	}
	do(t, s, checkIn("c", 1, time.Minute))
	if got := s.Students[1]; got.Mark != Present || got.Source != ByCode {
		t.Errorf("who is excused and comes anyway is %v", got)
	}
	do(t, s, follow("again", 1))
	if got := s.Students[1].Mark; got != Present {
		t.Errorf("an excuse overrode a check-in: %v", got)
	}
}

func TestWhoWasEnrolledAfterOpeningIsExcusedByClosing(t *testing.T) {
	s := excused(Open)
	do(t, s, &Command{ID: "close", Actor: teacher, Kind: CloseSession, At: opened.Add(time.Hour)})
	if s.Students[1].Mark != Excused || s.Students[2].Mark != Absent {
		t.Errorf("%v and %v", s.Students[1].Mark, s.Students[2].Mark)
	}
}

func TestAnExcuseFillsInOnlyWhatNobodySet(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before Entry
		want   Mark
	}{
		{"no mark", Entry{}, Excused},
		{"absent by closing", Entry{Mark: Absent, Source: ByRule}, Excused},
		{"absent by hand", Entry{Mark: Absent, Source: ByHand, Actor: teacher}, Absent},
		{"late", Entry{Mark: Late, Source: ByCode, Actor: 1}, Late},
		{"excused by hand", Entry{Mark: Excused, Source: ByHand, Actor: teacher, Note: "mine"}, Excused},
	} {
		s := excused(Closed)
		s.Students[1] = tt.before
		do(t, s, follow("f", 1, 9))
		if got := s.Students[1]; got.Mark != tt.want || got.Source == ByHand && got.Note != tt.before.Note {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestWithdrawingTakesBackWhatTheExcuseSet(t *testing.T) {
	leave := DefaultRules()
	leave.OnClose = LeaveUnset
	for _, tt := range []struct {
		status Status
		rules  Rules
		want   Mark
	}{{Open, DefaultRules(), Unset}, {Closed, DefaultRules(), Absent}, {Closed, leave, Unset}} {
		s := excused(tt.status)
		s.Rules = tt.rules
		s.Students[2] = Entry{Mark: Excused, Source: ByHand, Actor: teacher}
		do(t, s, follow("give", 1, 2))
		s.Excuses = nil
		do(t, s, follow("withdraw", 1, 2, 3))
		if s.Students[1].Mark != tt.want || s.Students[2].Mark != Excused || s.Students[3].Mark != Unset {
			t.Errorf("%v: %v", tt.status, s.Students)
		}
		if events, _ := do(t, s, follow("once more", 1, 2, 3)); len(events) > 0 {
			t.Errorf("%v: following again made %v", tt.status, events)
		}
	}
}

func TestASessionThatIsNotOpenYetAsksForExcusesItself(t *testing.T) {
	if events, _ := do(t, excused(Scheduled), follow("f", 1)); len(events) > 0 {
		t.Errorf("%v", events)
	}
}

func TestACardThatWaitedIsJudgedByWhenItWasRead(t *testing.T) {
	s := lecture()
	c := checkIn("c", 1, 40*time.Minute)
	c.Card, c.Waited = true, 30*time.Minute
	_, out := do(t, s, c)
	if out.Entry.Mark != Present || out.Entry.Source != ByCard || !out.Entry.At.Equal(c.At.Add(-c.Waited)) {
		t.Errorf("%+v", out.Entry)
	}
}

func TestACardStandsForAStatusWhereItComesToItsMark(t *testing.T) {
	s := lecture()
	for p, want := range map[PersonID]Marking{1: {Present, "lab"}, 2: {Late, ""}} {
		c := checkIn("c", p, time.Duration(p-1)*time.Hour)
		c.Card, c.Stands = true, Marking{Present, "lab"}
		if _, out := do(t, s, c); out.Entry.Marking() != want {
			t.Errorf("%d: %+v", p, out.Entry)
		}
	}
}
