package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/muster-live/muster/client"
)

// Dialect is how other servers are spoken to, for comparison: they send the messages
// of muster.v1 that are measured, in envelopes of their own. The zero Dialect is
// muster.v1 itself.
type Dialect struct {
	Path    string // of the WebSocket
	Join    string // the message that asks for the snapshot, with %d for the session
	CheckIn string // the message that checks in
	// AnyOrder says that deltas are of one check-in each and come in any order.
	AnyOrder bool
}

// dial connects to a room, of which the first message is the state.
func (d Dialect) dial(ctx context.Context, base, token string, in client.Room) (*client.Conn, error) {
	if d.Path == "" {
		return client.Dial(ctx, base, token, in)
	}
	c, err := client.DialOther(ctx, base+d.Path)
	if err != nil {
		return nil, err
	}
	if err := c.Send(fmt.Sprintf(d.Join, in.Session)); err != nil {
		return nil, errors.Join(err, c.Drop())
	}
	return c, nil
}

func (d Dialect) checkIn(ticket string) string {
	if d.CheckIn != "" {
		return d.CheckIn
	}
	return fmt.Sprintf(`{"t":"check_in","id":"bench","ticket":%q}`, ticket)
}
