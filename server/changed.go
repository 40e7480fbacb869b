package server

import (
	"context"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
)

// header is that of a change set which the viewer applies now. The course is the one
// whose teachers may take it back; 0: administrators alone.
func (s *Server) header(ctx context.Context, v identity.Viewer, kind changes.Kind, course attendance.CourseID, title string) changes.Header {
	by := s.author(ctx, v)
	return changes.Header{Kind: kind, Title: title, Course: course, Actor: by.Person, From: by.From, At: s.now()}
}

// changed has screens show what a change set did. Every change set that is applied by a
// request goes through it.
func (s *Server) changed(r changes.Result) {
	Show(s.Recorder, s.Hub, r)
	s.Scheduler.Changed()
}

// Show has the screens of a node show what a change set did.
func Show(rec *recorder.Recorder, hub *live.Hub, r changes.Result) {
	rec.Show(r.Events)
	hub.CoursesChanged(r.Touched)
	for _, p := range r.Locked {
		hub.Disconnect(p)
	}
}
