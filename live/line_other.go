//go:build !linux

package live

import (
	"net"
	"time"
)

// reactor is there on Linux alone; elsewhere the runtime does the reading.
type reactor struct{ batch batch }

func (*reactor) close() {}

func takeOver(*net.TCPConn, *WebSocket) line { return nil }

func noticeSilence(*net.TCPConn, time.Duration) {}
