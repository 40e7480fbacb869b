package postgres

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// subscription is one that Subscribe waits for.
type subscription struct {
	ready   func()
	deliver func([]byte)
	lost    chan error // has room for one: why it has ended
	parts   joiner
}

// Subscribe implements [remote.Medium].
func (m *Medium) Subscribe(ctx context.Context, channel string, ready func(), deliver func([]byte)) error {
	s := &subscription{ready: ready, deliver: deliver, lost: make(chan error, 1)}
	m.change(func() { m.subs[channel] = s })
	select {
	case err := <-s.lost:
		return err
	case <-ctx.Done():
		m.change(func() {
			if m.subs[channel] == s {
				delete(m.subs, channel)
			}
		})
		return ctx.Err()
	}
}

// change changes the subscriptions and has the listener look at them.
func (m *Medium) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	m.interrupt()
}

// wanted returns the subscriptions as they are now, and a context that ends when they
// change.
func (m *Medium) wanted(ctx context.Context) (map[string]*subscription, context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interrupt() // frees the context before
	ctx, m.interrupt = context.WithCancel(ctx)
	return maps.Clone(m.subs), ctx
}

// listen listens to what is subscribed to until ctx ends. When that fails, all
// subscriptions are lost; the next one has it try again.
func (m *Medium) listen(ctx context.Context) {
	for ctx.Err() == nil {
		wanted, unchanged := m.wanted(ctx)
		if len(wanted) == 0 {
			<-unchanged.Done()
			continue
		}
		err := m.listenOnce(ctx)
		m.mu.Lock()
		for channel, s := range m.subs {
			s.lost <- err
			delete(m.subs, channel)
		}
		m.mu.Unlock()
	}
}

// listenOnce listens over one connection until that fails or ctx ends.
func (m *Medium) listenOnce(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, m.listening)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	current := make(map[string]*subscription)
	for ctx.Err() == nil {
		wanted, unchanged := m.wanted(ctx)
		if err := adjust(ctx, conn, current, wanted); err != nil {
			return err
		}
		current = wanted
		if err := hear(ctx, unchanged, conn, current); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// adjust has the server send what is wanted instead of what it sends.
func adjust(ctx context.Context, conn *pgx.Conn, current, wanted map[string]*subscription) error {
	do := func(verb, channel string) error {
		ctx, cancel := context.WithTimeout(ctx, answerLimit)
		defer cancel()
		_, err := conn.Exec(ctx, verb+" "+pgx.Identifier{channel}.Sanitize())
		return err
	}
	for channel := range current {
		if wanted[channel] == nil {
			if err := do("UNLISTEN", channel); err != nil {
				return err
			}
		}
	}
	for channel, s := range wanted {
		if current[channel] == s {
			continue
		}
		if err := do("LISTEN", channel); err != nil {
			return err
		}
		s.ready()
	}
	return nil
}

// hear delivers what comes until the subscriptions change.
func hear(ctx, unchanged context.Context, conn *pgx.Conn, current map[string]*subscription) error {
	for {
		n, err := await(ctx, unchanged, conn)
		if n == nil {
			return err
		}
		if s := current[n.Channel]; s != nil {
			if payload, ok := s.parts.join(n.Payload); ok {
				s.deliver(payload)
			}
		}
	}
}

// await returns the next notification, or none when the subscriptions have changed.
// It fails when the connection has.
func await(ctx, unchanged context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	for {
		quiet, cancel := context.WithTimeout(unchanged, quietLimit)
		n, err := conn.WaitForNotification(quiet)
		cancel()
		switch {
		case n != nil:
			return n, nil
		case conn.IsClosed():
			return nil, err
		case unchanged.Err() != nil:
			return nil, nil
		}
		asked, cancel := context.WithTimeout(ctx, answerLimit)
		err = conn.Ping(asked)
		cancel()
		if err != nil {
			return nil, err
		}
	}
}
