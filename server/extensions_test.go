package server_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/attendance"
)

func readFrame(from io.Reader) (h ws.Header, payload []byte, err error) {
	if h, err = ws.ReadHeader(from); err == nil {
		payload = make([]byte, h.Length)
		_, err = io.ReadFull(from, payload)
	}
	return h, payload, err
}

// Whether a board's state comes compressed, and whether what the board says may, does not
// depend on the way by which its connection is made.
func TestAllWaysInAgreeOnCompressionAlike(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	c.exec(`INSERT INTO people (id, ref, given, family, created_at, updated_at)
		WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 150) SELECT i, 's' || i, 'Given' || i, 'Family' || i, 0, 0 FROM n`)
	c.exec(`INSERT INTO enrolments (course_id, person_id, role) SELECT 1, id, 'student' FROM people WHERE id >= 100`)
	const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	const offer = "Sec-WebSocket-Extensions: permessage-deflate"
	for _, address := range eachWay(t, c.Server) {
		for _, try := range []struct {
			who      attendance.PersonID
			audience string
			lines    []string
			want     string
		}{
			{teacher, "board", []string{offer + "; client_max_window_bits"}, agreed},
			{teacher, "board", []string{strings.ToLower(offer)}, agreed},
			{teacher, "board", []string{offer + "; server_max_window_bits=9", offer}, agreed},
			{teacher, "board", []string{offer + "; server_max_window_bits=15"}, agreed + "; server_max_window_bits=15"},
			{teacher, "board", []string{offer + "; server_max_window_bits=9"}, ""},
			{teacher, "board", []string{offer + `; "`}, ""},
			{teacher, "board", nil, ""},
			{teacher, "display", []string{offer}, ""},
			{student, "student", []string{offer}, ""},
		} {
			conn := dial(t, address)
			request := strings.Replace(upgrade(append(try.lines, "Cookie: muster_signin="+c.token(try.who))...), "audience=student", "audience="+try.audience, 1)
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			from := bufio.NewReader(conn)
			a, err := http.ReadResponse(from, nil)
			if err != nil || a.StatusCode != 101 {
				t.Fatalf("%s, %s with %q: %+v, %v", address, try.audience, try.lines, a, err)
			}
			if got := strings.Join(a.Header["Sec-Websocket-Extensions"], ", "); got != try.want {
				t.Errorf("%s, %s with %q: agreed on %q, want %q", address, try.audience, try.lines, got, try.want)
			}
			h, state, err := readFrame(from)
			for err == nil && h.OpCode == ws.OpPing { // whose turn came at once
				h, state, err = readFrame(from)
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Rsv1() {
				const end = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
				state, err = io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(state), strings.NewReader(end))))
			}
			if !bytes.HasPrefix(state, []byte(`{"t":"snapshot"`)) || err != nil || h.Rsv1() != (try.want != "") {
				t.Errorf("%s, %s with %q: sent %q, %v, compressed: %t", address, try.audience, try.lines, state, err, h.Rsv1())
			}
			said := ws.NewTextFrame([]byte("\x00\x12\x00\xed\xff" + `{"t":"ping","n":7}` + "\x00")) // as DEFLATE has it that is not worth compressing
			said.Header.Rsv = ws.Rsv(true, false, false)
			if err := ws.WriteFrame(conn, ws.MaskFrame(said)); err != nil {
				t.Fatal(err)
			}
			rest, understood := "", false // else the line is closed, if it is in the middle of something without a word
			for err == nil && !understood {
				_, state, err = readFrame(from)
				rest += string(state)
				understood = strings.Contains(rest, `{"t":"pong","n":7`)
			}
			if understood != (try.want != "") || !understood && err != io.EOF && !strings.Contains(rest, "\x03\xea") {
				t.Errorf("%s, %s with %q: a compressed ping is answered by %q, %v", address, try.audience, try.lines, rest, err)
			}
			_ = conn.Close()
		}
	}
}
