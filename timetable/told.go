package timetable

import (
	"fmt"

	"github.com/muster-live/muster/changes"
)

// PlanBody is what a plan would do, or has done, as it is told to people and programs.
type PlanBody struct {
	Digest  string     `json:"digest" doc:"Names what would be done; applying asks for it again."`
	Applied bool       `json:"applied"`
	Set     int64      `json:"set" doc:"The change set that it became; 0: nothing had to be changed, nothing was applied, or a job did it."`
	Adds    int        `json:"adds"`
	Changes int        `json:"changes"`
	Ends    int        `json:"ends"`
	Rejects int        `json:"rejects"`
	Same    int        `json:"same"`
	Others  int        `json:"others" doc:"Events of the calendar that were not asked for."`
	Lines   []PlanLine `json:"lines"`
	More    int        `json:"more" doc:"How many lines there are besides."`
}

// PlanLine is a line of a PlanBody.
type PlanLine struct {
	Change string `json:"change" enum:"add,change,end,reject"`
	Name   string `json:"name"`
	Detail string `json:"detail"`
	File   string `json:"file"`
	Row    int    `json:"row"`
}

// Tell tells a plan, of a source that had so many other events, and what came of it.
func Tell(p *Plan, others int, applied bool, r changes.Result) PlanBody {
	b := PlanBody{
		Digest: p.Digest, Applied: applied, Set: r.ID, Adds: p.Counts[changes.Adds], Changes: p.Counts[changes.Changed], Ends: p.Counts[changes.Ends],
		Rejects: p.Counts[changes.Rejects], Same: p.Same, Others: others, Lines: make([]PlanLine, len(p.Lines)), More: p.More,
	}
	for i, l := range p.Lines {
		b.Lines[i] = PlanLine{l.Change.String(), l.Name, l.Detail, l.File, l.Row}
	}
	return b
}

// Summary says it in the list of jobs.
func (b PlanBody) Summary() string {
	text := fmt.Sprintf("%d planned, %d changed, %d cancelled", b.Adds, b.Changes, b.Ends)
	if b.Rejects > 0 {
		text += fmt.Sprintf(", %d rejected", b.Rejects)
	}
	if !b.Applied {
		text = "would be: " + text
	}
	return text
}
