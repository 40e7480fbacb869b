package bench

import (
	"context"
	"fmt"

	"github.com/muster-live/muster/attendance"
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

func (d Dialect) dial(ctx context.Context, base, token string) (*client.Conn, error) {
	if d.Path == "" {
		return client.Dial(ctx, base, token)
	}
	return client.DialOther(ctx, base+d.Path)
}

func (d Dialect) join(session attendance.SessionID, audience string) string {
	if d.Join != "" {
		return fmt.Sprintf(d.Join, session)
	}
	return fmt.Sprintf(`{"t":"join","session":%d,"audience":%q}`, session, audience)
}

// rejoin is the message of somebody who has seen all up to a seq.
func (d Dialect) rejoin(session attendance.SessionID, audience string, seq uint32) string {
	if d.Join != "" {
		return fmt.Sprintf(d.Join, session)
	}
	return fmt.Sprintf(`{"t":"join","session":%d,"audience":%q,"seq":%d}`, session, audience, seq)
}

func (d Dialect) checkIn(ticket string) string {
	if d.CheckIn != "" {
		return d.CheckIn
	}
	return fmt.Sprintf(`{"t":"check_in","id":"bench","ticket":%q}`, ticket)
}
