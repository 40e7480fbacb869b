package server

import (
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/timetable"
)

// subscriptionRoutes are the calls about calendars that are fetched again and again.
func (s *Server) subscriptionRoutes(api huma.API) {
	huma.Post(api, "/courses/{id}/subscriptions", s.postSubscription, summary("Subscribe a course to a calendar, and fetch it"))
	huma.Get(api, "/subscriptions", s.getSubscriptions, summary("The institution's calendars"))
	huma.Post(api, "/subscriptions", s.postInstitutionSubscription, summary("Subscribe to a calendar of many courses, and fetch it"))
	huma.Post(api, "/subscriptions/{id}/fetch", s.postFetch, summary("Fetch a calendar now"))
	huma.Post(api, "/subscriptions/{id}/rejects", s.postFetchRejects, summary("Fetch a calendar, and get its events that come to nothing, with the reasons; nothing is changed"), answersFile(fileTypes["ics"]))
	huma.Delete(api, "/subscriptions/{id}", s.deleteSubscription, summary("End a subscription; its sessions stay"))
}

type subscriptionBody struct {
	ID       int64               `json:"id"`
	Course   attendance.CourseID `json:"course" doc:"0: its events name their courses."`
	Address  string              `json:"address"`
	Only     string              `json:"only" doc:"What an event must mention to count."`
	Fetched  int64               `json:"fetched" doc:"When it was fetched last; 0: not yet."`
	Next     int64               `json:"next"`
	Failures int                 `json:"failures" doc:"In a row."`
	Outcome  string              `json:"outcome" doc:"What came of it, for people."`
}

func newSubscriptionBody(sub timetable.Subscription) subscriptionBody {
	return subscriptionBody{sub.ID, sub.Course, sub.Address, sub.Only, millis(sub.At), millis(sub.Next), sub.Failures, sub.Outcome}
}

type newSubscription struct {
	Address string `json:"address" maxLength:"2000"`
	Only    string `json:"only,omitempty" maxLength:"200"`
}

type subscriptionInput struct {
	ID   attendance.CourseID `path:"id"`
	Body newSubscription
}

type subscriptionOutput struct{ Body subscriptionBody }

func (s *Server) postSubscription(ctx context.Context, in *subscriptionInput) (*subscriptionOutput, error) {
	g, err := s.authorize(ctx, in.ID, identity.PlanSessions)
	if err != nil {
		return nil, err
	}
	return s.subscribe(ctx, g.Viewer, in.ID, in.Body)
}

func (s *Server) postInstitutionSubscription(ctx context.Context, in *struct{ Body newSubscription }) (*subscriptionOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	return s.subscribe(ctx, v, 0, in.Body)
}

func (s *Server) subscribe(ctx context.Context, v identity.Viewer, course attendance.CourseID, b newSubscription) (*subscriptionOutput, error) {
	address, err := timetable.Address(b.Address)
	if err != nil {
		return nil, err
	}
	if !attendance.IsText(b.Only) {
		return nil, attendance.BadField("only", "text")
	}
	sub := timetable.Subscription{Course: course, Address: address, Only: b.Only}
	sub.Next = s.now().Add(timetable.FetchEvery) // unless what follows fails, it is fetched now
	if sub.ID, err = s.Planner.Store.AddSubscription(ctx, s.author(ctx, v), sub, s.now()); err != nil {
		return nil, err
	}
	return s.fetchNow(ctx, v, sub)
}

func (s *Server) fetchNow(ctx context.Context, v identity.Viewer, sub timetable.Subscription) (*subscriptionOutput, error) {
	by := s.author(ctx, v)
	fetched, err := s.Fetcher.Fetch(ctx, sub, changes.Header{Actor: by.Person, From: by.From})
	if err != nil {
		return nil, err
	}
	sub.Fetched = fetched
	return &subscriptionOutput{newSubscriptionBody(sub)}, nil
}

type subscriptionsOutput struct {
	Body struct {
		Subscriptions []subscriptionBody `json:"subscriptions"`
	}
}

func (s *Server) getSubscriptions(ctx context.Context, _ *struct{}) (*subscriptionsOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.EditRoster); err != nil {
		return nil, err
	}
	all, err := s.Planner.Store.SubscriptionsOf(ctx, 0)
	out := &subscriptionsOutput{}
	out.Body.Subscriptions = make([]subscriptionBody, len(all))
	for i, sub := range all {
		out.Body.Subscriptions[i] = newSubscriptionBody(sub)
	}
	return out, err
}

type subscriptionID struct {
	ID int64 `path:"id"`
}

// authorizeSubscription returns a subscription that the viewer may change.
func (s *Server) authorizeSubscription(ctx context.Context, id int64) (timetable.Subscription, identity.Viewer, error) {
	v, err := s.known(ctx)
	if err != nil {
		return timetable.Subscription{}, v, err
	}
	sub, err := s.Planner.Store.Subscription(ctx, id)
	switch {
	case err != nil:
	case sub.Course == 0:
		v, err = s.authorizeAll(ctx, identity.EditRoster)
	default:
		_, err = s.authorize(ctx, sub.Course, identity.PlanSessions)
	}
	return sub, v, err
}

func (s *Server) postFetch(ctx context.Context, in *subscriptionID) (*subscriptionOutput, error) {
	sub, v, err := s.authorizeSubscription(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.fetchNow(ctx, v, sub)
}

func (s *Server) postFetchRejects(ctx context.Context, in *subscriptionID) (*huma.StreamResponse, error) {
	sub, _, err := s.authorizeSubscription(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	name, file, err := s.Fetcher.Rejects(ctx, sub)
	if err != nil {
		return nil, err
	}
	return s.stream(name, fileTypes["ics"], func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	}), nil
}

func (s *Server) deleteSubscription(ctx context.Context, in *subscriptionID) (*struct{}, error) {
	_, v, err := s.authorizeSubscription(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.Planner.Store.EndSubscription(ctx, s.author(ctx, v), in.ID, s.now())
}
