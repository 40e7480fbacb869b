package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/muster-live/muster/attendance"
)

// modelState is a session as the model has it. It is compared by ==, so the students'
// lines are in a string: for each, one byte for the mark, one for what set it and one
// for the note.
type modelState struct {
	seq   int64
	open  bool
	lines string
}

// What set a mark, in a modelState.
const (
	byNobody = iota
	byCode
	byHand
	byRule
)

const lineBytes = 3

// sourceOf is how acks name what set a mark.
var sourceOf = [...]string{"", "code", "hand", "rule"}

// unsetLine is a student's without a mark.
var unsetLine = string([]byte{byte(markIndex("unset")), byNobody, 0})

// model is the sequential session that the answers must agree with: there is an order
// of the commands, each taking place between being sent and being answered, in which
// one after another gives these answers.
type model struct {
	place map[attendance.PersonID]int // of students, in lines
	notes map[string]byte
}

func newModel(m *meeting) *model {
	md := &model{place: make(map[attendance.PersonID]int), notes: map[string]byte{"": 0}}
	for i, s := range m.Students {
		md.place[s.Person] = i * lineBytes
	}
	for _, op := range m.operations() {
		if _, there := md.notes[op.Note]; !there {
			md.notes[op.Note] = byte(len(md.notes))
		}
	}
	return md
}

// checkHistory has porcupine look for such an order.
func (t *trial) checkHistory(m *meeting) {
	md := newModel(m)
	var history []porcupine.Operation
	answered := slices.DeleteFunc(slices.Clone(m.ops), func(op *operation) bool { return op.end.IsZero() })
	for _, op := range slices.Concat(answered, m.late) {
		history = append(history, porcupine.Operation{
			Input: op, Call: op.call.Sub(t.began).Nanoseconds(), Output: op, Return: op.end.Sub(t.began).Nanoseconds(),
		})
	}
	const limit = 2 * time.Minute
	switch result := porcupine.CheckOperationsTimeout(md.porcupine(), history, limit); result {
	case porcupine.Illegal:
		t.violate("session %d: no order of its %d commands gives the answers that they got", m.ID, len(history))
	case porcupine.Unknown:
		t.violate("session %d: whether some order of its %d commands gives the answers that they got was not found out in %v", m.ID, len(history), limit)
	}
}

func (md *model) porcupine() porcupine.Model {
	return porcupine.Model{
		Partition: partition,
		Init: func() any {
			return modelState{seq: 1, open: true, lines: strings.Repeat(unsetLine, len(md.place))} // as load-session leaves it
		},
		Step: func(state, input, _ any) (bool, any) {
			next, ok := md.step(state.(modelState), input.(*operation))
			return ok, next
		},
		DescribeOperation: func(input, _ any) string {
			op := input.(*operation)
			return fmt.Sprintf("%s %s %s%s", op.Kind, op.ID, op.code, brief(&op.answer))
		},
	}
}

// partition has each command that changed nothing looked at by itself, together with
// all that did change something. The search would try to put a hundred refusals into
// every order there is, which makes no difference.
func partition(history []porcupine.Operation) (parts [][]porcupine.Operation) {
	var changes, others []porcupine.Operation
	for _, h := range history {
		if op := h.Input.(*operation); op.code == "" && op.answer.To >= op.answer.From {
			changes = append(changes, h)
		} else {
			others = append(others, h)
		}
	}
	for _, o := range others {
		parts = append(parts, append(slices.Clip(changes), o))
	}
	return append(parts, changes)
}

// step carries out a command, and reports whether it can be answered as it was.
func (md *model) step(s modelState, op *operation) (modelState, bool) {
	if op.code != "" {
		switch op.Kind {
		case "check_in", "close":
			return s, !s.open
		default:
			return s, op.Kind == "reopen" && s.open
		}
	}
	if op.answer.From != s.seq+1 {
		return s, false
	}
	lines := []byte(s.lines)
	events := int64(0)
	set := func(at int, mark, source, note byte) {
		events++
		if mark == unsetLine[0] {
			copy(lines[at:], unsetLine)
			return
		}
		lines[at], lines[at+1], lines[at+2] = mark, source, note
	}
	ok := true
	switch op.Kind {
	case "check_in":
		at := md.place[op.actor]
		mark := byte(markIndex(op.answer.Mark))
		switch was := lines[at]; {
		case !s.open:
			ok = false
		case marks[was] == "unset", marks[was] == "excused", lines[at+1] == byRule:
			ok = op.answer.Mark == "present" || op.answer.Mark == "late"
			set(at, mark, byCode, 0)
		default:
			ok = mark == was
		}
		ok = ok && op.answer.Source == sourceOf[lines[at+1]]
	case "mark":
		note := md.notes[op.Note]
		for _, w := range op.Marks {
			at, mark := md.place[w.Person], byte(markIndex(w.Mark))
			same := lines[at] == mark && lines[at+1] == byHand && lines[at+2] == note
			if !same && (w.Mark != "unset" || lines[at] != mark) {
				set(at, mark, byHand, note)
			}
		}
	case "close":
		ok = s.open
		s.open = false
		events++
		for at := 0; at < len(lines) && op.Unset != "leave"; at += lineBytes {
			if marks[lines[at]] == "unset" {
				set(at, byte(markIndex("absent")), byRule, 0)
			}
		}
	case "reopen":
		ok = !s.open
		s.open = true
		events++
		for at := 0; at < len(lines); at += lineBytes {
			if lines[at+1] == byRule {
				set(at, unsetLine[0], byNobody, 0)
			}
		}
	}
	s.seq += events
	s.lines = string(lines)
	return s, ok && op.answer.To == s.seq
}
