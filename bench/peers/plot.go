package main

import (
	"bytes"
	"fmt"
	"math"
)

// chart draws lines of a figure against numbers of something, both by logarithms, as an SVG.
type chart struct {
	title   string
	unit    string
	most    float64 // power of ten at the top; 1 is at the bottom
	against string  // what there are so many of
	numbers []float64
	lines   []line
}

// line has a value for each number; 0 where it was not measured.
type line struct {
	name   string
	values []float64
}

var colours = []string{"#0a7d55", "#c2410c", "#7c3aed", "#b91c1c", "#64748b", "#94a3b8"}

func (t results) line(peer, name string, f figure, scenarios []string) line {
	l := line{name: name}
	for _, s := range scenarios {
		l.values = append(l.values, t.median(peer, s, f))
	}
	return l
}

func (t results) plotLatency(all []peer) []byte {
	c := chart{
		title: "p99 in ms from a check-in to everybody else's screen, against connections, 50 check-ins a second",
		unit:  "ms", most: 10_000, against: "connections", numbers: []float64{300, 1000, 3000, 5000},
	}
	for _, p := range all {
		c.lines = append(c.lines, t.line(p.name, p.name, p99, []string{"steady 300", "steady 1,000", "steady 3,000", "steady 5,000"}))
	}
	return c.draw()
}

func (t results) plotGrowth() []byte {
	c := chart{
		title: "µs of CPU of muster's servers for each update, against connections, 15,000 updates a second",
		unit:  "µs", most: 100, against: "connections", numbers: []float64{300, 1000, 3000, 9000, 20000},
	}
	c.lines = []line{
		t.line("muster", "in one room", cpu, []string{"300 in a room", "1,000 in a room", "3,000 in a room", "9,000 in a room", "20,000 in a room"}),
		t.line("muster", "rooms of 300", cpu, []string{"300 in a room", "", "10 rooms of 300", "", "60 rooms of 300"}),
	}
	return c.draw()
}

func (t results) plotProcesses() []byte {
	c := chart{
		title: "µs of CPU of muster's servers for each update, against their processes, 3,000 in a room, 15,000 updates a second",
		unit:  "µs", most: 100, against: "processes", numbers: []float64{1, 2, 4},
	}
	c.lines = []line{t.line("muster", "3,000 in a room", cpu, []string{"3,000 in a room, 1 process", "3,000 in a room", "3,000 in a room, 4 processes"})}
	return c.draw()
}

func (c chart) draw() []byte {
	const width, height, left, bottom, top, right = 720, 400, 80, 50, 20, 150
	low, high := math.Log10(c.numbers[0]/1.2), math.Log10(c.numbers[len(c.numbers)-1]*1.2)
	x := func(n float64) float64 { return left + (math.Log10(n)-low)/(high-low)*(width-left-right) }
	y := func(v float64) float64 {
		return height - bottom - max(0, min(1, math.Log10(v)/math.Log10(c.most)))*(height-bottom-top)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13" fill="#667">`+"\n", width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", c.title)
	for v := 1.0; v <= c.most; v *= 10 {
		fmt.Fprintf(&b, `<path d="M%d %.0fH%d" stroke="#8884"/><text x="%d" y="%.0f" text-anchor="end">%.0f %s</text>`+"\n", left, y(v), width-right, left-6, y(v)+4, v, c.unit)
	}
	for _, n := range c.numbers {
		fmt.Fprintf(&b, `<text x="%.0f" y="%d" text-anchor="middle">%.0f</text>`+"\n", x(n), height-bottom+20, n)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (left+width-right)/2, height-8, c.against)
	for i, l := range c.lines {
		path := ""
		for j, v := range l.values {
			if v == 0 {
				continue
			}
			word := "L"
			if path == "" {
				word = "M"
			}
			path += fmt.Sprintf("%s%.1f %.1f", word, x(c.numbers[j]), y(v))
		}
		if path == "" {
			continue
		}
		stroke := 2
		if i == 0 {
			stroke = 4
		}
		colour := colours[i%len(colours)]
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="%d"/>`+"\n", path, colour, stroke)
		fmt.Fprintf(&b, `<circle cx="%d" cy="%d" r="5" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", width-right+20, top+14+i*22, colour, width-right+32, top+18+i*22, l.name)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
