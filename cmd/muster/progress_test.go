package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/muster-live/muster/progress"
)

// Who imports a million rows in a terminal sees how long it will take.
func TestATerminalShowsHowLongItWillTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := progress.New(time.Now)
		var out strings.Builder
		done := keepLine(&out, m)
		m.Step("writing rows", progress.Rows, 1000)
		for range 4 {
			time.Sleep(time.Second + time.Millisecond)
			m.Add(100)
		}
		done()
		got := out.String()
		if !strings.Contains(got, "muster: writing rows: 300 of 1,000 (30 %), ") || !strings.Contains(got, "s left") {
			t.Errorf("got %q", got)
		}
		if !strings.HasSuffix(got, "\r\x1b[K") {
			t.Errorf("the line stays: %q", got)
		}
	})
}

func TestWhatTakesNoTimeShowsNoProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := progress.New(time.Now)
		var out strings.Builder
		done := keepLine(&out, m)
		m.Step("reading", progress.Bytes, 10)
		time.Sleep(600 * time.Millisecond)
		done()
		if out.Len() > 0 {
			t.Errorf("got %q", out.String())
		}
	})
}
