package client_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/muster-live/muster/client"
)

// serve starts a server that hands each connection to talk.
func serve(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.RequestURI() != "/api/v1/sessions/42/live?audience=board&roster=3&seq=17" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		up := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == client.Subprotocol }}
		conn, _, _, err := up.Upgrade(r, w)
		if err == nil {
			go func() {
				defer conn.Close()
				talk(conn)
			}()
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

var room = client.Room{Session: 42, Audience: "board", Seq: new(int64(17)), Roster: 3}

func dial(t *testing.T, url string) *client.Conn {
	t.Helper()
	c, err := client.Dial(t.Context(), url, "secret", room)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Drop() })
	return c
}

func TestMessagesGoBothWaysAndPingsAreAnswered(t *testing.T) {
	t.Parallel()
	url := serve(t, func(conn net.Conn) {
		b, _ := wsutil.ReadClientText(conn)
		_ = wsutil.WriteServerMessage(conn, ws.OpPing, []byte("there?"))
		m, _ := wsutil.ReadClientMessage(conn, nil)
		if len(m) == 1 && m[0].OpCode == ws.OpPong && string(m[0].Payload) == "there?" {
			_ = wsutil.WriteServerText(conn, []byte("you said "+string(b)))
		}
	})
	c := dial(t, url)
	if err := c.Send("hello"); err != nil {
		t.Fatal(err)
	}
	if b, err := c.Read(time.Time{}); err != nil || string(b) != "you said hello" {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestADeadlineLosesNothing(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	url := serve(t, func(conn net.Conn) {
		<-goOn
		_ = wsutil.WriteServerText(conn, []byte("late"))
		_, _ = conn.Read(make([]byte, 1)) // until the client goes
	})
	c := dial(t, url)
	if _, err := c.Read(time.Now().Add(10 * time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("nothing came, and Read returned %v", err)
	}
	close(goOn)
	if b, err := c.Read(time.Time{}); err != nil || string(b) != "late" {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestTheServersCloseCodeIsTold(t *testing.T) {
	t.Parallel()
	url := serve(t, func(conn net.Conn) {
		_ = ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(4008, "")))
	})
	var closed *client.CloseError
	if _, err := dial(t, url).Read(time.Time{}); !errors.As(err, &closed) || closed.Code != 4008 {
		t.Errorf("got %v, want close code 4008", err)
	}
}

func TestDialSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	url := serve(t, func(net.Conn) {})
	for address, want := range map[string]string{url: "401", "ftp://x": "http://", "http://127.0.0.1:1": "refused"} {
		if _, err := client.Dial(t.Context(), address, "wrong", room); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", address, err, want)
		}
	}
}
