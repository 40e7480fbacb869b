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

// startSystem starts so many servers that keep their data and output in dir, with a
// Redis or without one. The caller stops it, even if it fails.
func startSystem(ctx context.Context, dir, muster string, nodes int, redis bool) (s *system, err error) {
	s = &system{dir: dir, muster: muster}
	if s.postgres, err = rig.StartPostgres(ctx, filepath.Join(dir, "postgres")); err != nil {
		return s, err
	}
	s.Add(func() error { return s.postgres.Stop() })
	if redis {
		if s.redis, err = rig.StartRedis(ctx, filepath.Join(dir, "redis")); err != nil {
			return s, err
		}
		s.Add(func() error { return s.redis.Stop() })
	}
	for i := range nodes {
		n, err := s.startNode(ctx, i+1)
		if err != nil {
			return s, err
		}
		s.Add(func() error { return n.Stop() }) // the one that runs by then
		s.nodes = append(s.nodes, n)
	}
	return s, nil
}

func (s *system) startNode(ctx context.Context, number int) (n *node, err error) {
	n = &node{}
	database, err := url.Parse(s.postgres.URL)
	if err != nil {
		return nil, err
	}
	if n.postgres, err = s.newWire(database.Host); err != nil {
		return nil, err
	}
	database.Host = n.postgres.end()
	args := []string{"--database", database.String()}
	if s.redis != nil {
		if n.redis, err = s.newWire(s.redis.Addr); err != nil {
			return nil, err
		}
		args = append(args, "--redis", "redis://"+n.redis.end())
	}
	log := filepath.Join(s.dir, fmt.Sprintf("node%d.log", number))
	n.Node, err = rig.StartNode(ctx, s.muster, log, args...)
	return n, err
}

// newWire returns a wire to addr that is cut when the system is stopped.
func (s *system) newWire(addr string) (*wire, error) {
	w, err := startWire(addr)
	if err == nil {
		s.Add(func() error {
			w.cut()
			return nil
		})
	}
	return w, err
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
