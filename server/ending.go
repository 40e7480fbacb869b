package server

import (
	"context"
	"time"

	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/live"
)

// displayCheck is how often a display that is on all term is asked whether its link still
// stands. There are few of them.
const displayCheck = 5 * time.Second

// longLine is how long a browser's connection lasts at the most. Those whose sign-in lasts
// longer need no timer, of which a university would have thousands.
const longLine = 24 * time.Hour

// endInTime ends a connection when that by which its viewer was recognised ends by itself:
// a sign-in or a token that runs out, a display's link that was ended. (What people end
// ends by [live.Hub.SignedOut].)
func (s *Server) endInTime(v identity.Viewer, c *live.Conn) {
	if v.CourseDisplay != 0 && !v.SignedIn() {
		go s.watchDisplay(v, c)
	}
	left := v.Until.Sub(s.now())
	if !v.Until.IsZero() && (left <= longLine || v.Token != 0) {
		c.CloseIn(left, live.CloseSignedOut)
	}
}

// watchDisplay closes a connection once the link by which it came was ended.
func (s *Server) watchDisplay(v identity.Viewer, c *live.Conn) {
	tick := time.NewTicker(displayCheck)
	defer tick.Stop()
	for {
		select {
		case <-c.Done():
			return
		case <-tick.C:
		}
		stands, err := s.Accounts.DisplayStands(context.Background(), v) // the store has a limit of its own
		if err == nil && !stands {
			c.Close(live.CloseSignedOut)
			return
		}
	}
}
