package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/muster-live/muster/client"
)

const (
	connecting = 32              // connections that are being made at the same time
	settle     = time.Second     // between connecting and the first check-in
	quietFor   = 2 * time.Second // nothing has come in for so long: the run is over
	// patience is how long that may be while something is missing: a server may be slow.
	patience = time.Minute
)

// Do connects everybody, has students check in, and returns what was measured.
func (r Run) Do(ctx context.Context) (_ Result, err error) {
	if err := r.Load.Validate(); err != nil {
		return Result{}, err
	}
	before, err := usageOf(r.Pids)
	if err != nil {
		return Result{}, err
	}
	size := len(r.Sessions)
	for _, s := range r.Sessions {
		size += len(s.Students)
	}
	l, err := newLoop(size)
	if err != nil {
		return Result{}, err
	}
	if r.Crash != nil {
		l.gone = make(chan *line, size)
	}
	ended := false
	defer func() {
		if !ended {
			err = errors.Join(err, l.end())
		}
	}()
	began := time.Now()
	var apart *listening
	if r.Apart != nil {
		if apart, err = r.startApart(ctx); err != nil {
			return Result{}, err
		}
		defer apart.stop()
		for _, s := range r.Apart.Sessions {
			size += len(s.Students)
		}
	}
	res := Result{Connections: size}
	students, err := r.connect(ctx, l, &res)
	if err != nil {
		return res, err
	}
	res.ConnectAll = milliseconds(time.Since(began))
	if err := l.quiet(ctx, settle, func() error { return nil }); err != nil {
		return res, err
	}
	crashed := r.crash(ctx, l)
	plan, late, used, err := r.checkIn(ctx, l, students)
	if err != nil {
		return res, err
	}
	if res.Return, res.Returned, err = crashed(); err != nil {
		return res, err
	}
	if err := l.level(ctx, true); err != nil {
		return res, err
	}
	var elsewhere heard
	if apart != nil {
		if elsewhere, err = apart.end(); err != nil {
			return res, err
		}
	}
	ended = true
	if err := l.end(); err != nil {
		return res, err
	}
	f := figure(l.lines, plan)
	if apart != nil {
		f.addApart(elsewhere, r.Apart.Sessions, plan)
	}
	res.Sync, res.Ack, res.Late = quantiles(&f.sync), quantiles(&f.ack), quantiles(late)
	res.Sent, res.Acked, res.Expected, res.Delivered, res.Again, res.Trouble = len(plan), f.acked, f.expected, f.delivered, f.again, f.trouble
	res.Seconds = used.during.Seconds()
	res.Bench = newUsage(used.own, res.Seconds, 0)
	res.OtherCPU = max(0, used.machine-used.own-used.server.cpu).Seconds()
	if len(r.Pids) > 0 {
		u := newUsage(used.server.cpu, res.Seconds, f.delivered)
		u.Memory = used.server.rss
		u.MemoryPerConnection = float64(used.server.rss-before.rss) / float64(size)
		res.Server = &u
	}
	return res, nil
}

// place is where a connection is to be made.
type place struct {
	url, token, audience string
	line                 *line
}

// places returns those of the boards, then those of the students.
func (r Run) places() (all []place, students []*line) {
	next := 0
	add := func(session, student int, token, audience string) *line {
		ln := &line{session: session, student: student, url: next % len(r.URLs), anyOrder: r.Dialect.AnyOrder}
		if r.Crash != nil && r.Crash.All {
			ln.url = 0
		}
		all = append(all, place{r.URLs[ln.url], token, audience, ln})
		next++
		return ln
	}
	for i, s := range r.Sessions {
		if s.Board != "" {
			add(i, -1, s.Board, "board")
		}
	}
	for i, s := range r.Sessions {
		for j, p := range s.Students {
			students = append(students, add(i, j, p.Token, "student"))
		}
	}
	return all, students
}

