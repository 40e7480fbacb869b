package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/client"
	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/server"
)

// behindFront starts a server of the campus's whose net/http part counts how often it is
// asked for a live connection.
func (c *campus) behindFront() (address string, asked *atomic.Int64) {
	c.t.Helper()
	asked = new(atomic.Int64)
	web := httptest.NewUnstartedServer(nil)
	web.Config = c.Server.HTTPServer()
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/live") {
			asked.Add(1)
		}
		c.Server.ServeHTTP(w, r)
	})
	web.Listener = c.Server.Front(web.Listener)
	web.Start()
	c.t.Cleanup(web.Close)
	return web.Listener.Addr().String(), asked
}

// ways is how many servers eachWay starts.
const ways = 3

// eachWay starts a server that lets clients in by the shorter way, one whose net/http does,
// and one that speaks TLS. The addresses are for speak.
func eachWay(t *testing.T, s *server.Server) (addresses []string) {
	t.Helper()
	for way := range ways {
		web := httptest.NewUnstartedServer(nil)
		web.Config = s.HTTPServer()
		t.Cleanup(web.Close)
		address := web.Listener.Addr().String()
		switch way {
		case 0:
			web.Listener = s.Front(web.Listener)
			web.Start()
		case 1:
			web.Start()
		default:
			web.Listener = live.BelowTLS(web.Listener)
			web.StartTLS()
			address = overTLS + address
		}
		addresses = append(addresses, address)
	}
	return addresses
}

const overTLS = "TLS to "

// closing is the close frame with a code.
func closing(code live.CloseCode) []byte {
	return ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "")))
}

// upgrade is a request for a live connection, with further lines of the header.
func upgrade(lines ...string) string {
	return "GET /api/v1/sessions/10/live?audience=student HTTP/1.1\r\nHost: muster.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + strings.Join(append(lines, "\r\n"), "\r\n")
}

// dial connects to an address of eachWay's.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	address, secured := strings.CutPrefix(address, overTLS)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if secured {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return conn
}

// speak sends the pieces one after another, each when the one before has arrived, and
// returns the status of the answer and what follows it.
func speak(t *testing.T, address string, pieces ...string) (status int, rest *bufio.Reader) {
	t.Helper()
	conn := dial(t, address)
	for i, p := range pieces {
		if i > 0 {
			time.Sleep(20 * time.Millisecond) // so that it is no single segment
		}
		if _, err := io.WriteString(conn, p); err != nil {
			t.Fatal(err)
		}
	}
	rest = bufio.NewReader(conn)
	a, err := http.ReadResponse(rest, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, rest
}

func TestWhateverTheShorterWayDoesNotTakeIsAnsweredAsEver(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	address, _ := c.behindFront()
	cookie := "Cookie: muster_signin=" + c.token(student)
	whole := upgrade(cookie)
	for name, try := range map[string]struct {
		pieces []string
		status int
	}{
		"from another site":        {[]string{upgrade(cookie, "Origin: https://evil.example")}, 403},
		"a stranger":               {[]string{upgrade()}, 401},
		"a token nobody has":       {[]string{upgrade("Authorization: Bearer " + strings.Repeat("x", 43))}, 401},
		"two hosts":                {[]string{upgrade(cookie, "Host: other.test")}, 400},
		"another version":          {[]string{strings.Replace(whole, "Version: 13", "Version: 12", 1)}, 426},
		"no upgrade":               {[]string{strings.Replace(whole, "Upgrade: websocket", "Upgrade: other", 1)}, 200},
		"a path with an escape":    {[]string{strings.Replace(whole, "sessions/10", "sessions/%31%30", 1)}, 101},
		"in two pieces":            {[]string{whole[:60], whole[60:]}, 101},
		"in pieces, from its line": {[]string{whole[:7], whole[7:200], whole[200:]}, 101},
		"with a long header":       {[]string{upgrade(cookie, "X-Long: "+strings.Repeat("x", 6<<10))}, 101},
		"another request":          {[]string{"GET /api/v1/me HTTP/1.1\r\nHost: muster.test\r\n" + cookie + "\r\n\r\n"}, 200},
		"no request":               {[]string{"\x16\x03\x01 hello\r\n\r\n"}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, _ := speak(t, address, try.pieces...); status != try.status {
				t.Errorf("got %d, want %d", status, try.status)
			}
		})
	}
}

func TestWhatComesTogetherWithTheRequestIsNotLost(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	address, _ := c.behindFront()
	ping := string(client.Frame([]byte(`{"t":"ping","n":7}`)))
	status, rest := speak(t, address, upgrade("Cookie: muster_signin="+c.token(student))+ping)
	got := ""
	for !strings.Contains(got, `{"t":"pong","n":7,`) {
		text, err := rest.ReadString('}')
		if got += text; status != 101 || err != nil {
			t.Fatalf("got %d, then %q, %v", status, got, err)
		}
	}
	if !strings.Contains(got, `"t":"snapshot"`) {
		t.Errorf("got %q, want the state as well", got)
	}
}

