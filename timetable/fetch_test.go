package timetable

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyPublicAddressesAreConnectedTo(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"93.184.215.14:443": true, "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:443": true,
		"127.0.0.1:80": false, "[::1]:80": false, "10.1.2.3:80": false, "172.16.0.1:80": false, "192.168.1.1:80": false, "169.254.169.254:80": false,
		"100.64.0.1:80": false, "0.0.0.0:80": false, "224.0.0.1:80": false, "255.255.255.255:80": false, "198.18.0.1:80": false, "[fe80::1]:80": false, "[fc00::1]:80": false,
		"[::ffff:127.0.0.1]:80": false, "[::ffff:10.0.0.1]:80": false, "[::ffff:100.64.0.1]:80": false, "[64:ff9b::7f00:1]:80": false, "[2002:7f00:1::]:80": false, "[::127.0.0.1]:80": false, "nonsense": false,
	} {
		if err := public(address, false); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := public("10.1.2.3:80", true); err != nil {
		t.Errorf("though the operator allows it: %v", err)
	}
}

// Neither a name nor a redirect leads into the server's own network.
func TestFetchingStaysOutside(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "BEGIN:VCALENDAR\nEND:VCALENDAR\n") }))
	t.Cleanup(inside.Close)
	get := func(f *Fetcher, address string) error {
		_, err := f.get(context.Background(), Subscription{Address: address}, &Fetched{})
		return err
	}
	outside, private := NewFetcher(&Planner{}, false), NewFetcher(&Planner{}, true)
	byName := strings.Replace(inside.URL, "127.0.0.1", "localhost", 1)
	for _, address := range []string{inside.URL, byName} {
		if err := get(outside, address); err == nil || !strings.Contains(problem(err), "private network") {
			t.Errorf("%s: %v", address, err)
		}
		if err := get(private, address); err != nil {
			t.Errorf("%s, allowed: %v", address, err)
		}
	}
	for to, want := range map[string]string{"file:///etc/passwd": "must begin with", "gopher://x/": "must begin with", "/again": "on and on"} {
		sending := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }))
		if err := get(private, sending.URL); err == nil || !strings.Contains(problem(err), want) {
			t.Errorf("sent to %s: %v", to, err)
		}
		sending.Close()
	}
}

func TestAddressesOfCalendars(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" https://example.edu/a.ics ": "https://example.edu/a.ics", "webcal://example.edu/a.ics?k=1": "https://example.edu/a.ics?k=1", "WEBCALS://example.edu/a": "https://example.edu/a",
		"http://example.edu": "http://example.edu", "ftp://example.edu/a": "", "https://": "", "javascript:alert(1)": "", "": "",
	} {
		if got, err := Address(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
