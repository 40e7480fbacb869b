// Package redis carries messages between nodes over Redis Pub/Sub: sharded where the
// server has that (Redis 7, Valkey), plain elsewhere. Nothing is stored in Redis.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/rueidis"

	"github.com/muster-live/muster/cluster/remote"
	"github.com/muster-live/muster/direct"
)

// Limits of waiting for Redis. A connection that is silent for quietLimit is asked
// for a sign of life, which the beats of nodes make rare.
const (
	dialLimit        = 3 * time.Second
	writeLimit       = 2 * time.Second
	quietLimit       = 3 * time.Second
	unsubscribeLimit = time.Second
)

// Medium is a [remote.Medium] over Redis. Make one with Open.
type Medium struct {
	client  rueidis.Client
	sharded atomic.Bool // as the server was when it was last asked
}

// Open connects to Redis and checks that it is one we can use. The URL is one of
//
//	redis://[user:password@]host[:port]      rediss:// for TLS
//	unix://[user:password@]/path/to/redis.sock
//	redis://host:port?addr=host2:port2       several nodes of a Redis Cluster
//	redis://host:port?addr=host2:port2&master_set=name    Sentinels, and what they watch
//
// Its errors do not show the password.
func Open(ctx context.Context, url string) (*Medium, error) {
	options, err := rueidis.ParseURL(url)
	if err != nil { // which may have the URL in it
		return nil, errors.New("it cannot be read: write it like redis://user:password@host:6379 (or rediss:// for TLS, " +
			"unix:///path/to/redis.sock), with every special character of the password as %XX")
	}
	if options.Dialer.Timeout == 0 {
		options.Dialer.Timeout = dialLimit
	}
	if options.ConnWriteTimeout == 0 {
		options.ConnWriteTimeout = writeLimit
	}
	options.Dialer.KeepAlive = quietLimit
	if options.DialCtxFn == nil && options.TLSConfig == nil {
		options.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			c, err := d.DialContext(ctx, "tcp", addr)
			if err != nil {
				return nil, err
			}
			return direct.Conn(c), nil
		}
	}
	options.PipelineMultiplex = -1 // one connection, to each server of a Cluster
	options.DisableCache = true
	options.DisableRetry = true // by remote.Link
	options.ClientSetInfo = rueidis.DisableClientSetInfo
	if options.ClientName == "" {
		options.ClientName = "muster"
	}
	client, err := rueidis.NewClient(options)
	if err != nil {
		switch encrypted := options.TLSConfig != nil; {
		case encrypted && errors.Is(err, context.DeadlineExceeded):
			err = fmt.Errorf("it does not answer: if it does not speak TLS, write redis:// instead of rediss:// (%w)", err)
		case !encrypted && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)):
			err = fmt.Errorf("it hangs up: if it speaks TLS, write rediss:// instead of redis:// (%w)", err)
		}
		return nil, explain(err)
	}
	m := &Medium{client: client}
	if err := m.check(ctx); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// oldest is the oldest version of Redis that this is written for.
var oldest = [2]int{6, 2}

func (m *Medium) check(ctx context.Context) error {
	hello, err := m.client.Do(ctx, m.client.B().Hello().Protover(3).Build()).AsMap()
	if err != nil {
		return explain(err)
	}
	v := hello["version"]
	version, _ := v.ToString()
	if err := checkVersion(version); err != nil {
		return err
	}
	_, err = m.isSharded(ctx)
	return explain(err)
}

func checkVersion(version string) error {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return nil // not Redis itself; whatever speaks as it does will do
	}
	if major < oldest[0] || major == oldest[0] && minor < oldest[1] {
		return fmt.Errorf("it is version %s, which is too old: muster needs Redis %d.%d or newer", version, oldest[0], oldest[1])
	}
	return nil
}

// isSharded asks the server whether it has sharded Pub/Sub, by using it.
func (m *Medium) isSharded(ctx context.Context) (bool, error) {
	err := m.client.Do(ctx, m.client.B().Spublish().Channel("muster_probe").Message("").Build()).Error()
	if answer, ok := rueidis.IsRedisErr(err); ok && strings.Contains(answer.Error(), "unknown command") {
		return false, nil
	}
	return err == nil, err
}

// Publish implements [remote.Medium].
func (m *Medium) Publish(ctx context.Context, messages []remote.Message) error {
	sharded := m.sharded.Load()
	commands := make(rueidis.Commands, len(messages))
	for i, message := range messages {
		text := rueidis.BinaryString(message.Payload)
		if sharded {
			commands[i] = m.client.B().Spublish().Channel(message.Channel).Message(text).Build()
		} else {
			commands[i] = m.client.B().Publish().Channel(message.Channel).Message(text).Build()
		}
	}
	for _, r := range m.client.DoMulti(ctx, commands...) {
		if err := r.Error(); err != nil {
			return explain(err)
		}
	}
	return nil
}

// Subscribe implements [remote.Medium]. It asks anew whether Pub/Sub is sharded, since
// a server that comes back may be another.
func (m *Medium) Subscribe(ctx context.Context, channel string, ready func(), deliver func([]byte)) error {
	sharded, err := m.isSharded(ctx)
	if err != nil {
		return explain(err)
	}
	m.sharded.Store(sharded)
	subscribe, unsubscribe := m.client.B().Subscribe().Channel(channel).Build(), m.client.B().Unsubscribe().Channel(channel).Build()
	if sharded {
		subscribe, unsubscribe = m.client.B().Ssubscribe().Channel(channel).Build(), m.client.B().Sunsubscribe().Channel(channel).Build()
	}
	hooked := rueidis.WithOnSubscriptionHook(ctx, func(s rueidis.PubSubSubscription) {
		if s.Kind == "subscribe" || s.Kind == "ssubscribe" {
			ready()
		}
	})
	hooked = rueidis.WithOnReceiveReturnHook(hooked, func(err error, connection rueidis.CommandClient) error {
		if ctx.Err() == nil {
			return err // lost
		}
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), unsubscribeLimit)
		defer cancel()
		return errors.Join(err, connection.Do(limited, unsubscribe).Error())
	})
	return explain(m.client.Receive(hooked, subscribe, func(message rueidis.PubSubMessage) { deliver([]byte(message.Message)) }))
}

// Close implements [remote.Medium].
func (m *Medium) Close() { m.client.Close() }

// explain adds what to do about an error, if we know.
func explain(err error) error {
	if err == nil {
		return nil
	}
	for code, advice := range map[string]string{
		"WRONGPASS": "it does not take the user or the password: correct them in the URL",
		"NOAUTH":    "it asks for a password: put it into the URL, as in redis://:password@host:6379",
		"NOPERM": "the user may not do what muster does: allow it with ACL SETUSER name &muster_* +hello +ping " +
			"+publish +subscribe +unsubscribe +spublish +ssubscribe +sunsubscribe, in a Redis Cluster +cluster as well",
		"No such master":             "the Sentinels do not know what master_set of the URL names: see SENTINEL masters",
		"unknown command 'SENTINEL'": "it is no Sentinel, which master_set of the URL asks for: give the Sentinel's address, or leave master_set out",
	} {
		if strings.Contains(err.Error(), code) {
			return fmt.Errorf("%s (%w)", advice, err)
		}
	}
	var line *net.OpError
	if errors.As(err, &line) && line.Op == "dial" {
		return fmt.Errorf("it cannot be reached: see that it runs, and that host and port in the URL are right (%w)", err)
	}
	return err
}
