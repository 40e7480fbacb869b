package live

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
)

// fullRoom returns a room in which each of so many students is present and connected.
func fullRoom(students int) *room {
	rng := rand.New(rand.NewPCG(1, 2))
	name := func() string {
		const syllables = "baceladomirasotenukavelinorashemtogarbiluchanderostwipelukofriz"
		var b strings.Builder
		for range 2 + rng.IntN(3) {
			i := rng.IntN(len(syllables) - 2)
			b.WriteString(syllables[i : i+2])
		}
		return strings.ToUpper(b.String()[:1]) + b.String()[1:]
	}
	rec := &Record{Session: attendance.Session{Seq: 1, Status: attendance.Open}, CourseCode: "CS101", CourseTitle: "Algorithms", Entries: make(map[attendance.PersonID]attendance.Entry)}
	opened := time.UnixMilli(1732389600000)
	for i := range students {
		p := attendance.PersonID(1000 + i)
		rec.Students = append(rec.Students, Person{ID: p, Family: name(), Given: name(), Ref: fmt.Sprintf("s%07d", rng.IntN(1e7))})
		at := opened.Add(time.Duration(rng.IntN(600_000)) * time.Millisecond)
		rec.Entries[p] = attendance.Entry{Mark: attendance.Present, At: at, Source: attendance.ByCode, Actor: p}
	}
	r := newRoom(1, nil, time.Now)
	r.load(rec)
	for _, p := range rec.Students {
		r.present[p.ID] = true
	}
	return r
}

func TestWhatAllBoardsAreSentIsCompressedOnceUntilItChanges(t *testing.T) {
	t.Parallel()
	r := fullRoom(300)
	plain, deflating := &WebSocket{}, &WebSocket{}
	deflating.Deflate()
	join := func(t *WebSocket) *common {
		f := r.snapshot(&Conn{audience: AudienceBoard})
		t.bytes(f)
		return f.common
	}
	if c := join(plain); c.deflated != nil {
		t.Error("it was compressed for somebody who does not take it so")
	}
	c := join(deflating)
	if c.deflated == nil {
		t.Fatal("it was not compressed")
	}
	before := &c.deflated[0]
	if again := join(deflating); &again.deflated[0] != before {
		t.Error("it was compressed again for the next")
	}
	r.apply([]attendance.Event{{Seq: 2, Kind: attendance.MarkSet, Person: 1007, Mark: attendance.Absent}})
	if later := join(deflating); &later.deflated[0] == before {
		t.Error("after a change, the old state was sent")
	}
}

// BenchmarkSnapshot shows what the state of a board costs: to put its JSON together, to
// compress it for the first who takes it so, and for each after that, until it changes.
func BenchmarkSnapshot(b *testing.B) {
	for _, students := range []int{300, 1000} {
		r := fullRoom(students)
		c := &Conn{audience: AudienceBoard}
		b.Run(fmt.Sprintf("%d/encode", students), func(b *testing.B) {
			var f frame
			for b.Loop() {
				r.changed()
				f = r.snapshot(c)
			}
			b.ReportMetric(float64(len(f.webSocket())), "bytes")
		})
		b.Run(fmt.Sprintf("%d/compress", students), func(b *testing.B) {
			f := r.snapshot(c)
			n := 0
			for b.Loop() {
				f.common = &common{json: f.common.json}
				n = len(f.deflated())
			}
			b.ReportMetric(float64(n), "bytes")
		})
		b.Run(fmt.Sprintf("%d/compressed", students), func(b *testing.B) {
			f := r.snapshot(c)
			for b.Loop() {
				f.deflated()
			}
		})
	}
}

// No more is inflated than a message may have, however much there is of it. (It runs alone,
// since all that is allocated meanwhile counts.)
func TestOfTooMuchLittleIsInflated(t *testing.T) {
	bomb := deflate(nil, make([]byte, 100*MaxMessage))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b, code := inflate(bomb)
	runtime.ReadMemStats(&after)
	if b != nil || code != CloseTooLarge {
		t.Errorf("%d bytes, code %d", len(b), code)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 10*MaxMessage {
		t.Errorf("that took %d bytes", took)
	}
}
