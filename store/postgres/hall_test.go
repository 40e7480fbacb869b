package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
)

const hallStudents = 200

// hall is a session to which several processes write at the same time. It remembers
// what they were answered.
type hall struct {
	session attendance.SessionID
	stores  []*Store
	hubs    []*live.Hub  // one a store, which guesses by it
	next    atomic.Int64 // number of the last command

	mu     sync.Mutex
	acked  map[string]int64 // by the id of the command: seq of its event
	gaveUp []time.Duration  // how long calls of Append took that were in vain
}

func newHall(t *testing.T, url string, processes int) *hall {
	t.Helper()
	h := &hall{acked: make(map[string]int64)}
	for range processes {
		h.stores = append(h.stores, open(t, url))
	}
	h.session = seed(t, h.stores[0], hallStudents)
	var network local.Network
	for _, s := range h.stores {
		h.hubs = append(h.hubs, openRoom(t, s, &network, h.session))
	}
	return h
}

// openRoom gives a store a room to guess by.
func openRoom(t *testing.T, s *Store, network *local.Network, session attendance.SessionID) *live.Hub {
	t.Helper()
	hub := live.NewHub(s, network.Join, time.Now, slog.New(slog.DiscardHandler))
	t.Cleanup(hub.Close)
	if _, _, err := hub.Look(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	s.GuessBy(hub)
	return hub
}

// group returns so many new commands, of which each makes one event; that has the
// command's id as its note.
func (h *hall) group(size int) []attendance.Command {
	group := make([]attendance.Command, size)
	for i := range group {
		n := h.next.Add(1)
		id := fmt.Sprint("c", n)
		group[i] = attendance.Command{ID: id, Session: h.session, Actor: 1, Kind: attendance.SetMarks, At: time.Now(), Note: id,
			Marks: []attendance.MarkChange{{Person: attendance.PersonID(1 + n%hallStudents), Mark: attendance.Late}}}
	}
	return group
}

// write gives groups of commands through all processes, and each group a second time
// through another one, until stop is called. What fails is given again, as clients do.
func (h *hall) write(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for k := range h.stores {
		writers.Go(func() {
			for size := 1; ctx.Err() == nil; size = 1 + size*7%23 {
				group := h.group(size)
				h.give(t, k, group)
				h.give(t, k+1, group)
			}
		})
	}
	stop = func() {
		cancel()
		writers.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// patience is how long commands are given again before a test fails.
const patience = 3 * time.Minute

func (h *hall) give(t *testing.T, k int, group []attendance.Command) {
	var results []recorder.Result
	var err error
	for start := time.Now(); time.Since(start) < patience; k++ {
		k %= len(h.stores)
		begun := time.Now()
		if results, err = h.stores[k].Append(context.Background(), group); err == nil {
			for _, r := range results {
				h.hubs[k].Apply(r.Events)
			}
			break
		}
		h.mu.Lock()
		h.gaveUp = append(h.gaveUp, time.Since(begun))
		h.mu.Unlock()
	}
	if err != nil {
		t.Errorf("given again for %v: %v", patience, err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, r := range results {
		before, again := h.acked[group[i].ID]
		switch {
		case r.Err != nil:
			t.Errorf("command %s: %v", group[i].ID, r.Err)
		case r.Outcome.From != r.Outcome.To || again && before != r.Outcome.To:
			t.Errorf("command %s was answered seq %d and then %+v", group[i].ID, before, r.Outcome)
		}
		h.acked[group[i].ID] = r.Outcome.To
	}
}

func (h *hall) answered() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.acked)
}

// waitFor waits until so many more commands have been answered.
func (h *hall) waitFor(t *testing.T, more int) {
	t.Helper()
	want := h.answered() + more
	for start := time.Now(); h.answered() < want; time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("only %d of %d commands were answered", h.answered(), want)
		}
	}
}

// check compares the log with the answers: every command is in it once, with the seq
// that it was answered, and nothing else is but the opening.
func (h *hall) check(t *testing.T) {
	t.Helper()
	events, err := h.stores[0].Events(t.Context(), h.session, 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d of the log has seq %d", i+1, e.Seq)
		}
		if i > 0 && h.acked[e.Note] != e.Seq {
			t.Errorf("event %d is of command %s, which was answered seq %d", e.Seq, e.Note, h.acked[e.Note])
		}
	}
	if len(events) != len(h.acked)+1 {
		t.Errorf("%d events for %d commands and the opening", len(events), len(h.acked))
	}
	rec, err := h.stores[0].Record(t.Context(), h.session)
	if err != nil || rec.Session.Seq != int64(len(events)) || len(rec.Entries) != min(hallStudents, len(h.acked)) {
		t.Errorf("the record is at seq %d with %d marks, error %v", rec.Session.Seq, len(rec.Entries), err)
	}
}
