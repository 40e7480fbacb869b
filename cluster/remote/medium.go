package remote

import "context"

// Medium carries messages between processes: whoever has subscribed to a channel gets
// what is published on it. It may lose, repeat and reorder messages.
type Medium interface {
	// Publish sends messages. It waits until the medium has them or ctx ends. An error
	// says that some may not have been sent; no secret is in it.
	Publish(ctx context.Context, messages []Message) error
	// Subscribe has deliver called with each message that is published on a channel,
	// those of this process among them, one after another, until ctx ends or the
	// subscription is lost, and says why. It calls ready when the subscription is in
	// effect. Both functions return soon and do not use the medium. No channel is
	// subscribed to twice at once.
	Subscribe(ctx context.Context, channel string, ready func(), deliver func([]byte)) error
	// Close ends all connections. The medium is not used any more.
	Close()
}

// Message is something to be sent on a channel. A channel's name is made of a–z, 0–9
// and _, and shorter than 60 characters.
type Message struct {
	Channel string
	Payload []byte
}
