package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/muster-live/muster/bench"
)

// The figures stand between these in the document.
const (
	begin = "<!-- figures: written by make bench-peers -->\n"
	end   = "<!-- end of figures -->\n"
)

// write puts tables of all results into a document, and plots beside it.
func write(document, results string, all []peer) error {
	t, err := read(results)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("%s: expected the figures between %q and %q", document, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	name := strings.TrimSuffix(document, ".md")
	for suffix, plot := range map[string][]byte{".svg": t.plotLatency(all), "-growth.svg": t.plotGrowth(), "-processes.svg": t.plotProcesses()} {
		if err := os.WriteFile(name+suffix, plot, 0o644); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	b.WriteString(begin)
	t.figures(&b, all, filepath.Base(name))
	b.WriteString(end)
	return os.WriteFile(document, slices.Concat(before, b.Bytes(), after), 0o644)
}

// results are all measurements of each peer and scenario.
type results map[[2]string][]bench.Result

func read(file string) (results, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := make(results)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var m found
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, n, err)
		}
		key := [2]string{m.Peer, m.Scenario}
		t[key] = append(t[key], m.Result)
	}
	return t, lines.Err()
}

// A figure is something of a result.
type figure func(bench.Result) float64

func p50(r bench.Result) float64       { return r.Sync.P50 }
func p99(r bench.Result) float64       { return r.Sync.P99 }
func cpu(r bench.Result) float64       { return r.Server.CPUPerDelivery }
func other(r bench.Result) float64     { return r.OtherCPU * 1e6 / float64(max(1, r.Delivered)) }
func memory(r bench.Result) float64    { return float64(r.Server.Memory) }
func connected(r bench.Result) float64 { return r.ConnectAll }
func returned(r bench.Result) float64  { return r.Return.Max }

// all returns a figure of all results, in order.
func (t results) all(peer, scenario string, f figure) (list []float64) {
	for _, r := range t[[2]string{peer, scenario}] {
		list = append(list, f(r))
	}
	slices.Sort(list)
	return list
}

// median returns the median of a figure; 0 if it was not measured.
func (t results) median(peer, scenario string, f figure) float64 {
	list := t.all(peer, scenario, f)
	if len(list) == 0 {
		return 0
	}
	return list[len(list)/2]
}

// memoryEach returns what each connection takes, in bytes: how much more memory the
// servers have with many idle connections than with few. So what a program takes for
// itself does not count, nor what its heap may grow by at first.
func (t results) memoryEach(peer string) float64 {
	few, many := t.median(peer, "idle 5,000", memory), t.median(peer, "idle 20,000", memory)
	if few == 0 || many == 0 {
		return 0
	}
	return (many - few) / (20_000 - 5_000)
}

// missing returns the share of updates that did not arrive.
func missing(r bench.Result) float64 {
	return 100 * (1 - float64(r.Delivered)/float64(max(1, r.Expected)))
}

func (t results) figures(b *bytes.Buffer, all []peer, name string) {
	m := bench.ThisMachine()
	least, most := 1<<30, 0
	for _, r := range t {
		least, most = min(least, len(r)), max(most, len(r))
	}
	runs := fmt.Sprint(least)
	if most > least {
		runs = fmt.Sprintf("%d to %d", least, most)
	}
	fmt.Fprintf(b, "%d × %s, %s. %s. Medians of %s runs, in turn.\n\n", m.Cores, m.CPU, m.OS, strings.Join(versions(), ", "), runs)
	fmt.Fprintf(b, "![p99 against connections](%s.svg)\n\n", name)

	fmt.Fprint(b, "**Latency**, in ms: p50 / p99, and in brackets the least and the greatest p99 of the runs.\n\n")
	t.table(b, all, func(s scenario) bool { return s.load.Scenario != bench.Idle && !s.alone }, func(peer, s string) string {
		list := t.all(peer, s, p99)
		text := fmt.Sprintf("%.1f / **%.1f** (%.1f–%.1f)", t.median(peer, s, p50), t.median(peer, s, p99), list[0], list[len(list)-1])
		if lost := t.median(peer, s, missing); lost > 0 {
			text += fmt.Sprintf(", %.1f %% missing", lost)
		}
		return text
	})
	fmt.Fprint(b, "**CPU** for each update that arrived, in µs: of the servers, and after the + of all else but the load generator, which is the database, Redis, and what the machine did besides, at random. The latter is what the kernel's clock saw: it misses much of what is short.\n\n")
	t.table(b, all, func(s scenario) bool { return s.load.Scenario == bench.Steady && !s.alone }, func(peer, s string) string {
		return fmt.Sprintf("**%.1f** + %.1f", t.median(peer, s, cpu), t.median(peer, s, other))
	})
	fmt.Fprint(b, "**Connections**: memory of all servers together, in MB; until all are there, each with its snapshot, in ms; until all that were at a server that is killed are at the other, in ms, with up to 250 ms of waiting at random.\n\n")
	t.table(b, all, func(s scenario) bool { return s.load.Scenario == bench.Idle }, func(peer, s string) string {
		if back := t.median(peer, s, returned); back > 0 {
			return fmt.Sprintf("**%.0f** ms", back)
		}
		return fmt.Sprintf("**%.0f** MB, %.0f ms", t.median(peer, s, memory)/1e6, t.median(peer, s, connected))
	})
	b.WriteString("Each connection more takes")
	for i, p := range all {
		if each := t.memoryEach(p.name); each > 0 {
			fmt.Fprintf(b, "%s %.1f kB of %s", []string{"", ","}[min(i, 1)], each/1000, p.name)
		}
	}
	b.WriteString(".\n\n")
	t.growth(b, name)
	t.goals(b)
}

