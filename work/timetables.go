package work

import (
	"context"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/timetable"
)

// TimetableArgs is what the taking in of a timetable is told, and its preview.
type TimetableArgs struct {
	timetable.Request        // its file is the job's
	Digest            string `json:",omitempty"` // of the preview that is to be applied
}

// timetable is the handler of a Timetable and of its preview. The result is a
// [timetable.PlanBody]; of what is applied it is written down in the transaction that
// does it.
func (d *Desk) timetable(ctx context.Context, r *jobs.Run) (any, error) {
	a, err := args[TimetableArgs](r)
	if err != nil {
		return nil, err
	}
	files, remove, err := d.unload(ctx, r)
	if err != nil {
		return nil, err
	}
	defer remove()
	a.File = roster.Metered(files, r.Meter)[0]
	p := &timetable.Planner{Store: d.store, Now: d.now, Changed: d.changed}
	in, err := p.Read(ctx, a.Request)
	if err != nil {
		return nil, FileProblem(err)
	}
	r.Meter.Step("comparing it with what is planned", progress.Rows, 0)
	if r.Kind == TimetablePreview {
		plan, err := p.Preview(ctx, in)
		if err != nil {
			return nil, err
		}
		return timetable.Tell(plan, in.Others, false, changes.Result{}), nil
	}
	in.Decided = func(plan *timetable.Plan) error {
		return r.EndWith(timetable.Tell(plan, in.Others, true, changes.Result{}))
	}
	h := changes.Header{Kind: changes.Timetable, Title: r.Title, Course: a.Course, Actor: r.Actor, From: r.From, At: d.now(), Job: int64(r.ID)}
	plan, result, err := p.Apply(ctx, h, in, a.Digest)
	if err != nil {
		return nil, err
	}
	return timetable.Tell(plan, in.Others, true, result), nil
}
