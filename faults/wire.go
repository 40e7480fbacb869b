package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// wire is the line between a server and one that it needs. It passes through a proxy
// of ours, which can disturb it.
type wire struct {
	proxy *toxiproxy.Proxy
}

// startWire starts a proxy on a free port that passes everything on to addr.
func startWire(addr string) (*wire, error) {
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	w := &wire{toxiproxy.NewProxy(api, addr, "127.0.0.1:0", addr)}
	if err := w.proxy.Start(); err != nil {
		return nil, fmt.Errorf("start a proxy to %s: %w", addr, err)
	}
	return w, nil
}

// end is the address to connect to.
func (w *wire) end() string { return w.proxy.Listen }

// cut ends all connections and refuses new ones, as when a server is gone.
func (w *wire) cut() { w.proxy.Stop() }

// stall lets nothing through any more without ending a connection, as a network does
// that drops packets. The connections that there are have ended after mend.
func (w *wire) stall() error { return w.disturb("timeout", `{"timeout":0}`) }

// slow holds everything up, in both directions, for delay ± jitter.
func (w *wire) slow(delay, jitter time.Duration) error {
	return w.disturb("latency", fmt.Sprintf(`{"latency":%d,"jitter":%d}`, delay.Milliseconds(), jitter.Milliseconds()))
}

func (w *wire) disturb(how, attributes string) error {
	for _, direction := range []string{"upstream", "downstream"} {
		toxic := fmt.Sprintf(`{"type":%q,"stream":%q,"attributes":%s}`, how, direction, attributes)
		if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return fmt.Errorf("disturb a wire: %w", err)
		}
	}
	return nil
}

// mend undoes whatever was done to the wire.
func (w *wire) mend() error {
	w.proxy.Toxics.ResetToxics(context.Background())
	w.proxy.Lock()
	enabled := w.proxy.Enabled
	w.proxy.Unlock()
	if enabled {
		return nil
	}
	if err := w.proxy.Start(); err != nil {
		return fmt.Errorf("mend a wire: %w", err)
	}
	return nil
}
