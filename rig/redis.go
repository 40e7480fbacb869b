package rig

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Redis is a Redis server that keeps nothing on disk.
type Redis struct {
	*Program
	URL  string
	Addr string

	dir  string
	args []string
}

// StartRedis starts a Redis server that keeps its output in dir, with more settings as
// arguments if there are any.
func StartRedis(ctx context.Context, dir string, args ...string) (*Redis, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start Redis: %w", err)
	}
	r := &Redis{dir: dir, args: args, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))}
	r.URL = "redis://" + r.Addr
	return r, r.Restart(ctx)
}

// Restart starts the server again, empty, on the same port, after it was stopped or
// killed.
func (r *Redis) Restart(ctx context.Context) error {
	path, err := Find("redis-server", "redis-server")
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(r.Addr)
	cmd := exec.Command(path, append([]string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", r.dir}, r.args...)...)
	if r.Program, err = Start(cmd, filepath.Join(r.dir, "redis.log")); err != nil {
		return err
	}
	return r.waitUntil(func() error { return ping(ctx, r.Addr) })
}

// ping asks a Redis server for a sign of life.
func ping(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{Timeout: answerLimit}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerLimit))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(answer, "+PONG") {
		err = fmt.Errorf("it answers %q", answer)
	}
	return err
}
