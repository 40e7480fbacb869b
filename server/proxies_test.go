package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func request4(from string, forwarded ...string) *http.Request {
	return &http.Request{RemoteAddr: from, Header: http.Header{"X-Forwarded-For": forwarded}}
}

func TestTheClientIsTheLastThatNoProxyOfOursIs(t *testing.T) {
	t.Parallel()
	ours, err := ParseProxies([]string{"10.0.0.0/8", " 192.0.2.7", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		r    *http.Request
		want string
	}{
		"without a proxy":                      {request4("203.0.113.5:999"), "203.0.113.5"},
		"a stranger's word counts for nothing": {request4("203.0.113.5:999", "198.51.100.1"), "203.0.113.5"},
		"through our proxy":                    {request4("10.1.2.3:999", "198.51.100.1"), "198.51.100.1"},
		"what the client made up stands first": {request4("10.1.2.3:999", "1.2.3.4, 198.51.100.1"), "198.51.100.1"},
		"in a header of its own":               {request4("10.1.2.3:999", "1.2.3.4", "198.51.100.1"), "198.51.100.1"},
		"through two of our proxies":           {request4("192.0.2.7:999", "198.51.100.1, 10.9.9.9"), "198.51.100.1"},
		"from our own network":                 {request4("10.1.2.3:999", "10.7.7.7"), "10.7.7.7"},
		"a proxy that says nothing":            {request4("10.1.2.3:999"), "10.1.2.3"},
		"a proxy that says nonsense":           {request4("10.1.2.3:999", "198.51.100.1, unknown"), "10.1.2.3"},
		"IPv6":                                 {request4("[fd00::1]:999", "2001:db8::1"), "2001:db8::1"},
		"IPv4 as IPv6":                         {request4("[::ffff:10.1.2.3]:999", "::ffff:198.51.100.1"), "198.51.100.1"},
	} {
		if got, ok := ours.client(try.r); !ok || got != netip.MustParseAddr(try.want) {
			t.Errorf("%s: %v, want %s", name, got, try.want)
		}
	}
}

func TestOnlyOurProxySaysWhatIsHTTPS(t *testing.T) {
	t.Parallel()
	ours, _ := ParseProxies([]string{"10.0.0.0/8"})
	for from, want := range map[string]bool{"10.1.2.3:999": true, "203.0.113.5:999": false, "@": false} {
		r := &http.Request{RemoteAddr: from, Header: http.Header{"X-Forwarded-Proto": {"https"}}}
		if got := ours.https(r); got != want {
			t.Errorf("from %s: %v", from, got)
		}
	}
}

func TestAWrongProxyIsNamed(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "proxy.example", "10.0.0.0/33", "10.0.0", "fe80::1%eth0", "::ffff:10.0.0.1"} {
		if _, err := ParseProxies([]string{"10.0.0.1", wrong}); err == nil || !strings.Contains(err.Error(), `"`+wrong+`"`) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func FuzzForwardedFor(f *testing.F) {
	f.Add("10.1.2.3:999", "198.51.100.1, 10.2.2.2")
	f.Add("[fd00::1]:1", "::1%eth0,,")
	f.Add("203.0.113.5:999", "10.1.2.3")
	ours, _ := ParseProxies([]string{"10.0.0.0/8", "fd00::/8"})
	f.Fuzz(func(t *testing.T, from, forwarded string) {
		r := request4(from, forwarded)
		at, ok := peer(r)
		got, okClient := ours.client(r)
		if ok != okClient || ok && !ours.trust(at) && got != at {
			t.Errorf("%v became %v, by somebody who is not believed", at, got)
		}
	})
}