// A browser does not show a page what HTTP answers to an upgrade: so it is said over the
// connection why somebody may not take part, whichever way they came.
func TestWhoMayNotTakePartIsToldOverTheConnection(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for _, address := range eachWay(t, c.Server) {
		for _, try := range []struct {
			who        attendance.PersonID
			path, want string
		}{
			{student, "10/live?audience=board", `"code":"forbidden"`},
			{outsider, "10/live?audience=board", `"code":"unknown_session"`},
			{outsider, "10/live?audience=student", `"code":"not_enrolled"`},
			{teacher, "10/live?audience=student", `"code":"not_enrolled"`},
			{teacher, "999/live?audience=board", `"code":"unknown_session"`},
			{teacher, "x/live?audience=board", `"code":"unknown_session"`},
			{teacher, "10/live", `"field":"audience"`},
			{teacher, "10/live?audience=board&seq=x", `"field":"seq"`},
			{teacher, "10/live?audience=board&roster=x", `"field":"roster"`},
		} {
			request := strings.Replace(upgrade("Cookie: muster_signin="+c.token(try.who)), "10/live?audience=student", try.path, 1)
			status, rest := speak(t, address, request)
			told, err := io.ReadAll(rest)
			if status != 101 || err != nil || !strings.Contains(string(told), try.want) || !bytes.HasSuffix(told, closing(live.CloseForbidden)) {
				t.Errorf("person %d asks for %s: got %d and %q, %v, want %s and code 4003", try.who, try.path, status, told, err, try.want)
			}
		}
	}
}

// Whoever cannot be let in for now is told so by a code after which they come back.
func TestWhoCannotBeLetInForNowIsToldToComeBack(t *testing.T) {
	t.Parallel()
	for way := range ways {
		c := newCampus(t, nil) // which has no room loaded yet
		address, request := eachWay(t, c.Server)[way], upgrade("Cookie: muster_signin="+c.token(student))
		c.exec(`ALTER TABLE marks RENAME TO lost`)
		status, rest := speak(t, address, request)
		told, err := io.ReadAll(rest)
		if status != 101 || err != nil || !strings.Contains(string(told), `"code":"internal"`) || !bytes.HasSuffix(told, closing(live.CloseInternal)) {
			t.Errorf("while the store is broken: %d, then %q, %v; want code internal and 1011", status, told, err)
		}
		c.exec(`ALTER TABLE lost RENAME TO marks`)
		_, rest = speak(t, address, request)
		if state, err := rest.ReadString(','); !strings.Contains(state, `"t":"snapshot"`) {
			t.Errorf("afterwards: %q, %v; want the state", state, err)
		}
	}
}

func TestAPanicOnTheWayInIsToldAndLogged(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	log := slog.New(slog.NewTextHandler(c.Log, nil))
	hub := live.NewHub(c.store, new(local.Network).Join, c.Now, log)
	t.Cleanup(hub.Close)
	broken, err := server.New(server.Config{Clock: c.Now, Log: log}, server.Parts{Accounts: c.Accounts, Hub: hub}) // knows no roles
	if err != nil {
		t.Fatal(err)
	}
	for i, address := range eachWay(t, broken) {
		_, rest := speak(t, address, strings.Replace(upgrade("Cookie: muster_signin="+c.token(teacher)), "audience=student", "audience=board", 1))
		told, err := io.ReadAll(rest)
		if err != nil || !strings.Contains(string(told), `"code":"internal"`) || !bytes.HasSuffix(told, closing(live.CloseInternal)) {
			t.Errorf("told %q, %v; want code internal and 1011", told, err)
		}
		if log := c.Log.String(); strings.Count(log, "live join panicked") != i+1 || !strings.Contains(log, "stack=") {
			t.Errorf("the log says %q", log)
		}
	}
}

func TestConnectionsAreKeptForFurtherRequests(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	address, _ := c.behindFront()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from := bufio.NewReader(conn)
	for range 3 {
		fmt.Fprintf(conn, "GET /api/v1/me HTTP/1.1\r\nHost: muster.test\r\n\r\n")
		a, err := http.ReadResponse(from, nil)
		if err != nil || a.StatusCode != 401 {
			t.Fatalf("%+v, %v", a, err)
		}
		_, _ = io.Copy(io.Discard, a.Body)
	}
}

func TestAClosedFrontTakesNobody(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := c.Server.Front(l)
	ended := make(chan error)
	go func() {
		_, err := front.Accept()
		ended <- err
	}()
	if err := front.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("who waited for connections got %v", err)
	}
	if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("somebody could still connect")
	}
}
