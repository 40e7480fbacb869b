package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/muster-live/muster/bench"
)

// patience is how long somebody waits for an answer before trying another server.
func patience(r *rand.Rand) time.Duration { return 2*time.Second + upTo(r, 10*time.Second) }

// pauses between what people do.
const (
	studentPause = 800 * time.Millisecond
	teacherPause = 400 * time.Millisecond
	awayPause    = 1500 * time.Millisecond
	closedPause  = time.Second
)

// study is what a student does until busy ends: check in, come and go. All that is
// begun is finished, unless ctx ends.
func (s *screen) study(ctx, busy context.Context, me bench.Student, r *rand.Rand) {
	var last *operation
	for n := 1; pause(busy, upTo(r, 2*studentPause)) && !s.hasGone(); n++ {
		switch dice := r.IntN(20); {
		case dice < 12:
			last = &operation{Kind: "check_in", ID: fmt.Sprintf("%s-%d", s.prefix(), n), Ticket: me.Ticket}
			s.do(ctx, last, patience(r))
		case dice < 14 && last != nil && last.code == "":
			s.again(last)
		case dice < 17:
			s.leave(r.IntN(2) == 0)
			pause(busy, upTo(r, 2*awayPause))
			s.comeBack()
		}
	}
}

// leaveForGood has some of the students go home when the fault begins, of whom no more
// is heard than that their lines end, if that.
func (t *trial) leaveForGood() {
	const one, moment = 8, 100 * time.Millisecond // one of so many; meanwhile its line may break by itself
	for _, s := range t.screens {
		if s.view.audience == "student" && t.random.IntN(one) == 0 {
			s.goHome()
			politely := t.random.IntN(2) == 0
			time.AfterFunc(moment, func() { s.leave(politely) })
		}
	}
}

// teach is what a teacher does until busy ends: mark, come and go, and, at one of the
// boards, close and reopen.
func (s *screen) teach(ctx, busy context.Context, closes bool, r *rand.Rand) {
	for n := 1; pause(busy, upTo(r, 2*teacherPause)); n++ {
		id := fmt.Sprintf("%s-%d", s.prefix(), n)
		switch dice := r.IntN(20); {
		case dice < 15:
			s.do(ctx, s.someMarks(id, r), patience(r))
		case dice < 16 && closes:
			unset := []string{"", "absent", "leave"}[r.IntN(3)]
			s.do(ctx, &operation{Kind: "close", ID: id, Unset: unset}, patience(r))
			pause(busy, upTo(r, closedPause))
			s.do(ctx, &operation{Kind: "reopen", ID: id + "r"}, patience(r))
		case dice < 17:
			s.leave(r.IntN(2) == 0)
			pause(busy, upTo(r, awayPause))
			s.comeBack()
		}
	}
}

// watch is what happens to a display.
func (s *screen) watch(busy context.Context, r *rand.Rand) {
	for pause(busy, upTo(r, 8*time.Second)) {
		s.leave(r.IntN(2) == 0)
		s.comeBack()
	}
}

// prefix makes the ids of commands differ between the screens of one person.
func (s *screen) prefix() string {
	return strings.ReplaceAll(strings.ToLower(s.name[:strings.Index(s.name, " of")]), " ", "-")
}

// someMarks marks a few students. Most are unset, so that they can check in again.
func (s *screen) someMarks(id string, r *rand.Rand) *operation {
	op := &operation{Kind: "mark", ID: id}
	students := s.meeting.Students
	for _, i := range r.Perm(len(students))[:1+r.IntN(min(8, len(students)))] {
		mark := "unset"
		if r.IntN(3) == 0 {
			mark = marks[r.IntN(len(marks))]
		}
		op.Marks = append(op.Marks, markedMark{students[i].Person, mark})
	}
	switch {
	case s.trial.fault.wordy:
		op.Note = strings.Repeat("word ", 90)
	case r.IntN(4) == 0:
		op.Note = "the bus was late"
	}
	return op
}

// upTo returns a random time.
func upTo(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most) + 1))
}
