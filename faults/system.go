package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/rig"
)

// system is what is tried: some muster servers with a PostgreSQL and a Redis, and the
// wires between them. All of these are real programs.
type system struct {
	rig.Rig
	dir      string
	muster   string // the program
	postgres *rig.Postgres
	redis    *rig.Redis
	nodes    []*node
}

// node is a muster server with its wires.
type node struct {
	*rig.Node
	postgres, redis *wire
}

// startSystem starts so many servers that keep their data and output in dir. The
// caller stops it, even if it fails.
func startSystem(ctx context.Context, dir, muster string, nodes int) (s *system, err error) {
	s = &system{dir: dir, muster: muster}
	if s.postgres, err = rig.StartPostgres(ctx, filepath.Join(dir, "postgres")); err != nil {
		return s, err
	}
	s.Add(func() error { return s.postgres.Stop() })
	if s.redis, err = rig.StartRedis(ctx, filepath.Join(dir, "redis")); err != nil {
		return s, err
	}
	s.Add(func() error { return s.redis.Stop() })
	for i := range nodes {
		n, err := s.startNode(ctx, i+1)
		if err != nil {
			return s, err
		}
		s.Add(func() error {
			err := n.Stop()
			n.postgres.cut()
			n.redis.cut()
			return err
		})
		s.nodes = append(s.nodes, n)
	}
	return s, nil
}

func (s *system) startNode(ctx context.Context, number int) (*node, error) {
	at, err := url.Parse(s.postgres.URL)
	if err != nil {
		return nil, err
	}
	n := &node{}
	if n.postgres, err = newWire(fmt.Sprint("postgres", number), at.Host); err != nil {
		return nil, err
	}
	if n.redis, err = newWire(fmt.Sprint("redis", number), s.redis.Addr); err != nil {
		return nil, err
	}
	database, err1 := n.postgres.through(s.postgres.URL)
	redis, err2 := n.redis.through(s.redis.URL)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	log := filepath.Join(s.dir, fmt.Sprintf("node%d.log", number))
	n.Node, err = rig.StartNode(ctx, s.muster, log, "--database", database, "--redis", redis)
	return n, err
}

// loadSessions makes open sessions, as `muster load-session` does.
func (s *system) loadSessions(ctx context.Context, sessions, students int) (bench.Identities, error) {
	cmd := exec.CommandContext(ctx, s.muster, "load-session", "--database", s.postgres.URL,
		"--sessions", fmt.Sprint(sessions), "--students", fmt.Sprint(students))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return bench.Identities{}, err
	}
	if err := cmd.Start(); err != nil {
		return bench.Identities{}, err
	}
	ids, err := bench.ReadIdentities(out)
	return ids, errors.Join(err, cmd.Wait())
}