func (t results) table(b *bytes.Buffer, all []peer, which func(scenario) bool, cell func(peer, scenario string) string) {
	b.WriteString("| |")
	for _, p := range all {
		fmt.Fprintf(b, " %s |", p.name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(all)) + "\n")
	for _, s := range scenarios {
		if !which(s) {
			continue
		}
		fmt.Fprintf(b, "| %s |", s.name)
		for _, p := range all {
			if len(t[[2]string{p.name, s.name}]) == 0 {
				b.WriteString(" – |")
			} else {
				fmt.Fprintf(b, " %s |", cell(p.name, s.name))
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// growth says what an update costs muster, with more of everything.
func (t results) growth(b *bytes.Buffer, name string) {
	fmt.Fprintf(b, "**Growth**: what an update costs muster, in µs of CPU of its servers, when 15,000 arrive each second, however many connections they are for. Pings and pongs of all connections are part of it.\n\n![CPU against connections](%s-growth.svg)\n\n![CPU against processes](%s-processes.svg)\n\n| | connections | processes | CPU | p50 / p99, ms |\n| --- | --- | --- | --- | --- |\n", name, name)
	for _, s := range scenarios {
		if !s.alone || len(t[[2]string{"muster", s.name}]) == 0 {
			continue
		}
		fmt.Fprintf(b, "| %s | %d | %d | **%.1f** | %.1f / %.1f |\n", s.name, s.rooms*(s.students+1), s.nodes, t.median("muster", s.name, cpu), t.median("muster", s.name, p50), t.median("muster", s.name, p99))
	}
	b.WriteString("\n")
}

// goals are ratios of muster's figures to others'.
func (t results) goals(b *bytes.Buffer) {
	fmt.Fprint(b, "**Goals**, as ratios of medians.\n\n| figure | beside | goal | here |\n| --- | --- | --- | --- |\n")
	for _, g := range []struct {
		name, scenario, beside string
		figure                 figure
		goal                   float64
	}{
		{"p99", "steady 300", "Centrifuge", p99, 1},
		{"p99", "storm 300", "Centrifuge", p99, 0.35},
		{"p99", "storm 300", "Socket.IO", p99, 0.06},
		{"p99", "storm 300", "FastAPI", p99, 0.06},
		{"CPU for each update", "steady 1,000", "floor", cpu, 1.25},
		{"CPU for each update", "steady 1,000", "Centrifuge", cpu, 0.65},
		{"p99", "steady 5,000", "Centrifuge", p99, 0.6},
		{"time to connect all", "idle 5,000", "floor", connected, 1.5},
	} {
		own, theirs := t.median("muster", g.scenario, g.figure), t.median(g.beside, g.scenario, g.figure)
		goal(b, g.name+", "+g.scenario, g.beside, own, theirs, g.goal)
	}
	goal(b, "memory of a connection", "Centrifuge", t.memoryEach("muster"), t.memoryEach("Centrifuge"), 0.25)
	goal(b, "memory of a connection", "Socket.IO", t.memoryEach("muster"), t.memoryEach("Socket.IO"), 1)
	goal(b, "memory of a connection", "6 kB", t.memoryEach("muster"), 6000, 1)
	goal(b, "return of 5,000", "1.5 s", t.median("muster", "return of 5,000", returned), 1500, 1)
	goal(b, "CPU for each update, 20,000 in a room", "300 in a room", t.median("muster", "20,000 in a room", cpu), t.median("muster", "300 in a room", cpu), 1.3)
	b.WriteString("\n")
}

// goal is a line of the goals, if both figures are known.
func goal(b *bytes.Buffer, name, beside string, own, theirs, most float64) {
	if own == 0 || theirs == 0 {
		return
	}
	ratio, word := own/theirs, "missed"
	if ratio <= most {
		word = "met"
	}
	fmt.Fprintf(b, "| %s | %s | ≤ %.2f | %.2f, %s |\n", name, beside, most, ratio, word)
}

// versions of what is compared, as far as they can be found out here.
func versions() (list []string) {
	say := func(name, program string, args ...string) {
		if out, err := exec.Command(program, args...).Output(); err == nil {
			list = append(list, strings.TrimSpace(name+" "+strings.TrimSpace(string(out))))
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		list = append(list, "Go "+strings.TrimPrefix(info.GoVersion, "go"))
		for _, d := range info.Deps {
			if d.Path == "github.com/centrifugal/centrifuge" {
				list = append(list, "centrifuge "+d.Version)
			}
		}
	}
	say("Node.js", "node", "--version")
	say("Socket.IO", "node", "-p", `require("./socketio/node_modules/socket.io/package.json").version`)
	for _, name := range []string{"fastapi", "uvicorn", "uvloop"} {
		say(name, "/usr/bin/python3", "-c", "import importlib.metadata as m; print(m.version('"+name+"'))")
	}
	if out, err := exec.Command("redis-server", "--version").Output(); err == nil {
		_, rest, _ := strings.Cut(string(out), "v=")
		version, _, _ := strings.Cut(rest, " ")
		list = append(list, "Redis "+version)
	}
	return list
}
