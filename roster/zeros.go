package roster

import (
	"fmt"
	"maps"
	"slices"

	"github.com/muster-live/muster/table"
)

// zeros finds what is meant by ids that a spreadsheet took the zeros from, and keeps
// count, so that people are told.
type zeros struct {
	ids  [len(kindNames)]*table.IDs // as they are known; nil: not needed so far
	told map[string]*zerosTold      // by file
}

type zerosTold struct {
	count     int
	was, full string // the first of them
}

// find returns the id that an id means which nothing is known by. The known ones are
// asked for once.
func (z *zeros) find(what Kind, id string, from table.Origin, known func(add func(id string))) (full string, ok bool) {
	if z.ids[what] == nil {
		z.ids[what] = &table.IDs{}
		known(z.ids[what].Add)
	}
	full, ok = z.ids[what].Find(id)
	if !ok || full == id {
		return "", false
	}
	t := z.told[from.File]
	if t == nil {
		if z.told == nil {
			z.told = make(map[string]*zerosTold)
		}
		t = &zerosTold{was: id, full: full}
		z.told[from.File] = t
	}
	t.count++
	return full, true
}

// notes says what was found.
func (z *zeros) notes() (lines []string) {
	for _, file := range slices.Sorted(maps.Keys(z.told)) {
		t := z.told[file]
		ids := "1 id that had lost the zeros at its beginning was"
		if t.count > 1 {
			ids = fmt.Sprintf("%d ids that had lost the zeros at their beginning were", t.count)
		}
		lines = append(lines, fmt.Sprintf("%s: %s known by the other digits: %s is %s", file, ids, t.was, t.full))
	}
	return lines
}
