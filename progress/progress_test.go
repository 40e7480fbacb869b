package progress_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/muster-live/muster/progress"
)

func TestRateIsThatOfLateAndTimeLeftFollowsFromIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := progress.New(time.Now)
		m.Step("writing rows", progress.Rows, 100_000)
		for range 10 { // slow at first
			time.Sleep(time.Second)
			m.Add(100)
		}
		if s := m.State(); s.Rate < 95 || s.Rate > 105 {
			t.Errorf("rate %v, want about 100", s.Rate)
		}
		for range 10 {
			time.Sleep(time.Second)
			m.Add(5000)
		}
		s := m.State()
		if s.Rate < 4900 || s.Rate > 5100 {
			t.Errorf("rate %v after it became faster, want about 5000", s.Rate)
		}
		if left, ok := s.Left(); !ok || left.Round(time.Second) != 10*time.Second {
			t.Errorf("%v left, want 10s", left)
		}
		if got, want := s.String(), "writing rows: 51,000 of 100,000 (51 %), 5,000 a second, 10s left"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		time.Sleep(time.Minute) // it is stuck
		if s := m.State(); s.Rate > 500 {
			t.Errorf("rate %v after a minute in which nothing was done", s.Rate)
		}
		m.Step("comparing", progress.Rows, 0)
		if got := m.State(); got.String() != "comparing" || got.Rate != 0 {
			t.Errorf("a new step: %+v", got)
		}
	})
}

func TestNobodyHasToWantToKnow(t *testing.T) {
	t.Parallel()
	m := progress.Of(t.Context())
	m.Step("reading", progress.Bytes, 1)
	m.Add(1)
	if s := m.State(); s != (progress.State{}) {
		t.Errorf("got %+v", s)
	}
	m = progress.New(time.Now)
	if got := progress.Of(progress.With(t.Context(), m)); got != m {
		t.Error("the meter of the context is another one")
	}
}

func TestLinesForPeople(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]progress.State{
		"reading: 12.5 MB of 50.0 MB (25 %)": {Doing: "reading", Unit: progress.Bytes, Done: 12_500_000, Total: 50_000_000},
		"fetching: 7, 2 a second":            {Doing: "fetching", Unit: progress.Rows, Done: 7, Rate: 2.4},
		"writing rows: 0 of 999 (0 %)":       {Doing: "writing rows", Unit: progress.Rows, Total: 999},
		"":                                   {},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
