package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/muster-live/muster/client"
	"github.com/muster-live/muster/live"
)

// stream opens a live stream of session 10 by a token, and returns a function that waits
// until the server has ended it.
func (c *campus) stream(token, audience string) (ended func()) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Minute)
	c.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", c.URL+"/api/v1/sessions/10/live?audience="+audience, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	if a.StatusCode != http.StatusOK {
		c.t.Fatalf("the stream: %s", a.Status)
	}
	return func() {
		c.t.Helper()
		_, _ = io.Copy(io.Discard, a.Body) // which may end in the middle
		_ = a.Body.Close()
		if ctx.Err() != nil {
			c.t.Error("the stream goes on")
		}
	}
}

// What was opened by a token ends when the token does, even if nobody revokes it.
func TestALiveConnectionEndsWhenItsTokenRunsOut(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var made struct{ Secret string }
	c.call(c.token(teacher), "POST", "/api/v1/me/tokens", `{"name":"wall","scopes":["marks:read"],"days":1}`).json(t, &made)
	c.exec(`UPDATE api_tokens SET expires_at = ?`, c.Now().Add(1500*time.Millisecond).UnixMilli())
	board := c.stream(made.Secret, "board")
	me := c.token(teacher)
	c.exec(`UPDATE sign_ins SET expires_at = ? WHERE person_id = ?`, c.Now().Add(1500*time.Millisecond).UnixMilli(), teacher)
	signedIn := c.stream(me, "board")
	socket, err := client.Dial(t.Context(), c.URL, me, client.Room{Session: 10, Audience: "board"})
	if err != nil {
		t.Fatal(err)
	}
	board()
	signedIn()
	var closed *client.CloseError
	for err == nil {
		_, err = socket.Read(time.Now().Add(5 * time.Minute))
	}
	if !errors.As(err, &closed) || closed.Code != int(live.CloseSignedOut) {
		t.Errorf("a WebSocket ended with %v, want code %d", err, live.CloseSignedOut)
	}
}
