package live_test

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/live"
)

// deflated returns text as a browser compresses it, without what every flush ends with.
func deflated(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	w.Write([]byte(text))
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// compressed returns a client's frame that says that it begins a compressed message.
func compressed(fin bool, payload string) []byte {
	f := ws.NewFrame(ws.OpText, fin, []byte(payload))
	f.Header.Rsv = ws.Rsv(true, false, false)
	return ws.MustCompileFrame(ws.MaskFrame(f))
}

const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

func TestWhatIsAgreedOnOfWhatClientsOffer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		offer string // several lines of the header are separated by line feeds
		want  string
	}{
		{"permessage-deflate; client_max_window_bits", agreed}, // Chromium
		{"permessage-deflate", agreed},                         // Firefox, Safari
		{"permessage-deflate;client_no_context_takeover ;\tserver_no_context_takeover", agreed},
		{"permessage-deflate; client_max_window_bits=8", agreed},
		{`permessage-deflate; client_max_window_bits="15"`, agreed},
		{"permessage-deflate; server_max_window_bits=15", agreed + "; server_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=10", ""},
		{"permessage-deflate; server_max_window_bits=10, permessage-deflate", agreed},
		{"permessage-deflate; server_max_window_bits=15, permessage-deflate", agreed + "; server_max_window_bits=15"},
		{"permessage-deflate; server_max_window_bits=10\npermessage-deflate", agreed},
		{"x-webkit-deflate-frame, permessage-deflate; client_max_window_bits", agreed},
		{`other; a="b"; c, permessage-deflate`, agreed},
		{"permessage-deflate; server_max_window_bits", ""},
		{"permessage-deflate; server_max_window_bits=015", ""},
		{"permessage-deflate; server_max_window_bits=16", ""},
		{"permessage-deflate; client_max_window_bits=7", ""},
		{"permessage-deflate; client_max_window_bits=16", ""},
		{"permessage-deflate; client_max_window_bits=08", ""},
		{"permessage-deflate; client_max_window_bits; client_max_window_bits=10", ""},
		{"permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
		{"permessage-deflate; server_no_context_takeover=true", ""},
		{"permessage-deflate; unheard_of", ""},
		{"permessage-deflate=1", ""},
		{"permessage-bzip2", ""},
		{"other; permessage-deflate", ""},
		{`other; a="b, permessage-deflate, c"`, ""},
		{`permessage-deflate; client_max_window_bits="`, ""},
		{"permessage-deflate, ;", ""},
		{"permessage-deflate, \x00", ""},
		{"permessage-deflate; client_max_window_bits = 10", ""},
		{"", ""},
	} {
		lines := strings.Split(tt.offer, "\n")
		if got := live.Extension(live.AudienceBoard, lines); got != tt.want {
			t.Errorf("%q is answered with %q, want %q", tt.offer, got, tt.want)
		}
		for _, a := range []live.Audience{live.AudienceDisplay, live.AudienceStudent, ""} {
			if got := live.Extension(a, lines); got != "" {
				t.Errorf("audience %q is answered %q", a, got)
			}
		}
	}
	if got := live.Extension(live.AudienceBoard, nil); got != "" {
		t.Errorf("who offers nothing is answered %q", got)
	}
}

// Whatever a client offers: it is answered with what it offered, or not at all.
func FuzzExtension(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits, x", "")
	f.Add(`a; b="c"`, "permessage-deflate; server_max_window_bits=15")
	f.Fuzz(func(t *testing.T, first, second string) {
		answer := live.Extension(live.AudienceBoard, []string{first, second})
		params, ok := strings.CutPrefix(answer, agreed)
		if answer != "" && (!ok || params != "" && params != "; server_max_window_bits=15") {
			t.Errorf("answered %q", answer)
		}
		all := strings.ReplaceAll(first+","+second, `"`, "")
		if answer != "" && !strings.Contains(all, "permessage-deflate") || !strings.Contains(all, strings.TrimPrefix(params, "; ")) {
			t.Errorf("answered %q, which is not offered", answer)
		}
	})
}

// state is the whole of a message, apart from what differs each time it is made.
func state(t *testing.T, m message) (fields map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(m.raw), &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "now")
	connected := fields["connected"].([]any)
	slices.SortFunc(connected, func(a, b any) int { return int(a.(float64) - b.(float64)) })
	return fields
}

