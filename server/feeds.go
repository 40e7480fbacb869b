package server

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/calendar"
)

// feedRoutes are the calls for the address at which a calendar program fetches one's
// sessions.
func (s *Server) feedRoutes(api huma.API) {
	huma.Get(api, "/me/feed", s.getFeed, summary("Whether one has a calendar feed"))
	huma.Post(api, "/me/feed", s.postFeed, summary("Make one's calendar feed; the address before it ends"), answersSecret)
	huma.Delete(api, "/me/feed", s.deleteFeed, summary("End one's calendar feed"))
}

type feedBody struct {
	There    bool  `json:"there" doc:"Whether there is one. If not, the rest says nothing."`
	OwnMarks bool  `json:"own_marks" doc:"It tells one's own marks as well."`
	Created  int64 `json:"created"`
	Fetched  int64 `json:"fetched" doc:"Roughly when last; 0: never."`
}

type feedOutput struct{ Body feedBody }

func (s *Server) getFeed(ctx context.Context, _ *struct{}) (*feedOutput, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	f, ok, err := s.Accounts.Feed(ctx, v.Person)
	if err != nil || !ok {
		return &feedOutput{}, err
	}
	return &feedOutput{feedBody{true, f.OwnMarks, millis(f.Created), millis(f.Fetched)}}, nil
}

type postFeedInput struct {
	Body struct {
		OwnMarks bool `json:"own_marks,omitempty" doc:"Tell one's own marks as well, to whoever has the address."`
	}
}

type madeFeedOutput struct {
	Body struct {
		URL string `json:"url" doc:"To be given to a calendar program. It is told only now."`
	}
}

func (s *Server) postFeed(ctx context.Context, in *postFeedInput) (*madeFeedOutput, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	secret, _, err := s.Accounts.MakeFeed(ctx, v.Person, in.Body.OwnMarks)
	out := &madeFeedOutput{}
	out.Body.URL = s.baseURL(requestOf(ctx).raw) + "/feeds/" + secret + ".ics"
	return out, err
}

func (s *Server) deleteFeed(ctx context.Context, _ *struct{}) (*struct{}, error) {
	v, err := s.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Accounts.RemoveFeed(ctx, v.Person)
}

// feedPast is how far back a feed goes: a term and the one before.
const feedPast = 400 * 24 * time.Hour

// feed is GET /feeds/{file}: a person's sessions for their calendar program, which signs
// in nowhere and has nothing but the address.
func (s *Server) feed(w http.ResponseWriter, r *http.Request) {
	secret, _ := strings.CutSuffix(r.PathValue("file"), ".ics")
	body, err := s.feedFile(r, secret)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", fileTypes["ics"])
	h.Set("Content-Disposition", `inline; filename="muster.ics"`)
	h.Set("Cache-Control", "private, no-store")
	_, _ = w.Write(body) // the client may be gone
}

func (s *Server) feedFile(r *http.Request, secret string) ([]byte, error) {
	ctx := r.Context()
	f, ok, err := s.Accounts.FeedOf(ctx, secret)
	if err == nil && !ok {
		err = attendance.Refuse(attendance.CodeNotFound, "There is no such calendar feed, or it has ended. Make a new one on your page.")
	}
	if err != nil {
		return nil, err
	}
	sessions, err := s.Calendars.Calendar(ctx, f.Person, s.now().Add(-feedPast))
	if err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	base := s.baseURL(r)
	feed := calendar.Feed{
		Name: "muster", Host: s.Installation + ".muster", Zone: zone, Now: s.now(), OwnMarks: f.OwnMarks, Sessions: sessions,
		Address: func(c *calendar.Session) string {
			if c.Role == attendance.Student {
				return fmt.Sprintf("%s/s/%d", base, c.ID)
			}
			return fmt.Sprintf("%s/board/%d", base, c.ID)
		},
	}
	var b bytes.Buffer
	err = feed.Write(&b)
	return b.Bytes(), err
}
