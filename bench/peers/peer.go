package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/rig"
)

// peer is one of those that are compared.
type peer struct {
	name string
	// most is how many processes it can be; one that can be one only is measured so
	// where the others are two.
	most int
	// students is with how many it is measured at most: with more it would be busy for
	// minutes with what the others do in seconds. If nobody checks in, that is no matter.
	students int
	dialect  bench.Dialect
	// prepare returns the command of a server, and who takes part. Redis is the address
	// of one if there are several processes.
	prepare func(ctx context.Context, own *rig.Rig, dir, redis string, s scenario) (command, []bench.Session, error)
}

// command returns the command of a server that listens at an address, the node-th of
// them.
type command func(addr string, node int) *exec.Cmd

const noLimit = 1 << 20

func peers(muster, python string) []peer {
	return []peer{
		{"muster", 4, noLimit, bench.Dialect{}, prepareMuster(muster)},
		{"Centrifuge", 2, noLimit, bench.Dialect{
			Path: "/connection/websocket", Join: `{"id":1,"connect":{"data":%d}}`, CheckIn: `{"id":2,"rpc":{"method":"check_in","data":{}}}`, AnyOrder: true,
		}, prepareOther(ourselves("centrifuge")...)},
		{"Socket.IO", 2, 1000, bench.Dialect{
			Path: "/socket.io/?EIO=4&transport=websocket", Join: `40{"room":%d}`, CheckIn: `42["check_in"]`, AnyOrder: true,
		}, prepareOther("node", "socketio/server.js")},
		{"FastAPI", 2, 1000, bench.Dialect{AnyOrder: true}, prepareOther(python, "fastapi/server.py")},
		{"floor", 1, noLimit, bench.Dialect{}, prepareOther(ourselves("bare")...)},
		{"floor, batched", 1, noLimit, bench.Dialect{}, prepareOther(ourselves("batched")...)},
	}
}

// ourselves is the command that has this program be one of the servers.
func ourselves(server string) []string { return []string{os.Args[0], "-serve", server} }

// prepareOther is for servers that know nobody and keep nothing.
func prepareOther(words ...string) func(context.Context, *rig.Rig, string, string, scenario) (command, []bench.Session, error) {
	return func(_ context.Context, _ *rig.Rig, _, redis string, s scenario) (command, []bench.Session, error) {
		sessions := make([]bench.Session, s.rooms)
		for i := range sessions {
			sessions[i] = bench.Session{ID: attendance.SessionID(i + 1), Board: "board", Students: make([]bench.Student, s.students)}
		}
		return func(addr string, node int) *exec.Cmd {
			args := append(words[1:len(words):len(words)], "--listen", addr, "--node", strconv.Itoa(node))
			if redis != "" {
				args = append(args, "--redis", redis)
			}
			return exec.Command(words[0], args...)
		}, sessions, nil
	}
}

// prepareMuster makes a database with sessions: an SQLite file, or a PostgreSQL if
// there are several processes.
func prepareMuster(muster string) func(context.Context, *rig.Rig, string, string, scenario) (command, []bench.Session, error) {
	return func(ctx context.Context, own *rig.Rig, dir, redis string, s scenario) (command, []bench.Session, error) {
		at := []string{"--data", filepath.Join(dir, "data")}
		serve := at
		var db *rig.Postgres
		if s.nodes > 1 {
			var err error
			db, err = rig.StartPostgres(ctx, filepath.Join(dir, "postgres"))
			if err != nil {
				return nil, nil, err
			}
			own.Add(db.Stop)
			at = []string{"--database", db.URL}
			serve = append(at, "--redis", "redis://"+redis)
		}
		// One was held before, as nearly always: a file that PostgreSQL makes when a table
		// grows for the first time has the check-ins of the very first wait for it.
		load := exec.CommandContext(ctx, muster, append([]string{"load-session", "--held", "1", "--students", strconv.Itoa(s.students), "--sessions", strconv.Itoa(s.rooms)}, at...)...)
		load.Stderr = os.Stderr
		out, err := load.Output()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", load, err)
		}
		ids, err := bench.ReadIdentities(bytes.NewReader(out))
		if err == nil && db != nil {
			// As PostgreSQL does by itself, within one minute and within five.
			err = db.Query(ctx, db.URL, "ANALYZE; CHECKPOINT")
		}
		if err != nil {
			return nil, nil, err
		}
		return func(addr string, _ int) *exec.Cmd {
			return exec.Command(muster, append([]string{"serve", "--listen", addr}, serve...)...)
		}, ids.Sessions, nil
	}
}
