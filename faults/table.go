package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// figures is what one trial came to.
type figures struct {
	began                       time.Time
	acknowledged, lost, doubled int
}

// row is what all trials of one fault came to.
type row struct {
	name       string
	tried      int
	violations int
	figures
	lags
}

func (r *row) add(t *trial) {
	r.tried++
	r.violations += len(t.violations)
	r.acknowledged += t.acknowledged
	r.lost += t.lost
	r.doubled += t.doubled
	r.during, r.after, r.presence = max(r.during, t.lags.during), max(r.after, t.lags.after), max(r.presence, t.lags.presence)
}

// table is the rows for people to read.
func table(rows []row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\ttried\tacknowledged\tlost\tdoubled\tstale during\tstale after\tpresence wrong after\tviolations\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.2f s\t%.2f s\t%.1f s\t%d\t\n", r.name, r.tried, r.acknowledged, r.lost, r.doubled,
			r.during.Seconds(), r.after.Seconds(), r.presence.Seconds(), r.violations)
	}
	_ = w.Flush() // to a Builder
	return b.String()
}
