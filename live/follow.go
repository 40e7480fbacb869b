package live

import (
	"context"
	"time"

	"github.com/muster-live/muster/attendance"
)

// How rooms are kept up to the log, whatever the bus has lost.

// read loads the room from the store. It does not depend on the caller's context,
// since others wait for it as well.
func (h *Hub) read(r *room) error {
	ctx, cancel := context.WithTimeout(h.ctx, readLimit)
	defer cancel()
	rec, err := h.store.Record(ctx, r.id)
	if err != nil {
		return err
	}
	if r.load(rec) {
		h.repair(r)
	}
	return nil
}

// reload reads the room again, since the roster has changed.
func (h *Hub) reload(ctx context.Context, r *room) {
	if err := h.read(r); err != nil {
		h.log.WarnContext(ctx, "room not read again", "session", r.id, "err", err)
		return
	}
	for _, c := range r.strangers() {
		c.Finish(CloseForbidden)
	}
	h.touchRoom(r)
	h.Flush()
}

// busDelay is what the bus may take to bring the news of another node.
const busDelay = 20 * time.Millisecond

// expect has the room brought up to the log if the bus has not brought it to seq soon.
func (h *Hub) expect(r *room, seq int64) {
	if r.expect(seq) {
		time.AfterFunc(busDelay, func() {
			if r.lags() {
				h.repair(r)
			}
		})
	}
}

// repair brings the room up to the log.
func (h *Hub) repair(r *room) {
	if !r.repairing.CompareAndSwap(false, true) {
		return
	}
	h.background(func(ctx context.Context) {
		defer r.repairing.Store(false)
		if err := h.catchUp(ctx, r); err != nil {
			h.log.WarnContext(ctx, "room not brought up to the log", "session", r.id, "err", err)
		} // the next check of the heads tries again
	})
}

func (h *Hub) catchUp(ctx context.Context, r *room) error {
	h.counts.repairs.Add(1)
	for {
		events, err := h.store.Events(ctx, r.id, r.head.Load(), readEvents)
		if err != nil {
			return err
		}
		r.apply(events)
		h.touchRoom(r)
		h.Flush()
		if len(events) < readEvents {
			return nil
		}
	}
}

// background runs fn unless the hub is closed.
func (h *Hub) background(fn func(context.Context)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.work.Go(func() {
		ctx, cancel := context.WithTimeout(h.ctx, readLimit)
		defer cancel()
		fn(ctx)
	})
}

// check compares the rooms with the log, again and again, and drops idle rooms.
func (h *Hub) check() {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
			h.dropIdle()
			h.compare()
		}
	}
}

func (h *Hub) compare() {
	rooms := h.loadedRooms()
	if len(rooms) == 0 {
		return
	}
	ids := make([]attendance.SessionID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	ctx, cancel := context.WithTimeout(h.ctx, readLimit)
	defer cancel()
	heads, err := h.store.Heads(ctx, ids)
	if err != nil {
		h.log.WarnContext(ctx, "rooms not compared with the log", "err", err)
		return
	}
	for _, r := range rooms {
		head, ok := heads[r.id]
		if !ok {
			continue
		}
		r.mu.Lock()
		roster := r.roster
		r.mu.Unlock()
		if head.Roster != roster {
			h.reload(ctx, r)
		}
		if head.Seq > r.head.Load() {
			h.repair(r)
		}
	}
}

func (h *Hub) dropIdle() {
	var dropped []attendance.SessionID
	h.mu.Lock()
	for id, r := range h.rooms {
		if r.users == 0 && time.Since(r.idleSince) > roomLinger {
			delete(h.rooms, id)
			dropped = append(dropped, id)
		}
	}
	h.mu.Unlock()
	for _, id := range dropped {
		h.link.Unwatch(id)
	}
}
