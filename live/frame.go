package live

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/attendance"
)

// A frame is one message, as JSON and as an unmasked WebSocket text frame around it.
// It never changes once made, so that many connections can be sent the same one.
type frame struct {
	buf    []byte  // room for the longest header, then the JSON
	head   int     // where in buf the WebSocket frame begins
	common *common // what the JSON begins with, as that of others does; nil: it does not matter
}

const headRoom = 10 // RFC 6455, section 5.2: 2 bytes and at most 8 of length

// newFrame returns an empty frame to append JSON to; finish makes it whole.
func newFrame(size int) []byte { return make([]byte, headRoom, headRoom+size) }

func finish(buf []byte) frame {
	const finalText = 0x80 | byte(ws.OpText)
	switch n := len(buf) - headRoom; {
	case n < 126:
		buf[8], buf[9] = finalText, byte(n)
		return frame{buf: buf, head: 8}
	case n < 1<<16:
		buf[6], buf[7] = finalText, 126
		binary.BigEndian.PutUint16(buf[8:], uint16(n))
		return frame{buf: buf, head: 6}
	default:
		buf[0], buf[1] = finalText, 127
		binary.BigEndian.PutUint64(buf[2:], uint64(n))
		return frame{buf: buf, head: 0}
	}
}

func (f frame) webSocket() []byte { return f.buf[f.head:] }
func (f frame) json() []byte      { return f.buf[headRoom:] }

// Messages are put together by hand: they are few, and every byte of them is made
// many times a second. Their form is fixed by docs/protocol.md and its golden files.

func appendInt(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(b, key...), n, 10)
}

func appendTime(b []byte, key string, t time.Time) []byte {
	return appendInt(b, key, millis(t))
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func appendCounts(b []byte, c attendance.Counts) []byte {
	b = append(b, `,"counts":[`...)
	// In the order of the protocol, which reads better than that of the constants.
	b = strconv.AppendInt(b, int64(c[attendance.Present]), 10)
	for _, m := range [...]attendance.Mark{attendance.Late, attendance.Absent, attendance.Excused, attendance.Unset} {
		b = strconv.AppendInt(append(b, ','), int64(c[m]), 10)
	}
	return append(b, ']')
}

func appendStatus(b []byte, s *attendance.Session) []byte {
	b = append(append(b, `,"status":"`...), s.Status.String()...)
	b = appendTime(b, `","opened":`, s.OpenedAt)
	return appendTime(b, `,"closed":`, s.ClosedAt)
}

func appendEntry(b []byte, p attendance.PersonID, e attendance.Entry) []byte {
	b = strconv.AppendInt(append(b, '['), int64(p), 10)
	b = append(append(b, `,"`...), e.Mark.String()...)
	b = appendTime(b, `",`, e.At)
	b = append(append(b, `,"`...), e.Source.String()...)
	return append(b, '"')
}

func appendYou(b []byte, p attendance.PersonID, e attendance.Entry) []byte {
	return append(appendStatusKey(appendEntry(append(b, `,"you":`...), p, e), e.Status), ']')
}

func appendEvent(b []byte, e attendance.Event) []byte {
	b = appendInt(b, "[", e.Seq)
	b = appendTime(b, ",", e.At)
	b = append(append(b, `,"`...), e.Kind.String()...)
	b = appendInt(b, `",`, int64(e.Person))
	mark := ""
	if e.Kind == attendance.MarkSet {
		mark = e.Mark.String()
	}
	b = append(append(b, `,"`...), mark...)
	b = append(append(b, `","`...), e.Source.String()...)
	b = appendInt(b, `",`, int64(e.Actor))
	b = appendText(append(b, ','), e.Note)
	return append(appendStatusKey(b, e.Status), ']')
}

// appendStatusKey appends which status of the mark it is, unless it is the mark itself.
func appendStatusKey(b []byte, key string) []byte {
	if key == "" {
		return b
	}
	return append(append(append(b, `,"`...), key...), '"') // has no character that JSON would escape
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, `""`...)
	}
	return append(b, mustJSON(s)...)
}

// deltaKey says what a delta depends on besides the room's state.
type deltaKey struct {
	audience Audience
	after    int64 // the seq it continues from
}

// studentDelta is a delta for students, from after one seq up to another.
type studentDelta struct {
	frame
	after, to int64
}

// delta returns what an audience sees of the events after a seq, up to now. It is
// encoded once for all who continue from there. The lock is held.
func (r *room) delta(audience Audience, after int64, events []attendance.Event) frame {
	key := deltaKey{audience, after}
	if f, ok := r.deltas[key]; ok {
		return f
	}
	b := appendInt(newFrame(128+64*len(events)), `{"t":"delta","from":`, after+1)
	b = appendInt(b, `,"to":`, r.session.Seq)
	if audience == AudienceBoard {
		b = append(b, `,"events":[`...)
		for i, e := range events {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendEvent(b, e)
		}
		b = append(b, ']')
	} else {
		b = appendCounts(appendStatus(b, &r.session), r.counts)
	}
	f := finish(append(b, '}'))
	if r.deltas == nil {
		r.deltas = make(map[deltaKey]frame)
	}
	r.deltas[key] = f
	if audience == AudienceStudent && after < r.session.Seq { // else nobody waits for it
		r.newest.Store(&studentDelta{f, after, r.session.Seq})
	}
	return f
}

