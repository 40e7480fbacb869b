package remote

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/muster-live/muster/attendance"
)

// nodeID tells nodes apart. It is drawn at random when a node starts, so that one
// that is started again is another.
type nodeID uint64

// kind says what a message is.
type kind byte

const (
	kindEvents  kind = iota + 1 // on the channel of a session: committed events
	kindPresent                 // on the channel of a session: all who are connected to it through the sender
	kindAsk                     // on the nodes' channel: have kindPresent sent
	kindBeat                    // on the nodes' channel: the sender lives
	kindCourses                 // on the nodes' channel: courses whose roster has changed
	kindSignOut                 // on the nodes' channel: people whose sign-ins have ended
)

// wireVersion begins every message. A node ignores versions that it does not know:
// what it misses of the events is in the log.
const wireVersion = 2

// message is what nodes send each other. Which fields count depends on the kind.
type message struct {
	kind    kind
	from    nodeID
	session attendance.SessionID
	// version is the sender's count of changes of presence: in kindPresent up to the
	// last change of the session, in kindBeat up to the last of all.
	version  int64
	events   []attendance.Event     // in kindEvents, all of session
	people   []attendance.PersonID  // in kindPresent, in ascending order
	to       nodeID                 // in kindAsk; 0 for all
	sessions []attendance.SessionID // in kindAsk
	number   int64                  // in kindBeat: 1, 2, 3, …
	held     []held                 // in kindBeat: every session that has people
	courses  []attendance.CourseID  // in kindCourses
	signOuts []signOut              // in kindSignOut
}

// held says that there are people connected to a session, last changed at version.
type held struct {
	session attendance.SessionID
	version int64
}

// signOut is numbered by its sender, so that what is repeated is done once.
type signOut struct {
	number int64
	person attendance.PersonID
}

// encode returns the bytes of a message: version, kind, sender, and fields as
// varints. Lists begin with their length; ids in ascending order are written as
// differences, so that most take a byte or two.
func (m *message) encode() []byte {
	b := make([]byte, 0, 32+24*len(m.events)+2*len(m.people))
	b = append(b, wireVersion, byte(m.kind))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.from))
	switch m.kind {
	case kindEvents:
		b = appendInts(b, m.session)
		b = appendInts(b, len(m.events))
		var seq, at int64
		for _, e := range m.events {
			ms := e.At.UnixMilli()
			b = binary.AppendVarint(b, e.Seq-seq)
			b = binary.AppendVarint(b, ms-at)
			b = append(b, byte(e.Kind), byte(e.Mark), byte(e.Source))
			b = appendInts(b, e.Person, e.Actor)
			b = appendInts(b, len(e.Note))
			b = append(b, e.Note...)
			b = appendInts(b, len(e.Status))
			b = append(b, e.Status...)
			b = appendInts(b, len(e.From))
			b = append(b, e.From...)
			seq, at = e.Seq, ms
		}
	case kindPresent:
		b = appendInts(b, m.session)
		b = appendInts(b, m.version)
		b = appendInts(b, len(m.people))
		var last attendance.PersonID
		for _, p := range m.people {
			b = appendInts(b, p-last)
			last = p
		}
	case kindAsk:
		b = binary.LittleEndian.AppendUint64(b, uint64(m.to))
		b = appendInts(b, len(m.sessions))
		b = appendInts(b, m.sessions...)
	case kindBeat:
		b = appendInts(b, m.number, m.version)
		b = appendInts(b, len(m.held))
		for _, h := range m.held {
			b = appendInts(b, h.session)
			b = appendInts(b, h.version)
		}
	case kindCourses:
		b = appendInts(b, len(m.courses))
		b = appendInts(b, m.courses...)
	case kindSignOut:
		b = appendInts(b, len(m.signOuts))
		for _, s := range m.signOuts {
			b = appendInts(b, s.number)
			b = appendInts(b, s.person)
		}
	}
	return b
}

func appendInts[T ~int64 | ~int](b []byte, ns ...T) []byte {
	for _, n := range ns {
		b = binary.AppendVarint(b, int64(n))
	}
	return b
}

var errGarbage = errors.New("not a message between nodes")

// decode is the inverse of encode. Whatever b is, it does not panic, and what it
// returns is well formed.
func decode(b []byte) (*message, error) {
	r := reader{rest: b}
	if r.byte() != wireVersion {
		return nil, errGarbage
	}
	m := &message{kind: kind(r.byte()), from: nodeID(r.uint64())}
	switch m.kind {
	case kindEvents:
		m.session = attendance.SessionID(r.int())
		last := attendance.Event{Session: m.session, At: time.UnixMilli(0)}
		m.events = list(&r, func(r *reader) attendance.Event {
			last = r.eventAfter(last)
			return last
		})
	case kindPresent:
		m.session = attendance.SessionID(r.int())
		m.version = r.int()
		var last attendance.PersonID
		m.people = list(&r, func(r *reader) attendance.PersonID {
			last += attendance.PersonID(r.int())
			return last
		})
		r.check(slices.IsSorted(m.people))
	case kindAsk:
		m.to = nodeID(r.uint64())
		m.sessions = list(&r, func(r *reader) attendance.SessionID { return attendance.SessionID(r.int()) })
	case kindBeat:
		m.number, m.version = r.int(), r.int()
		m.held = list(&r, func(r *reader) held { return held{attendance.SessionID(r.int()), r.int()} })
	case kindCourses:
		m.courses = list(&r, func(r *reader) attendance.CourseID { return attendance.CourseID(r.int()) })
	case kindSignOut:
		m.signOuts = list(&r, func(r *reader) signOut { return signOut{r.int(), attendance.PersonID(r.int())} })
	default:
		return nil, errGarbage
	}
	if r.failed || len(r.rest) > 0 {
		return nil, errGarbage
	}
	return m, nil
}

// reader takes a message apart. After the first thing that does not fit it gives
// zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) check(ok bool) {
	if !ok {
		r.failed, r.rest = true, nil
	}
}

func (r *reader) bytes(n int64) []byte {
	r.check(n >= 0 && n <= int64(len(r.rest)))
	if r.failed {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.bytes(8); len(b) == 8 {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) int() int64 {
	n, size := binary.Varint(r.rest)
	r.check(size > 0)
	if r.failed {
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// eventAfter reads an event; seq and time are written as differences.
func (r *reader) eventAfter(last attendance.Event) attendance.Event {
	e := attendance.Event{Session: last.Session, Seq: last.Seq + r.int(), At: time.UnixMilli(last.At.UnixMilli() + r.int()).UTC()}
	e.Kind, e.Mark, e.Source = attendance.EventKind(r.byte()), attendance.Mark(r.byte()), attendance.Source(r.byte())
	e.Person, e.Actor = attendance.PersonID(r.int()), attendance.PersonID(r.int())
	e.Note, e.Status, e.From = string(r.bytes(r.int())), string(r.bytes(r.int())), string(r.bytes(r.int()))
	r.check(e.Seq > 0 && e.Kind <= attendance.SessionReopened && e.Mark < attendance.MarkCount && e.Source < attendance.SourceCount)
	return e
}

// list reads a list: its length, and each of its items, which takes a byte at least.
func list[T any](r *reader, item func(*reader) T) []T {
	n := r.int()
	r.check(n >= 0 && n <= int64(len(r.rest)))
	var items []T
	for range n {
		if r.failed {
			break
		}
		items = append(items, item(r))
	}
	return items
}
