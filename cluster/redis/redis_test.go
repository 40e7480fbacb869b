package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/clustertest"
	"github.com/muster-live/muster/cluster/redis"
	"github.com/muster-live/muster/cluster/remote"
	"github.com/muster-live/muster/rig"
)

func startRedis(tb testing.TB, settings ...string) *rig.Redis {
	tb.Helper()
	r, err := rig.StartRedis(context.Background(), tb.TempDir(), settings...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { r.Kill() })
	return r
}

// ask sends a server a command and returns its answer.
func ask(tb testing.TB, r *rig.Redis, command ...string) string {
	tb.Helper()
	text, err := tryAsk(r, command...)
	if err != nil {
		tb.Fatalf("%v: %v", command, err)
	}
	return text
}

func tryAsk(r *rig.Redis, command ...string) (string, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{r.Addr}, ForceSingleClient: true, DisableCache: true,
		Dialer: net.Dialer{Timeout: patience}, ConnWriteTimeout: patience})
	if err != nil {
		return "", err
	}
	defer c.Close()
	answer := c.Do(context.Background(), c.B().Arbitrary(command...).Build())
	text, _ := answer.ToString() // some answer in numbers
	return text, answer.Error()
}

// dial links a node to the others of an installation.
func dial(tb testing.TB, url, installation string, node cluster.Node) cluster.Link {
	tb.Helper()
	m, err := redis.Open(context.Background(), url)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := remote.Dial(context.Background(), m, installation, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return l.Join(node)
}

// conforms runs the suite, each test as an installation of its own on the same Redis.
func conforms(t *testing.T, url string) {
	t.Helper()
	var installations atomic.Int64
	clustertest.Run(t, func(tb testing.TB) func(cluster.Node) cluster.Link {
		name := fmt.Sprintf("i%d", installations.Add(1))
		return func(n cluster.Node) cluster.Link { return dial(tb, url, name, n) }
	})
}

func TestLinksOverRedisConform(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	conforms(t, r.URL)
	t.Cleanup(func() {
		if stats := ask(t, r, "INFO", "commandstats"); !strings.Contains(stats, "cmdstat_spublish") || strings.Contains(stats, "cmdstat_publish") {
			t.Errorf("Pub/Sub was not sharded:\n%s", stats)
		}
		if n := ask(t, r, "INFO", "keyspace"); strings.Contains(n, "db0") {
			t.Errorf("something is stored in Redis: %s", n)
		}
	})
}

func TestLinksConformWhereNothingIsSharded(t *testing.T) {
	t.Parallel()
	conforms(t, startRedis(t, "--rename-command", "SPUBLISH", "", "--rename-command", "SSUBSCRIBE", "").URL)
}

func TestLinksOverASocketHearEachOther(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "redis.sock")
	startRedis(t, "--unixsocket", socket)
	hearEachOther(t, "unix://"+socket)
}

// hearEachOther links two nodes and has one hear of the other's people.
func hearEachOther(t *testing.T, url string) {
	t.Helper()
	var here, there quiet
	a, b := dial(t, url, "i", &here), dial(t, url, "i", &there)
	t.Cleanup(a.Close)
	t.Cleanup(b.Close)
	a.Watch(7)
	b.Arrive(7, 1)
	waitUntil(t, "one node hears of the other's people", func() bool { return here.told.Load() > 0 })
	a.Unwatch(7)
}

