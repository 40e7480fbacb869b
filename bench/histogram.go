package bench

import (
	"math/bits"
	"time"
)

// Histogram counts durations. Values are kept to a microsecond or a thousandth,
// whichever is coarser.
type Histogram struct {
	counts [(32 - mantissa + 1) << mantissa]uint64
	total  uint64
	max    uint32
}

const mantissa = 10 // bits of a value that are kept

// Add counts a duration of so many microseconds.
func (h *Histogram) Add(micros uint32) {
	h.counts[bucket(micros)]++
	h.total++
	h.max = max(h.max, micros)
}

// bucket numbers the values so that a bucket is as wide as the last bit kept of the
// values in it.
func bucket(v uint32) int {
	shift := max(0, bits.Len32(v)-mantissa-1)
	return shift<<mantissa + int(v>>shift)
}

// lowest returns the lowest value of a bucket.
func lowest(b int) uint32 {
	shift := max(0, b>>mantissa-1)
	return uint32(b-shift<<mantissa) << shift
}

// Count returns how many durations have been counted.
func (h *Histogram) Count() uint64 { return h.total }

// Quantile returns the duration that a part q (0 to 1) of those counted does not
// exceed; 0 if none were counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := max(1, uint64(q*float64(h.total)+0.5))
	var seen uint64
	for b, n := range h.counts {
		if seen += n; seen >= rank {
			return micros(min(lowest(b+1)-1, h.max))
		}
	}
	return h.Max()
}

// Max returns the longest duration counted.
func (h *Histogram) Max() time.Duration { return micros(h.max) }

func micros(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }
