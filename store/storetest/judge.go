package storetest

import (
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
)

var judgeTests = map[string]test{
	"changed rules judge the sessions since a day again, and are undone whole": rulesJudgeAgain,
	"what changed rules would do is told without doing it":                     rulesWouldJudge,
}

// lectures are two sessions that were held, a week ago and today; the first student
// came at once, by a card that waited for 20 minutes at the door, the second after 12 minutes, the third not at all.
func lectures(t *testing.T, open Open) (before, today *class) {
	c := newClass(t, open(t), 3)
	before = c.at(c.plan(t, tenFifteen.Add(-week)))
	for _, held := range []*class{before, c} {
		begins := tenFifteen
		if held == before {
			begins = tenFifteen.Add(-week)
			opening := held.command("open", c.teacher, attendance.OpenSession)
			opening.At = begins
			held.must(t, opening)
		}
		for i, after := range []time.Duration{0, 12 * time.Minute} {
			in := held.checkIn("in", i, "")
			in.At = begins.Add(after)
			if i == 0 {
				in.Card, in.Waited, in.At = true, 20*time.Minute, in.At.Add(20*time.Minute)
			}
			held.must(t, in)
		}
		held.must(t, held.command("close", c.teacher, attendance.CloseSession))
	}
	return before, c
}

func rules(late time.Duration, closing attendance.OnClose) roster.RulesChange {
	return roster.RulesChange{LateAfter: &late, OnClose: &closing}
}

func rulesJudgeAgain(t *testing.T, open Open) {
	before, today := lectures(t, open)
	h := header(changes.Rules, today.teacher)
	h.Course = today.course
	c, r, err := today.JudgeByRules(t.Context(), h, rules(10*time.Minute, attendance.LeaveUnset), tenFifteen.Add(-time.Hour), false)
	must(t, err)
	const p, l, a, u = attendance.Present, attendance.Late, attendance.Absent, attendance.Unset
	before.wantMarks(t, "of the session before", p, p, a)
	today.wantMarks(t, "of today", p, l, u)
	if c.Rules.LateAfter != 10*time.Minute || c.Rules.OnClose != attendance.LeaveUnset || r.ID == 0 || r.Rows != 3 || len(r.Events) != 2 || len(r.Touched) != 1 {
		t.Errorf("%+v, %+v", c.Rules, r)
	}
	_, err = today.UndoChanges(t.Context(), header(changes.Undo, today.teacher), r.ID, false)
	must(t, err)
	today.wantMarks(t, "after the undo", p, p, a)
	if c, err := today.Course(t.Context(), today.course); err != nil || c.Rules != attendance.DefaultRules() {
		t.Errorf("after the undo: %+v, %v", c.Rules, err)
	}
	// Without a day they hold from now on.
	_, r, err = today.JudgeByRules(t.Context(), h, rules(time.Minute, attendance.MarkAbsent), time.Time{}, false)
	must(t, err)
	today.wantMarks(t, "with rules from now on", p, p, a)
	if r.Rows != 1 {
		t.Errorf("%d rows", r.Rows)
	}
}

func rulesWouldJudge(t *testing.T, open Open) {
	_, today := lectures(t, open)
	h := header(changes.Rules, today.teacher)
	h.Course = today.course
	_, r, err := today.JudgeByRules(t.Context(), h, rules(10*time.Minute, attendance.MarkAbsent), tenFifteen.Add(-2*week), true)
	must(t, err)
	if len(r.Events) != 2 || r.ID != 0 {
		t.Errorf("%+v", r)
	}
	today.wantMarks(t, "untouched", attendance.Present, attendance.Present, attendance.Absent)
	if c, err := today.Course(t.Context(), today.course); err != nil || c.Rules != attendance.DefaultRules() {
		t.Errorf("%+v, %v", c.Rules, err)
	}
	late := -5 * time.Minute
	if _, _, err := today.JudgeByRules(t.Context(), h, roster.RulesChange{LateAfter: &late}, time.Time{}, true); attendance.AsError(err).Field != "late_after" {
		t.Errorf("an absurd rule: %v", err)
	}
}
