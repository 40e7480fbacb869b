package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/client"
)

func TestAClientIsLetInToItsLiveConnectionByTheShorterWay(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	address, asked := c.behindFront()
	conn, err := client.Dial(t.Context(), "http://"+address, c.token(student), client.Room{Session: 10, Audience: "student"})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := conn.Read(time.Now().Add(time.Minute)); err != nil || !strings.Contains(string(m), `"t":"snapshot"`) {
		t.Errorf("who joins gets %s, %v", m, err)
	}
	status, _ := speak(t, address, upgrade("Origin: http://muster.test", "Cookie: muster_signin="+c.token(student)))
	if status != http.StatusSwitchingProtocols {
		t.Errorf("a browser got %d", status)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("net/http was asked %d times", n)
	}
}
