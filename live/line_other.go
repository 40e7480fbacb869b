//go:build !linux

package live

import (
	"net"
	"time"
)

// reactor is there on Linux alone; elsewhere the runtime does the reading.
type reactor struct{ batch batch }

func (*reactor) close() {}

func takeOver(net.Conn, *WebSocket) line { return nil }

// BelowTLS returns the listener as it is: here, the runtime does the reading.
func BelowTLS(l net.Listener) net.Listener { return l }

func noticeSilence(*net.TCPConn, time.Duration) {}
