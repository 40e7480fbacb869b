package live_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
)

// messagesInDocs returns every message that docs/protocol.md shows.
func messagesInDocs(t *testing.T) (all []string) {
	t.Helper()
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:[→←] )?(\{"t":.*\})$`).FindAllStringSubmatch(string(doc), -1) {
		all = append(all, m[1])
	}
	if len(all) < 25 {
		t.Fatalf("found only %d messages in docs/protocol.md", len(all))
	}
	return all
}

// toServer are the messages that clients send.
var toServer = []string{"open", "close", "reopen", "check_in", "mark", "ping"}

// shape describes a JSON value without its contents: which fields of which kinds, in
// which order an array has what.
func shape(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var fields []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, k+":"+shape(v[k]))
		}
		return "{" + strings.Join(fields, " ") + "}"
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, shape(item))
		}
		if slices.Equal(items, slices.Repeat(items[:min(1, len(items))], len(items))) {
			items = slices.Compact(items) // a list of any length
		}
		return "[" + strings.Join(items, " ") + "]"
	case string:
		return "text"
	case float64:
		return "number"
	}
	return fmt.Sprint(v)
}

func shapeOf(t *testing.T, text string) (kind, form string) {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	kind, _ = v["t"].(string)
	if a, ok := v["audience"].(string); ok {
		kind += " for " + a
	}
	return kind, kind + " " + shape(v)
}

func TestTheServerSendsWhatTheProtocolSays(t *testing.T) {
	t.Parallel()
	sent := everythingTheServerSends(t)
	documented := make(map[string]bool)
	for _, text := range messagesInDocs(t) {
		kind, form := shapeOf(t, text)
		if slices.Contains(toServer, kind) {
			continue
		}
		documented[form] = true
		if !slices.ContainsFunc(sent, func(m string) bool { _, f := shapeOf(t, m); return f == form }) {
			t.Errorf("docs/protocol.md has a message that the server did not send:\n%s\nas %s", text, form)
		}
	}
	for _, text := range sent {
		kind, form := shapeOf(t, text)
		if kind != "error" && !strings.Contains(text, "[]") && !documented[form] {
			t.Errorf("the server sent a message that docs/protocol.md does not have:\n%s\nas %s", text, form)
		}
	}
}

// everythingTheServerSends plays a session through in which each message occurs.
func everythingTheServerSends(t *testing.T) (sent []string) {
	n := startNode(t, newStore(t, 3))
	n.open(t)
	n.checkIn(t, 3)
	board, b0 := n.join(t, teacher, "board")
	display, d0 := n.join(t, teacher, "display")
	phone, p0 := n.join(t, 1, "student")
	hear := func(c *client, fits func(message) bool) {
		t.Helper()
		last, before := c.until(fits)
		for _, m := range append(before, last) {
			sent = append(sent, m.raw)
		}
	}
	phone.say(`{"t":"ping","n":1}`)
	hear(phone, is("pong"))
	// Each event is seen before the next, so that no delta has several of different forms.
	reaches := func(seq int64) func(message) bool {
		return func(m message) bool { return m.T == "delta" && m.To == seq }
	}
	phone.say(`{"t":"check_in","id":"c9f2","ticket":"any"}`)
	hear(phone, is("ack"))
	hear(board, reaches(3))
	n.checkIn(t, 2)
	hear(phone, reaches(4))
	hear(board, reaches(4))
	board.say(`{"t":"mark","id":"b7","marks":[[2,"excused"]],"note":"team away"}`)
	hear(board, is("ack"))
	board.say(`{"t":"open","id":"a1"}`)
	hear(board, is("error"))
	board.say(`{"t":"dance"}`)
	hear(board, is("error"))
	phone.conn.Close()
	gone, _ := board.until(func(m message) bool { return m.T == "presence" && len(m.Off) > 0 })
	// Coming and going are most often told apart; the protocol shows both at once.
	sent = append(sent, strings.Replace(gone.raw, `"on":[]`, `"on":[1]`, 1))
	hear(display, func(m message) bool { return m.T == "presence" && *m.Count == 0 })
	hear(display, is("codes"))

	n.join(t, 2, "student")
	again, back := n.join(t, teacher, "board", 4, b0.Roster)
	hear(again, is("presence"))
	_, whole := n.join(t, teacher, "board")
	_, show := n.join(t, teacher, "display")
	sent = append(sent, b0.raw, d0.raw, p0.raw, back.raw, whole.raw, show.raw)
	go n.stop()
	hear(display, is("bye"))
	return append(sent, whatIsSentOfStatuses(t)...)
}

// whatIsSentOfStatuses plays a session through in which a mark stands for a status.
func whatIsSentOfStatuses(t *testing.T) (sent []string) {
	n := startNode(t, newStore(t, 1))
	n.open(t)
	board, _ := n.join(t, teacher, "board")
	board.say(`{"t":"mark","id":"b8","marks":[[1,"present","online"]]}`)
	changed, _ := board.until(is("delta"))
	student, own := n.join(t, 1, "student")
	_, whole := n.join(t, teacher, "board")
	board.say(`{"t":"mark","id":"b9","marks":[[1,"late","left_early"]]}`)
	told, _ := student.until(is("delta"))
	if got := fmt.Sprintln(told.You...); !strings.Contains(got, " late ") || !strings.HasSuffix(got, " left_early\n") {
		t.Errorf("the student is told %q", got)
	}
	return append(sent, changed.raw, whole.raw, own.raw, told.raw)
}

func TestTheServerUnderstandsWhatTheProtocolSays(t *testing.T) {
	for _, text := range messagesInDocs(t) {
		kind, _ := shapeOf(t, text)
		kind, _, _ = strings.Cut(kind, " ")
		if !slices.Contains(toServer, kind) {
			continue
		}
		m, err := live.ParseMessage([]byte(text))
		if err == nil && kind != "ping" {
			_, err = m.Command()
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestABadMessageIsRefusedByField(t *testing.T) {
	for text, field := range map[string]string{
		`hello`:                  "",
		`[]`:                     "",
		`{}`:                     "t",
		`{"t":"dance","id":"x"}`: "t",
		`{"t":"open"}`:           "id",
		`{"t":"open","id":"` + strings.Repeat("x", 65) + `"}`:                                  "id",
		`{"t":"open","id":"a b"}`:                                                              "id",
		`{"t":"open","id":7}`:                                                                  "id",
		`{"t":"check_in","id":"x"}`:                                                            "code",
		`{"t":"check_in","id":"x","code":"1","ticket":"2"}`:                                    "code",
		`{"t":"mark","id":"x"}`:                                                                "marks",
		`{"t":"mark","id":"x","marks":[[1,"gone"]]}`:                                           "marks",
		`{"t":"mark","id":"x","marks":[[1,"late",7]]}`:                                         "marks",
		`{"t":"mark","id":"x","marks":[[1,"late","x","y"]]}`:                                   "marks",
		`{"t":"mark","id":"x","marks":[[1,"late","Left early"]]}`:                              "marks[0]",
		`{"t":"mark","id":"x","marks":[[1,"unset","online"]]}`:                                 "marks[0]",
		`{"t":"mark","id":"x","marks":[["a","late"]]}`:                                         "marks",
		`{"t":"mark","id":"x","marks":[[1,"late"],[1,"late"]]}`:                                "marks[1]",
		`{"t":"mark","id":"x","marks":[[1,"late"]],"note":"` + strings.Repeat("n", 501) + `"}`: "note",
		`{"t":"close","id":"x","unset":"late"}`:                                                "unset",
	} {
		m, err := live.ParseMessage([]byte(text))
		if err == nil {
			_, err = m.Command()
		}
		e := attendance.AsError(err)
		if err == nil || e.Code != attendance.CodeBadMessage || e.Field != field {
			t.Errorf("%.60s: got error %v about %q, want one about %q", text, err, e.Field, field)
		}
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"t":"mark","id":"b7","marks":[[1007,"excused"],[1012,"excused"]],"note":"team away"}`))
	f.Add([]byte(`{"t":"mark","id":"b8","marks":[[1007,"present","online"]]}`))
	f.Add([]byte(`{"t":"close","id":"z3","unset":"absent"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := live.ParseMessage(b)
		if err != nil {
			return
		}
		c, err := m.Command()
		if err == nil && c.Validate() != nil {
			t.Errorf("%s gave a command that is not valid", b)
		}
	})
}
