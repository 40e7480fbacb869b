package bench

import (
	"cmp"
	"slices"
)

// figures is what the lines say of a run.
type figures struct {
	sync      Histogram // from the intended sending of a check-in to each other connection's receipt
	ack       Histogram // from the intended sending to the answer
	acked     int
	expected  uint64 // receipts there should have been: one for each check-in and other connection
	delivered uint64
	again     int // deltas that brought nothing new
	trouble   map[string]int
}

// arrival is an acknowledged check-in.
type arrival struct {
	seq, at uint32
	line    *line
}

// figure works out what came of the sendings. Expected are receipts of all check-ins
// that were sent, acknowledged or not.
func figure(lines []*line, sent []sending) *figures {
	f := &figures{trouble: make(map[string]int)}
	rooms := make(map[int]uint64)
	heads := make(map[int]uint32)
	for _, ln := range lines {
		if heads[ln.session] = max(heads[ln.session], ln.last); !ln.lost {
			rooms[ln.session]++
		}
	}
	arrivals := make(map[int][]arrival)
	for _, s := range sent {
		ln := s.line
		f.expected += rooms[ln.session] - 1
		if !ln.acked {
			f.trouble["check-in not acknowledged"]++
			continue
		}
		f.acked++
		f.ack.Add(ln.ack.at - s.at)
		arrivals[ln.session] = append(arrivals[ln.session], arrival{ln.ack.to, s.at, ln})
	}
	for _, a := range arrivals {
		slices.SortFunc(a, func(x, y arrival) int { return cmp.Compare(x.seq, y.seq) })
	}
	for _, ln := range lines {
		if ln.anyOrder {
			f.receiptsInAnyOrder(ln, arrivals[ln.session])
		} else if !ln.lost {
			f.receipts(ln, arrivals[ln.session])
		} else if ln.last != heads[ln.session] {
			f.trouble["came back and was not brought up to date"]++
		}
		f.again += ln.again
		for name, n := range ln.trouble {
			f.trouble[name] += n
		}
	}
	f.delivered = f.sync.Count()
	return f
}

// addApart adds what came of the sendings elsewhere, but for the times.
func (f *figures) addApart(h heard, sessions []Session, sent []sending) {
	for _, s := range sent {
		f.expected += uint64(len(sessions[s.line.session].Students))
	}
	f.delivered += h.Delivered
	f.again += h.Again
	for name, n := range h.Trouble {
		f.trouble[name] += n
	}
}

// receipts goes along what a line received and what there was to be received. What
// lies in a gap between two deltas did not arrive.
func (f *figures) receipts(ln *line, arrivals []arrival) {
	for _, r := range ln.receipts {
		for len(arrivals) > 0 && arrivals[0].seq <= r.to {
			if a := arrivals[0]; a.line != ln && a.seq >= r.from {
				f.sync.Add(r.at - a.at)
			}
			arrivals = arrivals[1:]
		}
	}
}

// receiptsInAnyOrder looks each receipt up among what there was to be received.
func (f *figures) receiptsInAnyOrder(ln *line, arrivals []arrival) {
	for _, r := range ln.receipts {
		i, found := slices.BinarySearchFunc(arrivals, r.to, func(a arrival, seq uint32) int { return cmp.Compare(a.seq, seq) })
		if found && arrivals[i].line != ln {
			f.sync.Add(r.at - arrivals[i].at)
		}
	}
}
