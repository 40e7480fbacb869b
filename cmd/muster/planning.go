package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/server"
	"github.com/muster-live/muster/timetable"
)

// planning is what a node does about timetables.
type planning struct {
	*timetable.Planner
	fetcher   *timetable.Fetcher
	scheduler *timetable.Scheduler
	stopping  context.CancelFunc
	ended     sync.WaitGroup
}

// newPlanning returns the planning of a node that has a store, a recorder and a hub.
func newPlanning(n *node, private bool, log *slog.Logger) *planning {
	p := &planning{scheduler: timetable.NewScheduler(n.Store, n.Recorder.Do, n.now, log)}
	p.Planner = &timetable.Planner{Store: n.Store, Now: n.now, Changed: func(r changes.Result) {
		server.Show(n.Recorder, n.hub, r)
		p.scheduler.Changed()
	}}
	p.fetcher = timetable.NewFetcher(p.Planner, private)
	return p
}

// start has sessions open and close by themselves until ctx ends or it is stopped.
func (p *planning) start(ctx context.Context) {
	ctx, p.stopping = context.WithCancel(ctx)
	p.ended.Go(func() { p.scheduler.Run(ctx) })
}

// stop returns when nothing opens or closes by itself any more.
func (p *planning) stop() {
	if p.stopping != nil {
		p.stopping()
		p.ended.Wait()
	}
}
