package server

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/timetable"
)

// institutionRoutes are the calls about what all timetables share.
func (s *Server) institutionRoutes(api huma.API) {
	huma.Get(api, "/institution", s.getInstitution, summary("The time zone and the holidays"))
	huma.Put(api, "/institution/zone", s.putZone, summary("Set the time zone"))
	huma.Post(api, "/holidays", s.postHoliday, summary("Add a holiday, and see which sessions fall on it"))
	huma.Delete(api, "/holidays/{id}", s.deleteHoliday, summary("Remove a holiday"))
	huma.Post(api, "/holidays/{id}/cancel", s.postHolidayCancel, summary("See which sessions fall on a holiday, or cancel them"))
}

type holidayBody struct {
	ID    int64  `json:"id"`
	First string `json:"first"`
	Last  string `json:"last"`
	Name  string `json:"name"`
}

func newHolidayBodies(all []timetable.Holiday) []holidayBody {
	bodies := make([]holidayBody, len(all))
	for i, h := range all {
		bodies[i] = holidayBody{h.ID, dayText(h.First), dayText(h.Last), h.Name}
	}
	return bodies
}

type institutionOutput struct {
	Body struct {
		Zone     string        `json:"zone" doc:"IANA name; UTC until somebody has set it."`
		ZoneSet  bool          `json:"zone_set"`
		Holidays []holidayBody `json:"holidays"`
	}
}

func (s *Server) getInstitution(ctx context.Context, _ *struct{}) (*institutionOutput, error) {
	if _, err := s.known(ctx); err != nil {
		return nil, err
	}
	in, err := s.Planner.Store.Institution(ctx)
	if err != nil {
		return nil, err
	}
	out := &institutionOutput{}
	out.Body.Zone, out.Body.ZoneSet, out.Body.Holidays = in.Zone.String(), in.ZoneSet, newHolidayBodies(in.Holidays)
	return out, nil
}

type zoneInput struct {
	Body struct {
		Zone string `json:"zone" maxLength:"64" doc:"IANA name, such as Europe/Berlin."`
	}
}

func (s *Server) putZone(ctx context.Context, in *zoneInput) (*institutionOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	if _, ok := timetable.Zone(in.Body.Zone); !ok {
		return nil, attendance.BadField("zone", "the name of a time zone, such as Europe/Berlin")
	}
	r, err := s.Planner.Store.ChangeInstitution(ctx, s.header(ctx, v, changes.Timetable, 0, "Time zone: "+in.Body.Zone), func(i *timetable.Institution) error {
		i.SetZone(in.Body.Zone)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.changed(r)
	return s.getInstitution(ctx, nil)
}

type holidayInput struct {
	Body struct {
		First string `json:"first"`
		Last  string `json:"last,omitempty" doc:"Left out: the same day."`
		Name  string `json:"name" maxLength:"200"`
	}
}

type holidayOutput struct {
	Body struct {
		Holiday holidayBody        `json:"holiday"`
		Plan    timetable.PlanBody `json:"plan" doc:"Which sessions to come fall on it, and would be cancelled."`
	}
}

func (s *Server) postHoliday(ctx context.Context, in *holidayInput) (*holidayOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	h := timetable.Holiday{Name: strings.TrimSpace(in.Body.Name)}
	var err1, err2 error
	h.First, err1 = parseDay("first", in.Body.First)
	if h.Last, err2 = parseDay("last", in.Body.Last); h.Last.IsZero() {
		h.Last = h.First
	}
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	r, err := s.Planner.Store.ChangeInstitution(ctx, s.header(ctx, v, changes.Timetable, 0, "Holiday: "+h.Name), func(i *timetable.Institution) error {
		if len(i.Holidays) >= timetable.MaxHolidays {
			return attendance.Refuse(attendance.CodeTooMany, "There are too many holidays. Remove old ones first.")
		}
		if slices.ContainsFunc(i.Holidays, func(one timetable.Holiday) bool {
			return one.First.Equal(h.First) && one.Last.Equal(h.Last) && one.Name == h.Name
		}) {
			return &attendance.Error{Code: attendance.CodeConflict, Field: "name", Message: "There is this holiday already."}
		}
		i.Holidays = append(slices.Clone(i.Holidays), h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.changed(r)
	institution, err := s.Planner.Store.Institution(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range institution.Holidays {
		if one.First.Equal(h.First) && one.Last.Equal(h.Last) && one.Name == h.Name {
			h.ID = one.ID
		}
	}
	plan, err := s.Planner.PreviewHoliday(ctx, h)
	if err != nil {
		return nil, err
	}
	out := &holidayOutput{}
	out.Body.Holiday, out.Body.Plan = newHolidayBodies([]timetable.Holiday{h})[0], timetable.Tell(plan, 0, false, changes.Result{})
	return out, nil
}

type holidayID struct {
	ID int64 `path:"id"`
}

// holiday returns a holiday, for who may change it.
func (s *Server) holiday(ctx context.Context, id int64) (timetable.Holiday, identity.Viewer, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return timetable.Holiday{}, v, err
	}
	in, err := s.Planner.Store.Institution(ctx)
	if err != nil {
		return timetable.Holiday{}, v, err
	}
	i := slices.IndexFunc(in.Holidays, func(h timetable.Holiday) bool { return h.ID == id })
	if i < 0 {
		return timetable.Holiday{}, v, attendance.Refuse(attendance.CodeNotFound, "There is no such holiday.")
	}
	return in.Holidays[i], v, nil
}

func (s *Server) deleteHoliday(ctx context.Context, in *holidayID) (*struct{}, error) {
	h, v, err := s.holiday(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	r, err := s.Planner.Store.ChangeInstitution(ctx, s.header(ctx, v, changes.Timetable, 0, "Holiday removed: "+h.Name), func(i *timetable.Institution) error {
		i.Holidays = slices.DeleteFunc(i.Holidays, func(one timetable.Holiday) bool { return one.ID == in.ID })
		return nil
	})
	if err == nil {
		s.changed(r)
	}
	return nil, err
}

type holidayCancelInput struct {
	ID   int64 `path:"id"`
	Body struct {
		Apply  bool   `json:"apply,omitempty"`
		Digest string `json:"digest,omitempty"`
	}
}

func (s *Server) postHolidayCancel(ctx context.Context, in *holidayCancelInput) (*planOutput, error) {
	h, v, err := s.holiday(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !in.Body.Apply {
		plan, err := s.Planner.PreviewHoliday(ctx, h)
		if err != nil {
			return nil, err
		}
		return &planOutput{timetable.Tell(plan, 0, false, changes.Result{})}, nil
	}
	plan, r, err := s.Planner.ApplyHoliday(ctx, s.header(ctx, v, changes.Timetable, 0, "Cancelled for "+h.Name), h, in.Body.Digest)
	if err != nil {
		return nil, err
	}
	return &planOutput{timetable.Tell(plan, 0, true, r)}, nil
}
