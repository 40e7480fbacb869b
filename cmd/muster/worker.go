package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/server"
	"github.com/muster-live/muster/work"
)

// worker does jobs on a node.
type worker struct {
	*jobs.Runner
	stopping context.CancelFunc
	ended    sync.WaitGroup
}

// newWorker returns a worker for a node that has a store, a recorder, a hub and its planning. It tells
// ended what becomes of jobs.
func newWorker(n *node, ended func(jobs.Kind, jobs.State), log *slog.Logger) *worker {
	desk := work.New(n.Store, n.now, func(r changes.Result) { server.Show(n.Recorder, n.hub, r) }, n.plans.fetcher)
	return &worker{Runner: jobs.New(n.Store, jobs.Config{
		Node: nodeName(), Lanes: desk.Lanes(), Plan: desk.Plan, Ended: ended, Clock: n.now, Log: log,
	})}
}

// nodeName is what this process is called where people look at jobs.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s (process %d)", host, os.Getpid())
}

// start has the worker do jobs until ctx ends or it is stopped.
func (w *worker) start(ctx context.Context) {
	ctx, w.stopping = context.WithCancel(ctx)
	w.ended.Go(func() { w.Run(ctx) })
}

// stop lets go of the jobs under way, and returns when that is written down.
func (w *worker) stop() {
	if w.stopping != nil {
		w.stopping()
		w.ended.Wait()
	}
}
