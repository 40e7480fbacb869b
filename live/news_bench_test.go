package live

import (
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

// nowhere is a transport that takes everything at once, so that what is left is ours.
type nowhere struct{}

func (nowhere) opening() []byte                     { return nil }
func (nowhere) bytes(f frame) []byte                { return f.webSocket() }
func (nowhere) tryWrite(b []byte) (int, error)      { return len(b), nil }
func (nowhere) write([]byte, time.Time) error       { return nil }
func (nowhere) ping() ([]byte, bool)                { return pingFrame, true }
func (nowhere) close(code CloseCode, midFrame bool) {}

// BenchmarkNews is what a check-in takes of a node beside the kernel's work, from the
// event to the bytes for each of 300 students and a board. For its instructions, see
// docs/performance.md.
func BenchmarkNews(b *testing.B) {
	const students = 300
	h := &Hub{now: time.Now}
	r := newRoom(1, &flusher{}, time.Now)
	rec := &Record{Session: attendance.Session{ID: 1, Status: attendance.Open}, Entries: map[attendance.PersonID]attendance.Entry{}}
	for i := range students {
		rec.Students = append(rec.Students, Person{ID: attendance.PersonID(i + 1), Family: "Family", Given: "Given"})
	}
	r.load(rec)
	var conns []*Conn
	for i := range students + 1 {
		c := &Conn{hub: h, out: nowhere{}, room: r, audience: AudienceStudent, person: attendance.PersonID(i), done: make(chan struct{})}
		if i == 0 {
			c.audience = AudienceBoard
		}
		r.mu.Lock()
		r.add(c)
		r.mu.Unlock()
		conns = append(conns, c)
	}
	b.ReportAllocs()
	for i := range b.N {
		r.apply([]attendance.Event{{
			Session: 1, Seq: int64(i + 1), Kind: attendance.MarkSet, At: time.UnixMilli(1_700_000_000_000),
			Person: attendance.PersonID(i%students + 1), Mark: attendance.Present, Source: attendance.ByCode, Actor: attendance.PersonID(i%students + 1),
		}})
		for _, c := range conns {
			c.pump()
		}
	}
	for _, c := range conns {
		if c.sent != int64(b.N) {
			b.Fatalf("a connection has been sent news up to %d, want %d", c.sent, b.N)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(conns)), "ns/update")
}
