package main

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/bench"
)

// lesson is what two students and a teacher did and were answered, one after another.
func lesson() []*operation {
	return []*operation{
		{Kind: "check_in", actor: 1, answer: message{From: 2, To: 2, Mark: "present", Source: "code"}},
		{Kind: "check_in", actor: 1, answer: message{From: 3, To: 2, Mark: "present", Source: "code"}},
		{Kind: "close", answer: message{From: 3, To: 4}},
		{Kind: "check_in", actor: 2, code: "not_open"},
		{Kind: "reopen", answer: message{From: 5, To: 6}},
		{Kind: "check_in", actor: 2, answer: message{From: 7, To: 7, Mark: "late", Source: "code"}},
		{Kind: "mark", Marks: []markedMark{{1, "excused"}, {2, "late"}}, answer: message{From: 8, To: 9}},
		{Kind: "mark", Marks: []markedMark{{1, "excused"}, {2, "unset"}}, answer: message{From: 10, To: 10}},
	}
}

// agrees reports whether the model can give the answers that were given.
func agrees(ops []*operation) bool {
	m := newMeeting(bench.Session{Students: []bench.Student{{Person: 1}, {Person: 2}}})
	began := time.Now()
	var history []porcupine.Operation
	for i, op := range ops {
		m.begin(op)
		if op.call.IsZero() {
			op.call = began.Add(time.Duration(10*i) * time.Second)
			op.end = op.call.Add(time.Second)
		}
		history = append(history, porcupine.Operation{Input: op, Output: op, Call: op.call.Sub(began).Nanoseconds(), Return: op.end.Sub(began).Nanoseconds()})
	}
	return porcupine.CheckOperations(newModel(m).porcupine(), history)
}

func TestTheModelTakesWhatIsRight(t *testing.T) {
	t.Parallel()
	if !agrees(lesson()) {
		t.Error("a lesson with the right answers is not taken for one")
	}
	// At the same time, any order will do.
	ops := lesson()[:2]
	now := time.Now()
	for _, op := range ops {
		op.call, op.end = now, now.Add(time.Second)
	}
	if !agrees([]*operation{ops[1], ops[0]}) {
		t.Error("two commands at the same time are not taken in another order")
	}
}

func TestTheModelFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func([]*operation){
		"a check-in that is lost":             func(ops []*operation) { ops[5].answer.From, ops[5].answer.To = 6, 6 },
		"a check-in that counts twice":        func(ops []*operation) { ops[1].answer.To = 3 },
		"a check-in to a closed session":      func(ops []*operation) { ops[3].code = "" },
		"a refusal while it is open":          func(ops []*operation) { ops[1].code = "not_open" },
		"a mark that another command unset":   func(ops []*operation) { ops[1].answer.Mark = "absent" },
		"a closing that forgets a student":    func(ops []*operation) { ops[2].answer.To = 3 },
		"a reopening that takes nothing back": func(ops []*operation) { ops[4].answer.To = 5 },
		"marks that count though nothing changed": func(ops []*operation) {
			ops[7].Marks[1].Mark = "late"
			ops[7].Marks[0].Mark = "excused"
		},
		"an answer from before the question": func(ops []*operation) { ops[5].answer.From, ops[5].answer.To = 2, 2 },
	} {
		ops := lesson()
		spoil(ops)
		if agrees(ops) {
			t.Errorf("%s is not found", what)
		}
	}
}

func TestAViewFindsGapsAndStepsBack(t *testing.T) {
	t.Parallel()
	marked := func(seq int64) event {
		return event{Seq: seq, Kind: "mark", line: line{Person: attendance.PersonID(seq), Mark: "late"}}
	}
	for _, c := range []struct {
		what string
		then message
		ok   bool
	}{
		{"the next event", message{T: "delta", From: 5, To: 5, Events: []event{marked(5)}}, true},
		{"nothing", message{T: "delta", From: 5, To: 4}, true},
		{"a gap", message{T: "delta", From: 6, To: 6, Events: []event{marked(6)}}, false},
		{"a repetition", message{T: "delta", From: 4, To: 5, Events: []event{marked(4), marked(5)}}, false},
		{"a gap within", message{T: "delta", From: 5, To: 6, Events: []event{marked(5), marked(7)}}, false},
		{"a missing event", message{T: "delta", From: 5, To: 6, Events: []event{marked(5)}}, false},
		{"a step back", message{T: "snapshot", Seq: 3, Connected: []byte("[]")}, false},
		{"a snapshot", message{T: "snapshot", Seq: 9, Connected: []byte("[]")}, true},
	} {
		v := view{audience: "board", fresh: true}
		if err := v.take(&message{T: "snapshot", Seq: 4, Connected: []byte("[]")}); err != nil {
			t.Fatal(err)
		}
		if err := v.take(&c.then); (err == nil) != c.ok {
			t.Errorf("%s after seq 4: %v", c.what, err)
		}
	}
}
