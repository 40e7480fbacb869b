// Package postgres carries messages between nodes by PostgreSQL's LISTEN and NOTIFY,
// for installations without Redis. Nothing is stored in tables.
package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/muster-live/muster/cluster/remote"
)

// Limits of waiting for the server. A connection on which nothing comes for
// quietLimit, though our own beats should, is asked for a sign of life.
const (
	connectLimit = 3 * time.Second
	quietLimit   = 5 * time.Second
	answerLimit  = 2 * time.Second
	closeLimit   = time.Second
)

// Medium is a [remote.Medium] over PostgreSQL. It uses two connections, one to send
// and one to listen. Make one with Open.
type Medium struct {
	sending, listening *pgx.ConnConfig

	sendMu sync.Mutex
	sender *pgx.Conn // nil: to be connected
	part   int64     // number of the last part of a message

	cancel context.CancelFunc
	work   sync.WaitGroup

	mu        sync.Mutex
	subs      map[string]*subscription
	interrupt context.CancelFunc // has the listener look at subs
}

// Open connects to a database, given as for [github.com/muster-live/muster/store/postgres].
// Its errors do not show the password.
func Open(ctx context.Context, url string) (*Medium, error) {
	pool, err := pgxpool.ParseConfig(url)
	if err != nil { // which may have the URL in it
		return nil, errors.New("the database URL cannot be read: write it like postgres://user:password@host:5432/database, " +
			"with every special character of the password as %XX")
	}
	config := pool.ConnConfig
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectLimit
	}
	m := &Medium{sending: config.Copy(), listening: config, subs: make(map[string]*subscription), interrupt: func() {}}
	m.sending.RuntimeParams["synchronous_commit"] = "off" // what NOTIFY commits need not last
	m.listening.RuntimeParams["idle_session_timeout"] = "0"
	if m.sender, err = pgx.ConnectConfig(ctx, m.sending); err != nil {
		return nil, err
	}
	listenCtx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.work.Go(func() { m.listen(listenCtx) })
	return m, nil
}

// Publish implements [remote.Medium]. It commits all messages as one transaction, whose
// notifications come in order and together.
func (m *Medium) Publish(ctx context.Context, messages []remote.Message) (err error) {
	m.sendMu.Lock()
	defer m.sendMu.Unlock()
	if m.sender == nil {
		if m.sender, err = pgx.ConnectConfig(ctx, m.sending); err != nil {
			m.sender = nil
			return err
		}
	}
	var batch pgx.Batch
	for _, message := range messages {
		for _, text := range split(message.Payload, &m.part) {
			batch.Queue(`SELECT pg_notify($1, $2)`, message.Channel, text)
		}
	}
	if err = m.sender.SendBatch(ctx, &batch).Close(); err != nil {
		hangUp(m.sender)
		m.sender = nil
	}
	return err
}

// Close implements [remote.Medium].
func (m *Medium) Close() {
	m.cancel()
	m.work.Wait()
	m.sendMu.Lock()
	defer m.sendMu.Unlock()
	if m.sender != nil {
		hangUp(m.sender)
	}
}

func hangUp(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	_ = c.Close(ctx) // it may be broken already
}
