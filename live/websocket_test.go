package live_test

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/live"
)

// frame returns a client's frame, masked.
func frame(op ws.OpCode, fin bool, payload string) []byte {
	f := ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload)))
	return ws.MustCompileFrame(f)
}

func TestWhatIsNoProperTextFrameClosesTheConnection(t *testing.T) {
	eachWay(t, whatIsNoProperTextFrameClosesTheConnection)
}

func whatIsNoProperTextFrameClosesTheConnection(t *testing.T, n *node) {
	n.listen(t) // for all of the tests below
	long := make([]byte, 10)
	long[0], long[1] = 0x81, 0x80|127
	binary.BigEndian.PutUint64(long[2:], 1<<62)
	for name, tt := range map[string]struct {
		bytes []byte
		want  int
	}{
		"no mask":                     {ws.MustCompileFrame(ws.NewTextFrame([]byte(`{}`))), 1002},
		"reserved bits":               {append([]byte{0xf1}, frame(ws.OpText, true, "{}")[1:]...), 1002},
		"a continuation of nothing":   {frame(ws.OpContinuation, true, "{}"), 1002},
		"a ping in fragments":         {frame(ws.OpPing, false, ""), 1002},
		"binary":                      {frame(ws.OpBinary, true, "{}"), 1003},
		"not UTF-8":                   {frame(ws.OpText, true, "\xff\xfe"), 1007},
		"over 64 KiB":                 {frame(ws.OpText, true, strings.Repeat("x", live.MaxMessage+1)), 1009},
		"over 64 KiB in fragments":    {append(frame(ws.OpText, false, strings.Repeat("x", 40<<10)), frame(ws.OpContinuation, true, strings.Repeat("x", 40<<10))...), 1009},
		"a length from another world": {append(long, 1, 2, 3, 4), 1009},
		"compressed, unasked":         {compressed(true, deflated(`{"t":"ping"}`)), 1002},
		"a goodbye":                   {frame(ws.OpClose, true, "\x03\xe8"), 1000},
	} {
		t.Run(name, func(t *testing.T) {
			code := 0
			// A node that happens to be writing hangs up without a word.
			for try := 0; code == 0 && try < 20; try++ {
				c, _ := n.join(t, 1, "student")
				_, _ = c.conn.Write(tt.bytes) // the node may have seen enough before all is written
				code, _ = c.end()
			}
			if code != tt.want {
				t.Errorf("closed with %d, want %d", code, tt.want)
			}
		})
	}
}

func TestABadMessageLeavesTheConnectionAndTheRoomAlone(t *testing.T) {
	eachWay(t, aBadMessageLeavesTheConnectionAndTheRoomAlone)
}

func aBadMessageLeavesTheConnectionAndTheRoomAlone(t *testing.T, n *node) {
	n.open(t)
	phone, _ := n.join(t, 1, "student")
	for _, bad := range []string{`hello`, `{}`, `{"t":"check_in"}`, `{"t":"dance","id":"x"}`, strings.Repeat("[", 10_000)} {
		phone.say(bad)
		if m, _ := phone.until(is("error")); m.Code != "bad_message" {
			t.Errorf("%.20s: %s", bad, m.raw)
		}
	}
	phone.say(`{"t":"check_in","id":"c","ticket":"any"}`)
	phone.until(func(m message) bool { return m.T == "ack" })
}

func TestALineThatTakesWhatItIsSentHasNotStalled(t *testing.T) {
	eachWay(t, func(t *testing.T, n *node) {
		n.open(t)
		phone, _ := n.join(t, 1, "student")
		n.checkIn(t, 2)
		phone.until(is("delta"))
		if got := n.hub.Stats().Stalled; got != 0 {
			t.Errorf("%d lines are told to have stalled", got)
		}
	})
}

func TestMessagesMayComeInAnyPieces(t *testing.T) {
	eachWay(t, messagesMayComeInAnyPieces)
}

func messagesMayComeInAnyPieces(t *testing.T, n *node) {
	text := `{"t":"ping","n":6,"and":"that is no hurry"}`
	stream := slices.Concat(
		frame(ws.OpText, false, text[:10]), frame(ws.OpPing, true, "hi"), frame(ws.OpContinuation, false, text[10:20]),
		frame(ws.OpContinuation, true, text[20:]), frame(ws.OpText, true, `{"t":"ping","n":7}`))
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		c := n.dial(t, 1, "student")
		for rest := stream; len(rest) > 0; {
			k := 1 + r.IntN(len(rest))
			if _, err := c.conn.Write(rest[:k]); err != nil {
				t.Fatal(err)
			}
			rest = rest[k:]
		}
		if _, before := c.until(func(m message) bool { return m.T == "pong" && m.N == 7 }); !slices.ContainsFunc(before, func(m message) bool { return m.N == 6 }) {
			t.Errorf("seed %d: before the second pong came %v", seed, before)
		}
	}
}

// Whatever a client sends, in whatever pieces: the node closes the connection or
// goes on, and never panics or keeps more than a message's worth.
func FuzzWebSocket(f *testing.F) {
	f.Add(frame(ws.OpText, true, `{"t":"ping","n":7}`), uint8(3), false)
	f.Add(append(frame(ws.OpText, false, `{"t":`), frame(ws.OpContinuation, true, `"ping"}`)...), uint8(1), true)
	f.Add(frame(ws.OpClose, true, ""), uint8(0), false)
	ping := deflated(`{"t":"ping","n":7}`)
	f.Add(compressed(true, ping), uint8(3), true)
	f.Add(append(compressed(false, ping[:9]), frame(ws.OpContinuation, true, ping[9:])...), uint8(1), true)
	f.Add(compressed(true, deflated(strings.Repeat(" ", live.MaxMessage+1))), uint8(40), true)
	s := newStore(f, 3)
	var network local.Network
	n := newNode(f, s, network.Join)
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8, deflate bool) {
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, ours)
		c := n.serve(theirs, joining(1, "student"), deflate)
		for len(stream) > 0 {
			k := min(len(stream), int(piece)+1)
			if _, err := ours.Write(stream[:k]); err != nil {
				break // it has had enough
			}
			stream = stream[k:]
		}
		ours.Close()
		<-c.Done()
	})
}
