package changes

// Change is what happens to one thing.
type Change uint8

// The changes, in the order that they are shown in.
const (
	Rejects Change = iota
	Ends
	Changed
	Adds
)

var changeNames = [...]string{"reject", "end", "change", "add"}

// String returns the change's name as it stands in the API.
func (c Change) String() string { return changeNames[c] }

// Line is one line of a preview.
type Line struct {
	Change Change
	What   string
	File   string // where it comes from; empty: from what is missing, or from no file
	Row    int    // the line of the file
	Name   string
	Detail string
}

// MaxLines is how many lines a Preview has at the most.
const MaxLines = 1000

// Preview says what a set would do, counts first.
type Preview struct {
	Digest string // names what would be done; applying asks for it again
	Counts [len(changeNames)]int
	Same   int // what is so already
	Lines  []Line
	More   int // how many lines there are besides
}

// Add counts a line and, up to MaxLines, keeps it.
func (p *Preview) Add(l Line) {
	p.Counts[l.Change]++
	if len(p.Lines) == MaxLines {
		p.More++
		return
	}
	p.Lines = append(p.Lines, l)
}

// Total is how much would be changed.
func (p *Preview) Total() int { return p.Counts[Ends] + p.Counts[Changed] + p.Counts[Adds] }
