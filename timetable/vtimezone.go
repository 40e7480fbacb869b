package timetable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// observance is a STANDARD or DAYLIGHT part of a VTIMEZONE: from each onset on, by the
// wall clock of before, clocks are at an offset.
type observance struct {
	name     string
	from, to time.Duration
	onsets   []Wall
}

// zoneOf makes a time zone from the rules of a VTIMEZONE.
func zoneOf(name string, parts []observance) (*time.Location, error) {
	type transition struct {
		at int64 // seconds since 1970
		to time.Duration
	}
	var all []transition
	for _, o := range parts {
		for _, w := range o.onsets {
			all = append(all, transition{w.Add(-o.from).Unix(), o.to})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("time zone %s has no rules", name)
	}
	slices.SortFunc(all, func(a, b transition) int { return int(max(-1, min(1, a.at-b.at))) })
	// What held before the first transition comes first.
	offsets := []time.Duration{parts[0].from}
	for _, o := range parts {
		if len(o.onsets) > 0 && o.onsets[0].Add(-o.from).Unix() == all[0].at {
			offsets[0] = o.from
		}
	}
	kind := func(d time.Duration) byte {
		i := slices.Index(offsets, d)
		if i < 0 {
			i = len(offsets)
			offsets = append(offsets, d)
		}
		return byte(i)
	}
	times, kinds := make([]int64, len(all)), make([]byte, len(all))
	for i, t := range all {
		times[i], kinds[i] = t.at, kind(t.to)
	}
	if len(offsets) > 200 {
		return nil, fmt.Errorf("time zone %s has %d different offsets", name, len(offsets))
	}
	return time.LoadLocationFromTZData(name, tzData(times, kinds, offsets))
}

// tzData writes transitions in the format of RFC 8536, version 2: an empty block with
// times of 32 bits, and one of 64.
func tzData(times []int64, kinds []byte, offsets []time.Duration) []byte {
	const abbreviation = "LMT\x00" // nobody shows it
	var b bytes.Buffer
	header := func(counts ...uint32) {
		b.WriteString("TZif2")
		b.Write(make([]byte, 15))
		for _, n := range counts {
			b.Write(binary.BigEndian.AppendUint32(nil, n))
		}
	}
	header(0, 0, 0, 0, 1, uint32(len(abbreviation)))
	b.Write(make([]byte, 6))
	b.WriteString(abbreviation)
	header(0, 0, 0, uint32(len(times)), uint32(len(offsets)), uint32(len(abbreviation)))
	for _, t := range times {
		b.Write(binary.BigEndian.AppendUint64(nil, uint64(t)))
	}
	b.Write(kinds)
	for _, o := range offsets {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(int32(o/time.Second))))
		b.Write([]byte{0, 0})
	}
	b.WriteString(abbreviation)
	b.WriteString("\n\n") // no rule for later times
	return b.Bytes()
}
