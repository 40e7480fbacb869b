package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable writes one run for people to read.
func (r Result) WriteTable(w io.Writer, title string) error {
	fmt.Fprintln(w, title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tp50\tp95\tp99\tmax\tms\t")
	for _, row := range []struct {
		name string
		q    Quantiles
		show bool
	}{
		{"connect, to the first state", r.Connect, true},
		{"check-in to everybody else's screen", r.Sync, r.Sent > 0},
		{"check-in to its answer", r.Ack, r.Sent > 0},
		{"of these, sent late by the bench", r.Late, r.Sent > 0},
		{"kill -9 to the state by another way", r.Return, r.Returned > 0},
	} {
		if row.show {
			fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t\t\n", row.name, row.q.P50, row.q.P95, row.q.P99, row.q.Max)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "  %d connections, all there after %.0f ms\n", r.Connections, r.ConnectAll)
	if r.Sent > 0 {
		fmt.Fprintf(w, "  %d of %d check-ins acknowledged; %d of %d updates delivered", r.Acked, r.Sent, r.Delivered, r.Expected)
		if r.Again > 0 {
			fmt.Fprintf(w, ", %d of them more than once", r.Again)
		}
		fmt.Fprintln(w)
	}
	if r.Returned > 0 {
		fmt.Fprintf(w, "  %d connections lost with their server came back\n", r.Returned)
	}
	if u := r.Server; u != nil {
		fmt.Fprintf(w, "  server: %.2f s CPU in %.1f s (%.0f %% of a core)", u.CPU, r.Seconds, 100*u.CPUShare)
		if u.CPUPerDelivery > 0 {
			fmt.Fprintf(w, ", %.2f µs for each update delivered", u.CPUPerDelivery)
		}
		fmt.Fprintf(w, "; %.1f MB resident, %.1f kB for each connection\n", float64(u.Memory)/1e6, u.MemoryPerConnection/1e3)
	}
	fmt.Fprintf(w, "  bench:  %.2f s CPU (%.0f %% of a core); all else on this machine: %.2f s\n", r.Bench.CPU, 100*r.Bench.CPUShare, r.OtherCPU)
	return r.writeTrouble(w)
}

func (r Result) writeTrouble(w io.Writer) error {
	if len(r.Trouble) == 0 {
		_, err := fmt.Fprintln(w, "  no errors")
		return err
	}
	var all []string
	for _, name := range slices.SortedFunc(maps.Keys(r.Trouble), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Trouble[b], r.Trouble[a]), strings.Compare(a, b))
	}) {
		all = append(all, fmt.Sprintf("%s (%d)", name, r.Trouble[name]))
	}
	_, err := fmt.Fprintln(w, "  errors:", strings.Join(all, ", "))
	return err
}