// connect makes all connections, and returns those of the students.
func (r Run) connect(ctx context.Context, l *loop, res *Result) ([]*line, error) {
	all, students := r.places()
	var (
		took Histogram
		mu   sync.Mutex
		errs []error
		next atomic.Int64
		wg   sync.WaitGroup
	)
	for range min(connecting, len(all)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				began := time.Now()
				p := all[i]
				err := r.enter(ctx, l, p, r.room(p))
				mu.Lock()
				took.Add(uint32(time.Since(began) / time.Microsecond))
				if err != nil {
					errs = append(errs, err)
					next.Store(int64(len(all))) // no use in going on
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	res.Connect = quantiles(&took)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return students, nil
}

// room is what somebody who has seen nothing takes part in.
func (r Run) room(p place) client.Room {
	return client.Room{Session: r.Sessions[p.line.session].ID, Audience: p.audience}
}

// enter makes one connection, and hands it to the loop once the state is there.
func (r Run) enter(ctx context.Context, l *loop, p place, in client.Room) error {
	c, err := r.Dialect.dial(ctx, p.url, p.token, in)
	if err != nil {
		return err
	}
	for {
		b, err := c.Read(time.Time{})
		if err != nil {
			return errors.Join(fmt.Errorf("join session %d: %w", in.Session, err), c.Drop())
		}
		switch m := scan(b); m.kind {
		case errorMessage:
			return errors.Join(fmt.Errorf("join session %d: %s", in.Session, b), c.Drop())
		case snapshotMessage, deltaMessage:
			p.line.last = m.to
			return l.add(c, p.line)
		}
	}
}

// used is what was used from the first check-in on.
type used struct {
	during       time.Duration
	own, machine time.Duration
	server       usage // memory: at the end
}

// usedUntilNow returns the times since the processes and the machine started.
func usedUntilNow(pids []int) (u used, err error) {
	var errs [3]error
	u.own, errs[0] = ownCPU()
	u.machine, errs[1] = machineCPU()
	u.server, errs[2] = usageOf(pids)
	return u, errors.Join(errs[:]...)
}

// since returns what was used after before.
func (u used) since(before used) used {
	u.own -= before.own
	u.machine -= before.machine
	u.server.cpu -= before.server.cpu
	return u
}

// plan returns the check-ins, with times from the first one on.
func (r Run) plan(students []*line) []sending {
	// Neighbours in the list are spread over time, and every room gets its share.
	shuffled := rand.New(rand.NewPCG(1, 2)).Perm(len(students))
	var all []sending
	for i, at := range r.Load.Times(len(students)) {
		ln := students[shuffled[i]]
		if r.Crash != nil && ln.url == 0 {
			continue
		}
		ticket := r.Sessions[ln.session].Students[ln.student].Ticket
		frame := client.Frame([]byte(r.Dialect.checkIn(ticket)))
		all = append(all, sending{line: ln, at: uint32(at / time.Microsecond), frame: frame})
	}
	return all
}

// checkIn has the students check in and waits until all is quiet. The plan it returns
// has the times as they were.
func (r Run) checkIn(ctx context.Context, l *loop, students []*line) (plan []sending, late *Histogram, u used, err error) {
	plan = r.plan(students)
	before, err := usedUntilNow(r.Pids)
	if err != nil {
		return nil, nil, u, err
	}
	const lead = 10 * time.Millisecond // to get to the first one in time
	began := time.Now()
	first := l.micros(began.Add(lead))
	for i := range plan {
		plan[i].at += first
	}
	if late, err = l.send(ctx, plan); err != nil {
		return nil, nil, u, err
	}
	measure := func() error {
		u, err = usedUntilNow(r.Pids)
		u = u.since(before)
		u.during = time.Since(began)
		return err
	}
	if r.Load.Scenario == Idle {
		err = errors.Join(hold(ctx, r.Load.Duration), measure())
		return plan, late, u, err
	}
	// What is used once nothing more comes in is not part of the work.
	counted := int64(-1)
	untilNews := func() error {
		if news := l.news.Load(); news != counted {
			counted = news
			return measure()
		}
		return nil
	}
	err = l.quiet(ctx, quietFor, untilNews)
	for waited := quietFor; err == nil && (l.acks.Load() < int64(len(plan)) || l.behind(false)) && waited < patience; waited += quietFor {
		err = l.quiet(ctx, quietFor, untilNews)
	}
	return plan, late, u, err
}

// hold waits.
func hold(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
