package bench

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestMeasuresWhatMessagesSay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]message{
		`{"t":"delta","from":18,"to":20,"status":"open","counts":[211,4,0,2,83]}`:                   {deltaMessage, 18, 20, ""},
		`{"t":"delta","from":18,"to":18,"events":[[18,1,"mark",7,"present","hand",3,"\"to\":99"]]}`: {deltaMessage, 18, 18, ""},
		`{"t":"ack","id":"c9f2","from":18,"to":18,"mark":"present","at":1,"source":"code"}`:         {ackMessage, 18, 18, ""},
		`{"t":"snapshot","audience":"student","session":42,"seq":17,"now":1}`:                       {snapshotMessage, 0, 17, ""},
		`{"t":"error","id":"c9f2","code":"code_old","message":"That code has run out."}`:            {errorMessage, 0, 0, "code_old"},
		`{"t":"presence","on":[1007],"off":[]}`:                                                     {otherMessage, 0, 0, ""},
		`{"t":"delta","from":18}`:                                                                   {},
		`{"t":"delta","from":18,"to":99999999999}`:                                                  {},
		`{"t":"surprise"}`: {},
		`42["news",{"t":"delta","from":18,"to":18,"status":"open"}]`:               {deltaMessage, 18, 18, ""},
		`{"id":2,"rpc":{"data":{"t":"ack","id":"c9f2","from":18,"to":18}}}` + "\n": {ackMessage, 18, 18, ""},
		``: {},
	} {
		if got := scan([]byte(text)); got != want {
			t.Errorf("scan(%s) = %+v, want %+v", text, got, want)
		}
	}
}

// However the line cuts the bytes, the same frames come out.
func FuzzFrames(f *testing.F) {
	var stream []byte
	for _, size := range []int{0, 1, 125, 126, 70_000} {
		b, err := ws.CompileFrame(ws.NewTextFrame([]byte(strings.Repeat("x", size))))
		if err != nil {
			f.Fatal(err)
		}
		stream = append(stream, b...)
	}
	f.Add(stream, 1)
	f.Add(stream, 130)
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 3)
	f.Add([]byte{0x01, 1, 'x'}, 1)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		whole := frames(stream, len(stream))
		if parts := frames(stream, max(1, cut)); !bytes.Equal(whole, parts) {
			t.Errorf("in parts of %d bytes: other frames than at once", cut)
		}
	})
}

// frames returns the payloads of a stream that arrives in parts, until an error.
func frames(stream []byte, part int) (payloads []byte) {
	var pending []byte
	for len(stream) > 0 {
		n := min(part, len(stream))
		pending, stream = append(pending, stream[:n]...), stream[n:]
		for {
			op, payload, rest, ok, err := nextFrame(pending)
			if err != nil {
				return payloads
			}
			if !ok {
				break
			}
			payloads, pending = append(append(payloads, byte(op)), payload...), rest
		}
	}
	return payloads
}