// ownDelta is a student's delta with the student's own mark. The lock is held.
func (r *room) ownDelta(after int64, p attendance.PersonID) frame {
	shared := r.delta(AudienceStudent, after, nil).json()
	b := append(newFrame(len(shared)+64), shared[:len(shared)-1]...)
	return finish(append(appendYou(b, p, r.entries[p]), '}'))
}

// snapshot returns the whole state as the connection may see it. What is the same
// for everyone in its audience is encoded once. The lock is held.
func (r *room) snapshot(c *Conn) frame {
	shared, ok := r.snapshots[c.audience]
	if !ok {
		shared = &common{json: r.appendShared(nil, c.audience)}
		if r.snapshots == nil {
			r.snapshots = make(map[Audience]*common)
		}
		r.snapshots[c.audience] = shared
	}
	b := append(newFrame(len(shared.json)+256), shared.json...)
	now := r.now()
	b = appendTime(b, `,"now":`, now)
	switch c.audience {
	case AudienceStudent:
		b = appendYou(b, c.person, r.entries[c.person])
	case AudienceDisplay:
		b = appendInt(b, `,"connected":`, int64(len(r.present)))
		if r.session.Status == attendance.Open {
			b = append(r.appendCodes(append(b, `,"codes":{`...), now), '}')
		}
	case AudienceBoard:
		b = append(appendPeople(append(b, `,"connected":[`...), r.present, true), ']')
	}
	if w := r.watchers[c]; w != nil {
		clear(w.presence) // it is all in here
		w.everyone, w.codes = false, false
	}
	f := finish(append(b, '}'))
	f.common = shared
	return f
}

func (r *room) appendShared(b []byte, audience Audience) []byte {
	b = append(append(b, `{"t":"snapshot","audience":"`...), audience...)
	b = appendInt(b, `","session":`, int64(r.id))
	b = appendInt(b, `,"seq":`, r.session.Seq)
	b = appendStatus(b, &r.session)
	if !r.session.CancelledAt.IsZero() {
		b = append(b, `,"cancelled":true`...)
	}
	b = append(append(b, `,"title":`...), r.title...)
	b = append(append(b, `,"course":`...), r.course...)
	b = appendCounts(b, r.counts)
	if audience != AudienceBoard {
		return b
	}
	b = appendInt(b, `,"roster":`, r.roster)
	if r.rules.LateAfter < 0 {
		b = append(b, `,"rules":{"late_after":null`...)
	} else {
		b = appendInt(b, `,"rules":{"late_after":`, int64(r.rules.LateAfter/time.Minute))
	}
	b = append(append(b, `,"on_close":"`...), r.rules.OnClose.String()...)
	b = append(b, `"},"people":[`...)
	for i, p := range r.people {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(appendInt(b, "[", int64(p.ID)), ','), p.Family)
		b = append(appendText(append(appendText(append(b, ','), p.Given), ','), p.Ref), ']')
	}
	b = append(b, `],"marks":[`...)
	first := true
	for _, p := range r.people {
		e := r.entries[p.ID]
		if e.Mark == attendance.Unset {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendInt(appendEntry(b, p.ID, e), ",", int64(e.Actor))
		b = append(appendStatusKey(appendText(append(b, ','), e.Note), e.Status), ']')
	}
	return append(b, ']')
}

// appendPeople appends the ids of those in the set who have the value want.
func appendPeople(b []byte, set map[attendance.PersonID]bool, want bool) []byte {
	sep := ""
	for p, v := range set {
		if v == want {
			b = appendInt(b, sep, int64(p))
			sep = ","
		}
	}
	return b
}

func (r *room) appendCodes(b []byte, now time.Time) []byte {
	codes := r.session.Codes(r.rules)
	this, start := codes.At(now)
	next, _ := codes.At(start.Add(r.rules.CodeStep))
	b = appendTime(b, `"start":`, start)
	b = appendInt(b, `,"step":`, r.rules.CodeStep.Milliseconds())
	b = append(append(append(append(b, `,"codes":[["`...), this.QR...), `","`...), this.Digits...)
	b = append(append(append(append(b, `"],["`...), next.QR...), `","`...), next.Digits...)
	return append(b, `"]]`...)
}

// news returns what the watching connection has yet to be told besides events. The
// lock is held.
func (r *room) news(c *Conn, w *watch) (news []frame) {
	if len(w.presence) > 0 || w.everyone {
		b := newFrame(64)
		switch {
		case c.audience == AudienceDisplay:
			b = appendInt(b, `{"t":"presence","count":`, int64(len(r.present)))
		case w.everyone:
			b = append(appendPeople(append(b, `{"t":"presence","all":[`...), r.present, true), ']')
		default:
			b = appendPeople(append(b, `{"t":"presence","on":[`...), w.presence, true)
			b = append(appendPeople(append(b, `],"off":[`...), w.presence, false), ']')
		}
		clear(w.presence)
		w.everyone = false
		news = append(news, finish(append(b, '}')))
	}
	if w.codes && c.audience == AudienceDisplay && r.session.Status == attendance.Open {
		b := append(newFrame(160), `{"t":"codes",`...)
		news = append(news, finish(append(r.appendCodes(b, r.now()), '}')))
	}
	w.codes = false
	return news
}