func TestLinksConformOverACluster(t *testing.T) {
	t.Parallel()
	a, b := startRedis(t, "--cluster-enabled", "yes"), startRedis(t, "--cluster-enabled", "yes")
	ask(t, a, "CLUSTER", "ADDSLOTSRANGE", "0", "8191")
	ask(t, b, "CLUSTER", "ADDSLOTSRANGE", "8192", "16383")
	host, port, _ := net.SplitHostPort(b.Addr)
	ask(t, a, "CLUSTER", "MEET", host, port)
	for _, r := range []*rig.Redis{a, b} {
		for !strings.Contains(ask(t, r, "CLUSTER", "INFO"), "cluster_state:ok") || strings.Count(ask(t, r, "CLUSTER", "NODES"), "\n") < 2 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	conforms(t, a.URL+"?addr="+b.Addr)
}

// startSentinel starts a Sentinel that watches a server under the name "main".
func startSentinel(t *testing.T, r *rig.Redis) string {
	port, addr := unused(t)
	dir := t.TempDir()
	settings := filepath.Join(dir, "sentinel.conf")
	_, watched, _ := net.SplitHostPort(r.Addr)
	text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\nsentinel down-after-milliseconds main 3000\nsentinel failover-timeout main 5000\n", port, dir, watched)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := rig.Find("redis-server", "redis-server")
	if err != nil {
		t.Fatal(err)
	}
	p, err := rig.Start(exec.Command(program, settings, "--sentinel"), filepath.Join(dir, "sentinel.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill() })
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err == nil {
			c.Close()
			return addr
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestLinksFollowWhatSentinelsChoose(t *testing.T) {
	t.Parallel()
	first := startRedis(t)
	host, port, _ := net.SplitHostPort(first.Addr)
	second := startRedis(t, "--replicaof", host+" "+port)
	sentinel := startSentinel(t, first)
	waitUntil(t, "the Sentinel knows the replica", func() bool {
		s := &rig.Redis{Addr: sentinel}
		return strings.Contains(ask(t, s, "INFO", "sentinel"), "slaves=1") && strings.Contains(ask(t, second, "INFO", "replication"), "master_link_status:up")
	})
	if _, err := redis.Open(context.Background(), "redis://"+sentinel+"?master_set=other"); err == nil || !strings.Contains(err.Error(), "SENTINEL masters") {
		t.Errorf("a name that no Sentinel knows: %v", err)
	}
	url := "redis://" + sentinel + "?master_set=main"
	clustertest.RunOutage(t, func(n cluster.Node) cluster.Link { return dial(t, url, "i", n) },
		first.Kill,
		func() {
			waitUntil(t, "the replica is promoted", func() bool {
				// The Sentinel hangs up on the clients of whom it promotes: no answer is none yet.
				text, _ := tryAsk(second, "INFO", "replication")
				return strings.Contains(text, "role:master")
			})
		})
}

// patience is how long the programs may take to do something. A Sentinel that has to wait
// for a processor for 2 s trusts its own clock no more, and does nothing for 30 s.
const patience = 5 * time.Minute

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func TestLinksGetOverOutages(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct{ fail, restore func(*testing.T, *rig.Redis) }{
		"stopped": {
			func(t *testing.T, r *rig.Redis) { r.Signal(syscall.SIGSTOP) },
			func(t *testing.T, r *rig.Redis) { r.Signal(syscall.SIGCONT) },
		},
		"killed, and back empty": {
			func(t *testing.T, r *rig.Redis) { r.Kill() },
			func(t *testing.T, r *rig.Redis) {
				if err := r.Restart(context.Background()); err != nil {
					t.Error(err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRedis(t)
			clustertest.RunOutage(t, func(n cluster.Node) cluster.Link { return dial(t, r.URL, "i", n) },
				func() { outage.fail(t, r) }, func() { outage.restore(t, r) })
		})
	}
}

func TestInstallationsOnOneRedisDoNotMeet(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	var here, alsoHere, there, alsoThere quiet
	a, a2 := dial(t, r.URL, "a", &here), dial(t, r.URL, "a", &alsoHere)
	b, b2 := dial(t, r.URL, "b", &there), dial(t, r.URL, "b", &alsoThere)
	for _, l := range []cluster.Link{a, a2, b, b2} {
		t.Cleanup(l.Close)
	}
	a2.Watch(7)
	b.Watch(7)
	a.Arrive(7, 1)
	a.RosterChanged([]attendance.CourseID{1})
	a.SignedOut(1)
	waitUntil(t, "the same installation is told all three", func() bool { return alsoHere.told.Load() >= 3 })
	b2.SignedOut(2) // comes after whatever else was on its way there
	waitUntil(t, "the other one is told its own", func() bool { return there.told.Load() > 0 })
	if n := there.told.Load(); n != 1 {
		t.Errorf("the other installation was told %d things, want its own alone", n)
	}
}

// quiet is a node that only counts what it is told.
type quiet struct{ told atomic.Int64 }

func (q *quiet) Receive([]attendance.Event)                              { q.told.Add(1) }
func (q *quiet) RosterChanged([]attendance.CourseID)                     { q.told.Add(1) }
func (q *quiet) SignedOut(attendance.PersonID)                           { q.told.Add(1) }
func (q *quiet) Present(attendance.SessionID, attendance.PersonID, bool) { q.told.Add(1) }

// BenchmarkIdle says how many commands Redis is sent for 10,000 people who are
// connected to 30 sessions through three nodes and do nothing.
func BenchmarkIdle(b *testing.B) {
	r := startRedis(b)
	const nodes, sessions, people = 3, 30, 10_000
	var links []cluster.Link
	for range nodes {
		l := dial(b, r.URL, "i", new(quiet))
		b.Cleanup(l.Close)
		for s := range attendance.SessionID(sessions) {
			l.Watch(s + 1)
		}
		links = append(links, l)
	}
	for p := range attendance.PersonID(people) {
		links[p%nodes].Arrive(attendance.SessionID(p%sessions)+1, p+1)
	}
	commands := func() (n int) {
		for line := range strings.Lines(ask(b, r, "INFO", "stats")) {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "total_commands_processed:"); ok {
				n, _ = strconv.Atoi(text)
			}
		}
		return n
	}
	time.Sleep(3 * time.Second) // until all have heard of everyone
	const asking = 2            // commands that asking itself is: HELLO and INFO
	for b.Loop() {
		before, start := commands(), time.Now()
		time.Sleep(20 * time.Second)
		b.ReportMetric(float64(commands()-before-asking)/time.Since(start).Seconds(), "commands/s")
	}
}
