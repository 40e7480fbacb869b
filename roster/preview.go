package roster

import (
	"fmt"
	"strings"
)

// Preview is a ChangeSet as the REST API and `muster import --json` show it.
type Preview struct {
	Digest  string        `json:"digest" doc:"Send it along to apply exactly this."`
	Applied bool          `json:"applied"`
	Counts  PreviewCounts `json:"counts"`
	Rows    []PreviewRow  `json:"rows" doc:"What is rejected comes first, then what ends, changes and is added."`
	More    int           `json:"more" doc:"How many rows there are besides."`
	Ignored []string      `json:"ignored" doc:"What was in the files and is not kept."`
	Notes   []string      `json:"notes" doc:"How the files were read where that could have been done otherwise."`
}

// Summary is the preview as a line.
func (p Preview) Summary() string {
	var parts []string
	for _, c := range []struct {
		n         int
		one, more string
	}{
		{p.Counts.People.sum(), "person", "people"}, {p.Counts.Courses.sum(), "course", "courses"},
		{p.Counts.Enrolments.sum(), "enrolment", "enrolments"}, {p.Counts.Terms.sum(), "term", "terms"},
	} {
		if c.n > 0 {
			parts = append(parts, numbered(c.n, c.one, c.more))
		}
	}
	text := "nothing to change"
	if len(parts) > 0 {
		text = strings.Join(parts, ", ") + " to change"
		if p.Applied {
			text = strings.Join(parts, ", ") + " changed"
		}
	}
	if p.Counts.Rejects > 0 {
		text += "; " + numbered(p.Counts.Rejects, "row", "rows") + " rejected"
	}
	return text
}

func numbered(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func (t PreviewTally) sum() int { return t.Add + t.Change + t.End }

// PreviewCounts is how much of what an import changes.
type PreviewCounts struct {
	Terms      PreviewTally `json:"terms"`
	Courses    PreviewTally `json:"courses"`
	People     PreviewTally `json:"people"`
	Enrolments PreviewTally `json:"enrolments"`
	Rejects    int          `json:"rejects"`
	Same       int          `json:"same" doc:"Rows that change nothing."`
}

// PreviewTally is how much of one kind changes.
type PreviewTally struct {
	Add    int `json:"add"`
	Change int `json:"change"`
	End    int `json:"end"`
}

// PreviewRow is one change.
type PreviewRow struct {
	Kind   string `json:"kind" enum:"add,change,end,reject"`
	What   string `json:"what" enum:"term,course,person,enrolment"`
	File   string `json:"file" doc:"Empty if it is about a row that is missing."`
	Line   int    `json:"line"`
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// Preview returns the change set as clients see it.
func (cs *ChangeSet) Preview(applied bool) Preview {
	c := cs.Counts
	p := Preview{
		Digest: cs.Digest, Applied: applied, More: cs.More, Rows: make([]PreviewRow, len(cs.Rows)), Ignored: append([]string{}, cs.Ignored...), Notes: append([]string{}, cs.Notes...),
		Counts: PreviewCounts{PreviewTally(c.Terms), PreviewTally(c.Courses), PreviewTally(c.People), PreviewTally(c.Enrolments), c.Rejects, c.Same},
	}
	for i, r := range cs.Rows {
		p.Rows[i] = PreviewRow{r.Change.String(), r.What.String(), r.File, r.Line, r.Name, r.Detail}
	}
	return p
}
