package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/muster-live/muster/demo"
)

// demoCmd is `muster demo`.
type demoCmd struct {
	Data   string        `help:"Directory that the university is kept in; it is made if there is none." default:"./demo-data" type:"path" env:"MUSTER_DEMO_DATA"`
	Listen string        `help:"Address to listen on; 0.0.0.0:8080 lets phones in the same network take part." default:"127.0.0.1:8080" env:"MUSTER_LISTEN"`
	Length time.Duration `help:"How long a lecture lasts." default:"6m"`
	Pause  time.Duration `help:"How long after a lecture the next one begins." default:"1m"`
}

// Validate is called by kong.
func (c *demoCmd) Validate() error {
	if c.Length < 10*time.Second || c.Pause < 0 {
		return errors.New("--length must be at least 10s, and --pause not negative")
	}
	return nil
}

// Run serves the university until ctx ends.
func (c *demoCmd) Run(ctx context.Context, stdout io.Writer, log *slog.Logger) (err error) {
	campus, err := demo.Open(ctx, c.Data)
	if err != nil {
		return err
	}
	n, err := startNode(ctx, &serveCmd{database: database{Data: c.Data}, Listen: c.Listen}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-n.failed:
			cancel(err)
		case <-ctx.Done():
		}
	}()
	at, err := reachable(n.URL)
	if err != nil {
		return err
	}
	d := demo.Demo{Campus: campus, URL: at, Accounts: n.Accounts, Out: stdout, Length: c.Length, Pause: c.Pause}
	if err := d.Run(ctx); err != nil {
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// reachable returns the URL with an address of this machine in its local network
// instead of one that stands for all its addresses.
func reachable(at string) (string, error) {
	u, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil || !host.IsUnspecified() {
		return at, nil
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("look for this machine's address: %w", err)
	}
	own := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && p.Addr().IsPrivate() {
			own = p.Addr()
			break
		}
	}
	u.Host = net.JoinHostPort(own.String(), u.Port())
	return u.String(), nil
}
