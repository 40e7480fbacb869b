//go:build !linux

package live

import "net"

// Front returns the listener as it is: here, net/http's server sees to everything.
func Front(l net.Listener, _ string, _ LetIn) net.Listener { return l }
