package direct_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/muster-live/muster/direct"
)

func TestConnDoesWhatEveryConnectionDoes(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				c1, c2, err = pair(network)
				return c1, c2, func() { c1.Close(); c2.Close() }, err
			})
		})
	}
}

// pair returns both ends of a connection.
func pair(network string) (c1, c2 net.Conn, err error) {
	l, err := nettest.NewLocalListener(network)
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if c1, err = net.Dial(network, l.Addr().String()); err != nil {
		return nil, nil, err
	}
	if c2, err = l.Accept(); err != nil {
		c1.Close()
		return nil, nil, err
	}
	return direct.Conn(c1), direct.Conn(c2), nil
}

// A group of a thousand check-ins is more than the kernel takes at once.
func TestAWriteOfMoreThanTheKernelTakesArrivesWhole(t *testing.T) {
	c1, c2, err := pair("tcp")
	if err != nil {
		t.Fatal(err)
	}
	defer c2.Close()
	sent := make([]byte, 16<<20)
	rand.NewChaCha8([32]byte{}).Read(sent)
	failed := make(chan error, 1)
	go func() {
		n, err := c1.Write(sent)
		if err == nil && n != len(sent) {
			err = fmt.Errorf("wrote %d bytes of %d and no error", n, len(sent))
		}
		failed <- errors.Join(err, c1.Close())
	}()
	got, err := io.ReadAll(c2)
	if err := errors.Join(err, <-failed); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes arrived, and not the %d that were written", len(got), len(sent))
	}
}

// What is not a socket of its own, as an encrypted connection is not, has to go its own way.
func TestConnLeavesAloneWhatIsNoSocket(t *testing.T) {
	c, other := net.Pipe()
	defer c.Close()
	defer other.Close()
	if got := direct.Conn(c); got != c {
		t.Errorf("Conn(%T) is a %T, want the same", c, got)
	}
}
