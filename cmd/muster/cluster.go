package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/muster-live/muster/demo"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/rig"
	"github.com/muster-live/muster/store/move"
	"github.com/muster-live/muster/store/postgres"
	"github.com/muster-live/muster/store/sqlite"
)

// clusterCmd is `muster cluster`.
type clusterCmd struct {
	Data   string        `help:"Directory that everything is kept in; it is made if there is none." default:"./cluster-data" type:"path"`
	Nodes  int           `help:"How many servers." default:"3"`
	Length time.Duration `help:"How long a lecture lasts." default:"6m"`
	Pause  time.Duration `help:"How long after a lecture the next one begins." default:"1m"`
}

// Validate is called by kong.
func (c *clusterCmd) Validate() error {
	if c.Nodes < 1 || c.Nodes > 16 {
		return errors.New("--nodes must be 1 to 16")
	}
	return (&demoCmd{Length: c.Length, Pause: c.Pause}).Validate()
}

// Run keeps a cluster with the demo's lecture on it until ctx ends.
func (c *clusterCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	fmt.Fprintln(stdout, "Making a small university, if there is none yet …")
	university := filepath.Join(c.Data, "university")
	campus, err := demo.Open(ctx, university)
	if err != nil {
		return err
	}
	var own rig.Rig
	defer func() { err = errors.Join(err, own.Stop()) }()
	fmt.Fprintf(stdout, "Starting PostgreSQL, Redis, %d servers and HAProxy …\n", c.Nodes)
	at, args, err := startServices(ctx, &own, c.Data)
	if err != nil {
		return err
	}
	store, err := openMoved(ctx, university, at.Database)
	if err != nil {
		return err
	}
	own.Add(store.Close)
	front, err := c.startNodes(ctx, &own, stdout, args)
	if err != nil {
		return err
	}
	accounts, err := identity.New(ctx, store, time.Now, nil)
	if err != nil {
		return err
	}
	d := demo.Demo{Campus: campus, URL: front, Accounts: accounts, Out: stdout, Length: c.Length, Pause: c.Pause}
	return d.Run(ctx)
}

// openMoved opens the PostgreSQL database, and moves the university there the first
// time.
func openMoved(ctx context.Context, university, url string) (_ *postgres.Store, err error) {
	to, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	from, err := sqlite.Open(ctx, university)
	if err != nil {
		return nil, errors.Join(err, to.Close())
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	_, err = move.Move(ctx, from, to, false, func(string, string, int64) {})
	if err != nil && !errors.Is(err, move.ErrThere) && !errors.Is(err, move.ErrOther) { // other: lectures since
		return nil, errors.Join(err, to.Close())
	}
	return to, nil
}

// startNodes starts the servers and a proxy before them, and returns its URL.
func (c *clusterCmd) startNodes(ctx context.Context, own *rig.Rig, stdout io.Writer, args []string) (front string, err error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	ctx, stop := context.WithCancel(ctx)
	var keepers sync.WaitGroup
	own.Add(func() error {
		stop()
		keepers.Wait()
		return nil
	})
	var addresses []string
	for i := range c.Nodes {
		log := filepath.Join(c.Data, fmt.Sprintf("node%d.log", i+1))
		n, err := rig.StartNode(ctx, program, log, args...)
		if err != nil {
			return "", err
		}
		addresses = append(addresses, n.Addr)
		fmt.Fprintf(stdout, "  server %d at %s is process %d, its log %s\n", i+1, n.URL, n.Pid(), log)
		keepers.Go(func() { keepRunning(ctx, n, i+1, stdout) })
	}
	proxy, err := rig.StartProxy(ctx, filepath.Join(c.Data, "haproxy"), addresses...)
	if err != nil {
		return "", err
	}
	own.Add(proxy.Stop)
	fmt.Fprintf(stdout, "  HAProxy at %s is process %d\n", proxy.URL, proxy.Pid())
	fmt.Fprintln(stdout, "Kill a server (kill -9 PROCESS) or stop it (kill -STOP PROCESS) and watch the board. One that ended is started again after 5 s.")
	return proxy.URL, nil
}

// keepRunning starts a server again whenever it has ended, and stops it with ctx.
func keepRunning(ctx context.Context, n *rig.Node, number int, stdout io.Writer) {
	const pause = 5 * time.Second
	for {
		select {
		case <-ctx.Done():
			_ = n.Stop() // it says in its log what went wrong
			return
		case <-n.Ended():
			fmt.Fprintf(stdout, "server %d has ended\n", number)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if err := n.Restart(ctx); err != nil {
			fmt.Fprintf(stdout, "server %d did not start again: %v\n", number, err)
			continue
		}
		fmt.Fprintf(stdout, "server %d runs again, as process %d\n", number, n.Pid())
	}
}