func TestALargeBoardsStateIsCompressedForThoseWhoTakeItSo(t *testing.T) {
	t.Parallel()
	for name, byRuntime := range map[string]bool{"taken over": false, "by the runtime": true} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t, newStore(t, 300))
			n.byRuntime = byRuntime
			n.open(t)
			n.checkIn(t, 7)
			phone, _ := n.join(t, 8, "student")
			_, want := n.join(t, teacher, "board")
			n.offers = []string{"permessage-deflate"}
			board, got := n.join(t, teacher, "board")
			if want.deflated != nil || got.deflated == nil {
				t.Fatalf("compressed unasked: %t, asked: %t", want.deflated != nil, got.deflated != nil)
			}
			if len(got.deflated) > len(want.raw)/3 {
				t.Errorf("%d bytes are compressed to %d", len(want.raw), len(got.deflated))
			}
			if !reflect.DeepEqual(state(t, got), state(t, want)) {
				t.Errorf("sent as it is:\n%s\ncompressed:\n%s", want.raw, got.raw)
			}
			// All else is as ever.
			board.say(`{"t":"ping","n":6}`)
			if m, _ := board.until(is("pong")); m.deflated != nil {
				t.Error("a pong is compressed")
			}
			n.checkIn(t, 9)
			if m, _ := board.until(is("delta")); m.deflated != nil || len(m.Events) != 1 {
				t.Errorf("news came as %s, compressed: %t", m.raw, m.deflated != nil)
			}
			if m, _ := phone.until(is("delta")); m.deflated != nil {
				t.Error("a phone's news are compressed")
			}
		})
	}
}

func TestASmallBoardsStateIsNotCompressed(t *testing.T) {
	t.Parallel()
	n := startNode(t, newStore(t, 3))
	n.offers = []string{"permessage-deflate"}
	if _, m := n.join(t, teacher, "board"); m.deflated != nil {
		t.Errorf("%s is compressed", m.raw)
	}
}

func TestWhatABoardCompressesIsUnderstood(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		n.offers = []string{"permessage-deflate"}
		board, _ := n.join(t, teacher, "board")
		ping := deflated(`{"t":"ping","n":7}`)
		long := deflated(`{"t":"ping","n":9,"and":"` + strings.Repeat("that is no hurry ", 3000) + `"}`)
		// A last block that says so, and padding: RFC 7692, section 7.2.3.4.
		last := "\x01\x12\x00\xed\xff" + `{"t":"ping","n":1}` + "\x00"
		for n, stream := range map[int64][]byte{
			7: compressed(true, ping),
			8: slices.Concat(compressed(false, ping[:5]), frame(ws.OpPing, true, "hi"), frame(ws.OpContinuation, false, ping[5:9]),
				frame(ws.OpContinuation, true, ping[9:]), frame(ws.OpText, true, `{"t":"ping","n":8}`)),
			9: compressed(true, long),
			1: compressed(true, last),
		} {
			if _, err := board.conn.Write(stream); err != nil {
				t.Fatal(err)
			}
			_, before := board.until(func(m message) bool { return m.T == "pong" && m.N == n })
			if n == 8 && !slices.ContainsFunc(before, func(m message) bool { return m.N == 7 }) {
				t.Errorf("what came in fragments was lost: before the pong came %v", before)
			}
		}
	})
}

func TestWhatIsNotProperlyCompressedClosesTheConnection(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		n.offers = []string{"permessage-deflate"}
		n.listen(t)
		ping := deflated(`{"t":"ping","n":7}`)
		with := func(rsv byte, op ws.OpCode, fin bool, payload string) []byte {
			f := ws.NewFrame(op, fin, []byte(payload))
			f.Header.Rsv = rsv
			return ws.MustCompileFrame(ws.MaskFrame(f))
		}
		rsv1 := ws.Rsv(true, false, false)
		bomb := deflated(strings.Repeat("x", 5<<20))
		for name, tt := range map[string]struct {
			bytes []byte
			want  int
		}{
			"another reserved bit":      {with(ws.Rsv(true, true, false), ws.OpText, true, ping), 1002},
			"a compressed ping":         {with(rsv1, ws.OpPing, true, ping), 1002},
			"a compressed goodbye":      {with(rsv1, ws.OpClose, true, ""), 1002},
			"said again in the middle":  {append(compressed(false, ping[:5]), with(rsv1, ws.OpContinuation, true, ping[5:])...), 1002},
			"binary":                    {with(rsv1, ws.OpBinary, true, ping), 1003},
			"no DEFLATE":                {compressed(true, "\xff\xff\xff\xff"), 1007},
			"nothing":                   {compressed(true, ""), 1007},
			"cut off":                   {compressed(true, ping[:8]), 1007},
			"not UTF-8":                 {compressed(true, deflated("\xff\xfe")), 1007},
			"a byte over 64 KiB":        {compressed(true, deflated(strings.Repeat("x", live.MaxMessage+1))), 1009},
			"5 MB, from 5 kB":           {compressed(true, bomb), 1009},
			"5 MB, in fragments":        {append(compressed(false, bomb), frame(ws.OpContinuation, true, "")...), 1009},
			"over 64 KiB over the line": {compressed(true, strings.Repeat("x", live.MaxMessage+1)), 1009},
		} {
			t.Run(name, func(t *testing.T) {
				code := 0
				// A node that happens to be writing hangs up without a word.
				for try := 0; code == 0 && try < 20; try++ {
					c, _ := n.join(t, teacher, "board")
					_, _ = c.conn.Write(tt.bytes) // the node may have seen enough before all is written
					code, _ = c.end()
				}
				if code != tt.want {
					t.Errorf("closed with %d, want %d", code, tt.want)
				}
			})
		}
	})
}
