package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/redis/rueidis"
)

// fault is something that goes wrong, and is put right again.
type fault struct {
	name   string
	blinds bool // while it lasts, some screens cannot follow the log
	wordy  bool // teachers write long notes
	redis  bool // it is Redis that fails, or the wires to it
	// happen has it happen and returns when it is over. Whom it strikes, how and for
	// how long it takes from the trial's random numbers.
	happen func(context.Context, *trial) error
}

// faults are all that are tried, in this order.
var faults = []fault{
	{name: "none", happen: func(ctx context.Context, t *trial) error { pause(ctx, t.span(3*time.Second, time.Second)); return nil }},
	{name: "kill", happen: kill},
	{name: "stop", blinds: true, happen: stopAndContinue},
	{name: "redis-empty", redis: true, happen: restartRedis},
	{name: "redis-gone", redis: true, happen: redisGone},
	{name: "node-redis", redis: true, happen: cutOff(func(n *node) []*wire { return []*wire{n.redis} })},
	{name: "node-postgres", blinds: true, happen: cutOff(func(n *node) []*wire { return []*wire{n.postgres} })},
	{name: "node-both", blinds: true, redis: true, happen: cutOff(func(n *node) []*wire { return []*wire{n.redis, n.postgres} })},
	{name: "bus-slow", redis: true, happen: slowBus},
	{name: "bus-lossy", redis: true, happen: lossyBus},
	{name: "postgres-slow", happen: slowPostgres},
	{name: "postgres-restart", blinds: true, happen: restartPostgres},
	{name: "postgres-crash", blinds: true, happen: crashPostgres},
	{name: "slow-readers", wordy: true, happen: slowReaders},
	{name: "roll", happen: roll},
}

// span is how long a fault lasts in the long form or the short one, a little more or
// less.
func (t *trial) span(long, short time.Duration) time.Duration {
	d := long
	if t.short {
		d = short
	}
	return d*9/10 + t.upTo(d/5)
}

func (t *trial) upTo(most time.Duration) time.Duration { return upTo(t.random, most) }

func (t *trial) someNode() *node { return t.nodes[t.random.IntN(len(t.nodes))] }

// kill ends a server as a crash would, and starts it again.
func kill(ctx context.Context, t *trial) error {
	n := t.someNode()
	t.said("kills %s", n.Addr)
	n.Kill()
	pause(ctx, t.upTo(3*time.Second))
	return n.Restart(ctx)
}

// stopAndContinue has a server stand still.
func stopAndContinue(ctx context.Context, t *trial) error {
	n := t.someNode()
	d := t.span(15*time.Second, 6*time.Second)
	t.said("stops %s for %v", n.Addr, d)
	if err := n.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	pause(ctx, d)
	return n.Signal(syscall.SIGCONT)
}

func restartRedis(ctx context.Context, t *trial) error {
	t.redis.Kill()
	return t.redis.Restart(ctx)
}

func redisGone(ctx context.Context, t *trial) error {
	d := t.span(30*time.Second, 5*time.Second)
	t.said("stops Redis for %v", d)
	if err := t.redis.Stop(); err != nil {
		return err
	}
	pause(ctx, d)
	return t.redis.Restart(ctx)
}

// cutOff cuts some of a server's wires for a while: with an end to its connections,
// or without one, as packets that are dropped.
func cutOff(wires func(*node) []*wire) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		n := t.someNode()
		silently := t.random.IntN(2) == 0
		d := t.span(12*time.Second, 3*time.Second)
		t.said("cuts wires of %s for %v, silently: %t", n.Addr, d, silently)
		for _, w := range wires(n) {
			if !silently {
				w.cut()
			} else if err := w.stall(); err != nil {
				return err
			}
		}
		pause(ctx, d)
		return mend(wires(n)...)
	}
}

func mend(wires ...*wire) error {
	var errs []error
	for _, w := range wires {
		errs = append(errs, w.mend())
	}
	return errors.Join(errs...)
}

func (s *system) wires(of func(*node) *wire) (all []*wire) {
	for _, n := range s.nodes {
		all = append(all, of(n))
	}
	return all
}

// slowBus delays what goes over Redis, for each server by another time.
func slowBus(ctx context.Context, t *trial) error {
	wires := t.wires(func(n *node) *wire { return n.redis })
	for _, w := range wires {
		d := 100*time.Millisecond + t.upTo(700*time.Millisecond)
		if err := w.slow(d, d/2); err != nil {
			return err
		}
	}
	pause(ctx, t.span(10*time.Second, 3*time.Second))
	return mend(wires...)
}

// slowPostgres delays what goes to PostgreSQL and back.
func slowPostgres(ctx context.Context, t *trial) error {
	wires := t.wires(func(n *node) *wire { return n.postgres })
	for _, w := range wires {
		d := 10*time.Millisecond + t.upTo(90*time.Millisecond)
		if err := w.slow(d, d/2); err != nil {
			return err
		}
	}
	pause(ctx, t.span(10*time.Second, 3*time.Second))
	return mend(wires...)
}

// lossyBus has subscriptions end again and again, so that what is published until
// they are back is lost.
func lossyBus(ctx context.Context, t *trial) error {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{t.redis.Addr}, DisableCache: true})
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	defer c.Close()
	for end := time.Now().Add(t.span(10*time.Second, 3*time.Second)); time.Now().Before(end) && pause(ctx, t.upTo(400*time.Millisecond)); {
		if err := c.Do(ctx, c.B().ClientKill().TypePubsub().Build()).Error(); err != nil {
			return fmt.Errorf("end subscriptions: %w", err)
		}
	}
	return nil
}

func restartPostgres(ctx context.Context, t *trial) error {
	if err := t.postgres.Stop(); err != nil {
		return err
	}
	pause(ctx, t.upTo(3*time.Second))
	return t.postgres.Restart(ctx)
}

func crashPostgres(ctx context.Context, t *trial) error {
	t.postgres.Crash()
	pause(ctx, t.upTo(3*time.Second))
	return t.postgres.Restart(ctx)
}

// slowReaders has some screens not read for longer than a server waits for that, or
// for less.
func slowReaders(ctx context.Context, t *trial) error {
	var deaf []*screen
	for _, s := range t.screens {
		if t.random.IntN(5) == 0 || s.view.audience == "board" && t.random.IntN(2) == 0 {
			deaf = append(deaf, s)
			s.cover(true)
		}
	}
	t.said("%d of %d screens do not read", len(deaf), len(t.screens))
	pause(ctx, t.span(15*time.Second, 5*time.Second))
	for _, s := range deaf {
		s.cover(false)
	}
	return nil
}

// roll has all servers stop and start one after another, as in an update.
func roll(ctx context.Context, t *trial) error {
	for _, i := range t.random.Perm(len(t.nodes)) {
		n := t.nodes[i]
		t.said("stops and starts %s", n.Addr)
		if err := n.Stop(); err != nil {
			t.violate("%s did not stop well: %v", n.Addr, err)
		}
		if err := n.Restart(ctx); err != nil {
			return err
		}
		pause(ctx, t.upTo(2*time.Second))
	}
	return nil
}
