package storetest

import (
	"testing"
	"time"

	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/timetable"
)

func institutionIsKept(t *testing.T, open Open) {
	s := open(t)
	day := func(d int) timetable.Date { return time.Date(2026, 12, d, 0, 0, 0, 0, time.UTC) }
	change := func(fn func(*timetable.Institution)) changes.Result {
		t.Helper()
		r, err := s.ChangeInstitution(t.Context(), timetableHeader, func(in *timetable.Institution) error {
			fn(in)
			return nil
		})
		must(t, err)
		return r
	}
	now := func() timetable.Institution {
		t.Helper()
		in, err := s.Institution(t.Context())
		must(t, err)
		in.Zone = nil
		return in
	}
	if in, err := s.Institution(t.Context()); err != nil || in.Zone != time.UTC || in.ZoneSet {
		t.Errorf("%+v, %v", in, err)
	}
	change(func(in *timetable.Institution) {
		in.SetZone("Europe/Berlin")
		in.Holidays = append(in.Holidays, timetable.Holiday{First: day(24), Last: day(31), Name: "Winter break"}, timetable.Holiday{First: day(6), Last: day(6), Name: "St Nicholas"})
	})
	before := now()
	if len(before.Holidays) != 2 || before.Holidays[0].Name != "St Nicholas" || !before.Holidays[1].Last.Equal(day(31)) || !before.ZoneSet {
		t.Errorf("%+v", before)
	}
	gone := before.Holidays[1].ID
	r := change(func(in *timetable.Institution) {
		in.SetZone("America/New_York")
		in.Holidays[0].Name = "Nicholas"
		in.Holidays = in.Holidays[:1]
	})
	if r.Rows != 3 {
		t.Errorf("%+v", r)
	}
	change(func(in *timetable.Institution) {
		in.Holidays = append(in.Holidays, timetable.Holiday{First: day(1), Last: day(1), Name: "New"})
	})
	if h := now().Holidays[0]; h.Name != "New" || h.ID == gone {
		t.Errorf("%+v has the number of one that is gone", h)
	}
	_, err := s.UndoChanges(t.Context(), timetableHeader, r.ID, false)
	must(t, err)
	after := now()
	same(t, "holidays that were put back", before.Holidays, after.Holidays[1:])
	if in, _ := s.Institution(t.Context()); in.Zone.String() != "Europe/Berlin" {
		t.Errorf("%v", in.Zone)
	}
	if r := change(func(*timetable.Institution) {}); r.ID != 0 {
		t.Errorf("nothing was changed, as %+v", r)
	}
}
