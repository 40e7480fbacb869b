package server

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// Whatever is let in by the shorter way says the same to net/http, as far as it counts.
func FuzzUpgrade(f *testing.F) {
	const head = "GET /api/v1/sessions/42/live?audience=student&seq=17 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	f.Add([]byte(head + "Cookie: muster_signin=x\r\nOrigin: http://a\r\n\r\n"))
	f.Add([]byte(head + "cookie:a=b \r\nCOOKIE: c=d\r\nAuthorization:  Bearer x\r\n\r\n"))
	f.Add([]byte(head + "Host: b\r\n\r\n"))
	f.Add([]byte(strings.Replace(head, "student", "board", 1) + "sec-websocket-extensions:  permessage-deflate\r\nSec-WebSocket-Extensions: x;y\r\n\r\n"))
	f.Add([]byte(head + " Origin: http://a\r\n\r\n"))
	f.Add([]byte(head + "Origin : http://a\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		short, answer, err := readUpgrade(b)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 101 ")) {
			t.Errorf("it is answered with %q", answer)
		}
		long, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return // whoever sends it can harm nobody else's connection
		}
		if short.URL.String() != long.URL.String() || !strings.HasPrefix(long.URL.Path, sessionsPrefix) {
			t.Errorf("asks for %s, of net/http for %s", short.URL, long.URL)
		}
		if short.Host != long.Host {
			t.Errorf("host %q, to net/http %q", short.Host, long.Host)
		}
		for _, name := range []string{"Origin", "Authorization"} {
			if short.Header.Get(name) != long.Header.Get(name) {
				t.Errorf("%s %q, to net/http %q", name, short.Header.Get(name), long.Header.Get(name))
			}
		}
		if a, b := answerOf(short).Get(offered), answerOf(long).Get(offered); a != b || a != "" && !bytes.Contains(answer, []byte(a)) {
			t.Errorf("agreed on %q, by net/http on %q, and answered %q", a, b, answer)
		}
		a, errA := short.Cookie(signInCookie)
		c, errC := long.Cookie(signInCookie)
		if (errA == nil) != (errC == nil) || errA == nil && a.Value != c.Value {
			t.Errorf("cookie %v, to net/http %v", a, c)
		}
	})
}
