package server_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRulesAreChangedForSessionsThatWereHeld(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`UPDATE sessions SET opened_at = opened_at - 600000 WHERE id = 10`) // Sam came 10 minutes after the beginning
	since := c.Now().Add(-time.Hour).UnixMilli()
	type answer struct {
		Set              int64
		Marks            []int
		Sessions, People int
		Course           struct {
			LateAfter *int `json:"late_after"`
		}
	}
	var seen, done answer
	body := func(rest string) string {
		return strings.Replace(`{"late_after":5,"since":SINCE`+rest+`}`, "SINCE", itoa(since), 1)
	}
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/rules", body(`,"preview":true`)).json(t, &seen)
	if seen.Set != 0 || seen.Marks[1] != 1 || seen.Sessions != 1 || seen.People != 1 || *seen.Course.LateAfter != 5 {
		t.Errorf("seen: %+v", seen)
	}
	board := func() string {
		return c.call(c.token(teacher), "GET", "/api/v1/sessions/10/state?audience=board", "").body
	}
	if !strings.Contains(board(), `[4,"present"`) || !strings.Contains(board(), `"late_after":15`) {
		t.Errorf("a preview changed something: %s", board())
	}
	c.call(c.token(teacher), "POST", "/api/v1/courses/1/rules", body("")).json(t, &done)
	if done.Set == 0 || !strings.Contains(board(), `[4,"late"`) || !strings.Contains(board(), `"late_after":5`) {
		t.Errorf("done: %+v; the board shows %s", done, board())
	}
	c.call(c.token(teacher), "POST", "/api/v1/changes/"+itoa(done.Set)+"/undo", `{}`)
	if !strings.Contains(board(), `[4,"present"`) || !strings.Contains(board(), `"late_after":15`) {
		t.Errorf("after the undo the board shows %s", board())
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
