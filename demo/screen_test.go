package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// A phone that has lost its line comes back by itself and says what it has seen.
func TestScreenComesBackWithWhatItHas(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := ws.HTTPUpgrader{Protocol: func(string) bool { return true }}
		conn, _, _, err := up.Upgrade(r, w)
		if err != nil {
			return
		}
		go func(conn net.Conn) {
			defer conn.Close() // at once: the line breaks after each answer
			asked <- r.URL.RequestURI()
			switch len(asked) {
			case 1:
				_ = wsutil.WriteServerText(conn, []byte(`{"t":"snapshot","seq":5,"status":"open"}`))
			case 2:
				_ = wsutil.WriteServerText(conn, []byte(`{"t":"delta","from":6,"to":7,"status":"open"}`))
			case 3:
				_ = wsutil.WriteServerText(conn, []byte(`{"t":"delta","from":8,"to":8,"status":"closed"}`))
			}
		}(conn)
	}))
	t.Cleanup(s.Close)
	p := screen{url: s.URL, token: "t", session: 42, audience: "student"}
	if err := p.watch(t.Context(), time.Now().Add(5*time.Minute)); err != nil {
		t.Fatal(err)
	}
	p.leave()
	if !p.closed || p.seq != 8 {
		t.Errorf("closed %t at seq %d, want true at 8", p.closed, p.seq)
	}
	for i, want := range []string{"/api/v1/sessions/42/live?audience=student", "&seq=5", "&seq=7"} {
		if got := <-asked; !strings.HasSuffix(got, want) {
			t.Errorf("request %d is %s, want %s at its end", i+1, got, want)
		}
	}
}

func TestScreenStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := ws.HTTPUpgrader{Protocol: func(string) bool { return true }}
		if conn, _, _, err := up.Upgrade(r, w); err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			cancel()
		}
	}))
	t.Cleanup(s.Close)
	p := screen{url: s.URL, token: "t", session: 42, audience: "student"}
	if err := p.watch(ctx, time.Now().Add(time.Hour)); err == nil {
		t.Error("it goes on")
	}
}

func TestDisplayTellsTheCodeOfNow(t *testing.T) {
	t.Parallel()
	var d display
	if _, _, err := d.code(time.Now()); err == nil {
		t.Error("a code before the first message")
	}
	if _, err := d.take(nil); err == nil {
		t.Error("nothing is a message")
	}
	d.heard = d.look
	const list = `[["AAAAAAAA","111111"],["BBBBBBBB","222222"]]`
	for _, text := range []string{
		fmt.Sprintf(`{"t":"snapshot","seq":1,"status":"open","codes":{"start":10000,"step":5000,"codes":%s}}`, list),
		fmt.Sprintf(`{"t":"codes","start":10000,"step":5000,"codes":%s}`, list),
	} {
		d.codes = codes{}
		if _, err := d.take([]byte(text)); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[int64]string{10_000: "111111", 14_999: "111111", 15_000: "222222", 99_000: "222222"} {
			if _, digits, err := d.code(time.UnixMilli(at)); err != nil || digits != want {
				t.Errorf("at %d: %q, %v, want %q", at, digits, err, want)
			}
		}
	}
}
