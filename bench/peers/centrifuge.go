package main

import (
	"context"
	"net/http"

	"github.com/centrifugal/centrifuge"
)

// serveCentrifuge is the library under Centrifugo, with its Redis broker if there are
// several processes. The room is the user's name.
func serveCentrifuge(s serving) error {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return err
	}
	if s.redis != "" {
		shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: s.redis})
		if err != nil {
			return err
		}
		broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Shards: []*centrifuge.RedisShard{shard}})
		if err != nil {
			return err
		}
		node.SetBroker(broker)
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		room := string(e.Data)
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: room},
			Data:          []byte(snapshot),
			Subscriptions: map[string]centrifuge.SubscribeOptions{room: {}},
			// Its pings are messages, which the load generator does not answer.
			PingPongConfig: &centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1},
		}, nil
	})
	numbers := newNumbers(s.node)
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnRPC(func(_ centrifuge.RPCEvent, answer centrifuge.RPCCallback) {
			seq := numbers.take()
			_, err := node.Publish(c.UserID(), delta(seq, seq))
			answer(centrifuge.RPCReply{Data: ack(seq)}, err)
		})
	})
	if err := node.Run(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	return http.ListenAndServe(s.listen, mux)
}
