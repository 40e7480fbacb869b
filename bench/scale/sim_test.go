package scale_test

import (
	"context"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/bench/scale"
	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/remote"
)

// medium is publish and subscribe within this process, which counts what a broker would
// have to do. Delivering is done by who publishes, so that a hundred thousand
// subscriptions cost a goroutine each and no more.
type medium struct {
	mu   sync.Mutex
	subs map[string][]*listener
	seen scale.Traffic
}

type listener struct {
	mu      sync.Mutex // one message after another
	deliver func([]byte)
}

// port is one node's way into the medium.
type port struct{ *medium }

func (m port) Publish(_ context.Context, messages []remote.Message) error {
	for _, message := range messages {
		m.mu.Lock()
		to := m.subs[message.Channel]
		to = append([]*listener(nil), to...)
		kind := scale.Kind(message.Payload[1]) // as cluster/remote writes it
		m.seen.Add(kind, len(message.Payload), len(to), int(crc32.ChecksumIEEE([]byte(message.Channel))))
		m.mu.Unlock()
		for _, l := range to {
			l.mu.Lock()
			l.deliver(message.Payload)
			l.mu.Unlock()
		}
	}
	return nil
}

func (m port) Subscribe(ctx context.Context, channel string, ready func(), deliver func([]byte)) error {
	l := &listener{deliver: deliver}
	m.mu.Lock()
	m.subs[channel] = append(m.subs[channel], l)
	m.mu.Unlock()
	ready()
	<-ctx.Done()
	return ctx.Err()
}

func (port) Close() {}

// seen takes what has been counted since the last time.
func (m *medium) taken() scale.Traffic {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.seen
	m.seen = scale.Traffic{}
	return t
}

// node shows what its link tells it: how many are present in each session.
type node struct {
	link    cluster.Link
	mu      sync.Mutex
	present map[attendance.SessionID]int
	events  int
}

func (n *node) Receive(events []attendance.Event) {
	n.mu.Lock()
	n.events += len(events)
	n.mu.Unlock()
}
func (*node) RosterChanged([]attendance.CourseID) {}
func (*node) SignedOut(attendance.PersonID)       {}
func (n *node) Present(s attendance.SessionID, _ attendance.PersonID, here bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if here {
		n.present[s]++
	} else {
		n.present[s]--
	}
}

// result is what a simulation found: what went over the medium while everybody came and
// checked in, and in each second after that; and the processor time of all nodes.
type result struct {
	arrival scale.Traffic
	quiet   scale.Traffic // in idleFor
	busy    time.Duration // processor time while they came
	resting time.Duration // and in idleFor
}

const idleFor = 20 * time.Second

// hold has lectures on so many nodes: students arrive within a while, each through a node
// that the load balancer draws, and check in two seconds later. At the end every node
// must show everyone in each session that it watches.
func hold(t *testing.T, nodes, lectures, each int, within time.Duration) (r result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &medium{subs: make(map[string][]*listener)}
		all := make([]*node, nodes)
		for i := range all {
			n := &node{present: make(map[attendance.SessionID]int)}
			l, err := remote.Dial(t.Context(), port{m}, "scale", slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			n.link = l.Join(n)
			all[i] = n
			time.Sleep(2 * time.Second / time.Duration(nodes)) // nodes do not beat in step
		}
		m.taken()
		random := rand.New(rand.NewPCG(1, 2))
		students := lectures * each
		order := random.Perm(students)
		seqs := make([]int64, lectures+1)
		watching := make(map[[2]int]bool)
		through := make([]int, students)
		begun := cpu()
		const checksInAfter = 2 * time.Second
		start := time.Now()
		at := func(i int) time.Time { return start.Add(within * time.Duration(i) / time.Duration(students)) }
		arrive := func(i int) {
			s := order[i]%lectures + 1
			through[i] = random.IntN(nodes)
			n := all[through[i]]
			if key := [2]int{through[i], s}; !watching[key] {
				watching[key] = true
				n.link.Watch(attendance.SessionID(s))
			}
			n.link.Arrive(attendance.SessionID(s), attendance.PersonID(order[i]+1))
		}
		checkIn := func(i int) {
			s := order[i]%lectures + 1
			seqs[s]++
			p := attendance.PersonID(order[i] + 1)
			all[through[i]].link.Publish([]attendance.Event{{
				Session: attendance.SessionID(s), Seq: seqs[s], At: time.Now(), Kind: attendance.MarkSet,
				Person: p, Actor: p, Mark: attendance.Present, Source: attendance.ByCode,
			}})
		}
		for i, j := 0, 0; j < students; {
			if i < students && (j == i || !at(i).After(at(j).Add(checksInAfter))) {
				time.Sleep(time.Until(at(i)))
				arrive(i)
				i++
			} else {
				time.Sleep(time.Until(at(j).Add(checksInAfter)))
				checkIn(j)
				j++
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		r.arrival, r.busy = m.taken(), cpu()-begun
		begun = cpu()
		time.Sleep(idleFor)
		synctest.Wait()
		r.quiet, r.resting = m.taken(), cpu()-begun
		for key := range watching {
			n := all[key[0]]
			n.mu.Lock()
			if got := n.present[attendance.SessionID(key[1])]; got != each {
				t.Errorf("node %d shows %d of %d in session %d", key[0], got, each, key[1])
			}
			n.mu.Unlock()
			if t.Failed() {
				break
			}
		}
		for _, n := range all {
			n.link.Close()
		}
	})
	return r
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
