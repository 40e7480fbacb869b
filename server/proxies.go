package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of the reverse proxies that are believed when they say who
// a request comes from and how.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks, such as 10.0.0.7 and 192.168.0.0/16.
func ParseProxies(list []string) (Proxies, error) {
	var all Proxies
	for _, text := range list {
		text = strings.TrimSpace(text)
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, errAddress := netip.ParseAddr(text)
			if errAddress != nil || address.Zone() != "" {
				return nil, fmt.Errorf("%q is no address and no network: write one like 10.0.0.7 or 10.0.0.0/8", text)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		if a := network.Addr(); a.Is4In6() {
			return nil, fmt.Errorf("%q is an IPv4 address in IPv6 form: write %s", text, a.Unmap())
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

func (p Proxies) trust(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// peer is who the connection of a request comes from.
func peer(r *http.Request) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(host)
	return a.Unmap().WithZone(""), err == nil
}

// client is who a request comes from: the peer, unless that is one of the proxies.
// Then it is the last in X-Forwarded-For that is not one: whatever stands before that
// was not written by a proxy of ours, and may be made up. Behind something that is no
// address nobody is looked for.
func (p Proxies) client(r *http.Request) (netip.Addr, bool) {
	address, ok := peer(r)
	if !ok || !p.trust(address) {
		return address, ok
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0; i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			break
		}
		if address = before.Unmap().WithZone(""); !p.trust(address) {
			break
		}
	}
	return address, true
}

// https reports whether a proxy of ours says that its client speaks HTTPS.
func (p Proxies) https(r *http.Request) bool {
	address, ok := peer(r)
	return ok && p.trust(address) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
