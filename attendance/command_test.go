package attendance_test

import (
	"strings"
	"testing"

	"github.com/muster-live/muster/attendance"
)

// A note that some store could not take would keep the whole group of commands that
// it is in from being recorded.
func TestANoteIsTextThatEveryStoreTakes(t *testing.T) {
	t.Parallel()
	for note, ok := range map[string]bool{
		"": true, "ill, “says” she": true, "two\nlines\x01": true, strings.Repeat("é", attendance.MaxNote): true,
		strings.Repeat("é", attendance.MaxNote+1): false, "cut\x00off": false, "half an \xc3": false,
	} {
		c := attendance.Command{ID: "a", Kind: attendance.SetMarks, Note: note, Marks: []attendance.MarkChange{{Person: 1, Mark: attendance.Late}}}
		if err := c.Validate(); (err == nil) != ok || err != nil && attendance.AsError(err).Field != "note" {
			t.Errorf("note %q: %v", note, err)
		}
	}
}
