// Command faults holds sessions on several muster servers, with a PostgreSQL and a
// Redis, has one after another of them fail in the many ways that such things fail,
// and looks whether muster keeps its word: what was acknowledged is in the record, in
// order and once; every screen shows what is in the record; nobody is told of an
// error that they would have to do something about.
//
// All servers are real programs on this machine; the wires between them pass through
// proxies that can cut, stall and slow them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	c := suite{Out: os.Stdout}
	flag.Uint64Var(&c.Seed, "seed", rand.Uint64N(1e6), "what all that is random follows from")
	flag.IntVar(&c.Rounds, "rounds", 3, "how often each fault is tried")
	flag.IntVar(&c.Clients, "clients", 200, "about how many clients there are")
	flag.StringVar(&c.Only, "only", "", "names of the faults to try, with commas")
	flag.BoolVar(&c.Short, "short", false, "have faults last less long")
	flag.BoolVar(&c.NoRedis, "no-redis", false, "have servers tell each other what happens through PostgreSQL")
	flag.StringVar(&c.Muster, "muster", "", "the program to try, instead of one built from here")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Printf("seed %d\n", c.Seed)
	well, err := c.run(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
	}
	if !well {
		stop()
		os.Exit(1)
	}
}
