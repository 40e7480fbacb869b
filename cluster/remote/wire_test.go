package remote

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
)

// samples is a message of every kind.
func samples() []*message {
	at := time.UnixMilli(1732389600123).UTC()
	return []*message{
		{kind: kindEvents, from: 1, session: 42, events: []attendance.Event{
			{Session: 42, Seq: 17, At: at, Kind: attendance.MarkSet, Person: 1007, Mark: attendance.Late, Source: attendance.ByCode, Actor: 1007},
			{Session: 42, Seq: 18, At: at.Add(-time.Hour), Kind: attendance.SessionReopened, Source: attendance.ByHand, Actor: 3, Note: "zu früh", From: "192.0.2.7"},
			{Session: 42, Seq: 19, At: at, Kind: attendance.MarkSet, Person: 7, Mark: attendance.Present, Source: attendance.ByHand, Actor: 3, Status: "online"},
		}},
		{kind: kindPresent, from: math.MaxUint64, session: 42, version: 9, people: []attendance.PersonID{1, 2, 300, 1 << 52}},
		{kind: kindPresent, from: 2, session: 42, version: 10},
		{kind: kindAsk, from: 3, to: 4, sessions: []attendance.SessionID{42, 7}},
		{kind: kindBeat, from: 5, number: 6, version: 7, held: []held{{42, 5}, {7, 6}}},
		{kind: kindCourses, from: 6, courses: []attendance.CourseID{1, 2}},
		{kind: kindSignOut, from: 7, signOuts: []signOut{{1, 1007}, {2, 1012}}},
	}
}

var compareMessages = cmp.AllowUnexported(message{}, held{}, signOut{})

func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	t.Parallel()
	for _, want := range samples() {
		got, err := decode(want.encode())
		if err != nil {
			t.Errorf("kind %d: %v", want.kind, err)
		}
		if d := cmp.Diff(want, got, compareMessages); d != "" {
			t.Errorf("kind %d (-want +got):\n%s", want.kind, d)
		}
	}
}

func TestWhatIsNoMessageIsRejected(t *testing.T) {
	t.Parallel()
	for _, m := range samples() {
		whole := m.encode()
		for i := range whole {
			if _, err := decode(whole[:i]); err == nil {
				t.Errorf("kind %d: the first %d of %d bytes are taken for a message", m.kind, i, len(whole))
			}
		}
		if _, err := decode(append(slices.Clone(whole), 0)); err == nil {
			t.Errorf("kind %d: a byte too many is taken", m.kind)
		}
		whole[0]++
		if _, err := decode(whole); err == nil {
			t.Errorf("kind %d: a message of another version is taken", m.kind)
		}
	}
	unknownMark := attendance.Event{Session: 42, Seq: 1, Mark: attendance.MarkCount}
	if _, err := decode((&message{kind: kindEvents, session: 42, events: []attendance.Event{unknownMark}}).encode()); err == nil {
		t.Error("a mark that does not exist is taken")
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples() {
		f.Add(m.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(m.encode())
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if d := cmp.Diff(m, again, compareMessages); d != "" {
			t.Errorf("read again (-first +second):\n%s", d)
		}
		for _, e := range m.events {
			_, _, _ = e.Kind.String(), e.Mark.String(), e.Source.String() // panic on what does not exist
		}
	})
}
