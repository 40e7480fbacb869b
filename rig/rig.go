// Package rig starts what several muster processes need around them, PostgreSQL,
// Redis and a proxy, from programs that are installed on this machine, on free ports
// of the loopback interface. It is for trying muster out and for testing it; a real
// installation has its own.
package rig

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Limits of waiting for programs.
const (
	startLimit = 2 * time.Minute // until a program answers
	stopLimit  = time.Minute     // until it has ended after being told to
	// answerLimit is for one question of whether it answers: on a busy machine, who is
	// asked has to wait for its turn.
	answerLimit = 10 * time.Second
)

// Program is a running program. Its output is in a file.
type Program struct {
	Name string
	Log  string // the file with its output

	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // how, after that
}

// Start starts a program whose output goes to the end of the file log.
func Start(cmd *exec.Cmd, log string) (*Program, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	defer out.Close() // the program has its own copy
	cmd.Stderr = out
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	p := &Program{Name: filepath.Base(cmd.Path), Log: log, cmd: cmd, ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Pid is the id of the program's process.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Ended is closed when the program has ended.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Signal sends the program a signal.
func (p *Program) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Kill ends the program at once, as a crash would.
func (p *Program) Kill() { _ = p.finish(syscall.SIGKILL) }

// Stop tells the program to end, waits, and returns how it ended. One that does not
// end in time is killed, which is an error.
func (p *Program) Stop() error { return p.finish(syscall.SIGTERM) }

func (p *Program) finish(s syscall.Signal) error {
	_ = p.Signal(s) // it may have ended by itself
	select {
	case <-p.ended:
		var exit *exec.ExitError
		if errors.As(p.err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == s {
			return nil // it does not catch the signal
		}
		return p.err
	case <-time.After(stopLimit):
		_ = p.Signal(syscall.SIGKILL)
		<-p.ended
		return fmt.Errorf("%s did not stop within %v and was killed", p.Name, stopLimit)
	}
}

// waitUntil calls try again and again until it succeeds. It fails if the program
// ends or takes too long, and then tells the end of its output.
func (p *Program) waitUntil(try func() error) error {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended (%v); it said: %s", p.Name, p.err, p.lastWords())
		case <-limit.C:
			p.Kill()
			return fmt.Errorf("%s did not answer within %v: %w; it said: %s", p.Name, startLimit, err, p.lastWords())
		case <-tick.C:
		}
	}
}

func (p *Program) lastWords() string {
	const enough = 2000
	f, err := os.Open(p.Log)
	if err != nil {
		return ""
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, end-enough), io.SeekStart)
	}
	b, _ := io.ReadAll(f)
	return string(b)
}

// FreePorts finds ports of 127.0.0.1 for programs that are told where to listen, and that
// may come back there after they were killed. They lie below those that systems give out
// by themselves, and so do those 10,000 above them, which Redis takes as well: so no
// other connection takes one meanwhile. Nor does anybody else who finds ports this way,
// on the same machine: they are this process's until it ends.
func FreePorts(n int) (ports []int, err error) {
	const first, last, tries = 10_000, 20_000, 100
	for failed := 0; len(ports) < n; {
		port := first + rand.IntN(last-first)
		if err := claim(port); err != nil {
			if failed++; failed == tries {
				return nil, fmt.Errorf("find a free port: %w", err)
			}
			continue
		}
		ports, failed = append(ports, port), 0
	}
	return ports, nil
}

// claim takes a port for this process, unless somebody else has it. What marks it as taken
// is its namesake of UDP, which the programs that are started here have no use for: the
// port itself has to be free for them.
func claim(port int) error {
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	mark, err := net.ListenPacket("udp", at)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return errors.Join(err, mark.Close())
	}
	go func() { // holds the mark for as long as the process lives
		for err == nil {
			_, _, err = mark.ReadFrom(nil)
		}
	}()
	return l.Close()
}

// Find returns the path of a program, looked for in the search path and then in other
// folders, of which the last that has it wins. Its error names the Debian package.
func Find(program, debianPackage string, folders ...string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, pattern := range folders {
		found, _ := filepath.Glob(filepath.Join(pattern, program))
		slices.Sort(found)
		if len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("%s is not installed. On Debian: apt-get install %s", program, debianPackage)
}

// Rig is a set of things to be stopped, the last one first.
type Rig struct {
	mu    sync.Mutex
	stops []func() error
}

// Add has stop called when the rig is stopped.
func (r *Rig) Add(stop func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stops = append(r.stops, stop)
}

// Stop stops everything.
func (r *Rig) Stop() error {
	r.mu.Lock()
	stops := r.stops
	r.stops = nil
	r.mu.Unlock()
	var errs []error
	for _, stop := range slices.Backward(stops) {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}
