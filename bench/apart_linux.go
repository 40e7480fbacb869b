package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// listening is an [Apart] that was started. It is told a part, answers with an empty object
// once everybody is connected, and with a heard when it is told no more.
type listening struct {
	command *exec.Cmd
	wait    func() error // until it has ended
	tell    io.WriteCloser
	answers *json.Decoder
}

func (r Run) startApart(ctx context.Context) (_ *listening, err error) {
	if r.Crash != nil {
		return nil, errors.New("connections of another process do not come back from a server that is killed")
	}
	l := &listening{command: r.Apart.Command, wait: sync.OnceValue(r.Apart.Command.Wait)}
	out, err := l.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if l.tell, err = l.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := l.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", l.command, err)
	}
	defer func() {
		if err != nil {
			l.stop()
		}
	}()
	context.AfterFunc(ctx, l.kill)
	l.answers = json.NewDecoder(out)
	if err := json.NewEncoder(l.tell).Encode(part{r.URLs, r.Apart.Sessions, r.Dialect}); err != nil {
		return nil, fmt.Errorf("tell %s: %w", l.command, err)
	}
	if err := l.answers.Decode(new(struct{})); err != nil {
		return nil, fmt.Errorf("%s did not connect everybody: %w", l.command, err)
	}
	return l, nil
}

// end has it close its connections.
func (l *listening) end() (h heard, err error) {
	err = errors.Join(l.tell.Close(), l.answers.Decode(&h))
	if err = errors.Join(err, l.wait()); err != nil {
		return h, fmt.Errorf("%s: %w", l.command, err)
	}
	return h, nil
}

func (l *listening) kill() { _ = l.command.Process.Kill() }

// stop ends it, if it has not ended, and waits until its connections are gone.
func (l *listening) stop() {
	l.kill()
	_ = l.wait()
}

// Listen makes and listens to the connections of an [Apart]: in has what to do, and ends
// when it is over; out is told what came of it.
func Listen(ctx context.Context, in io.Reader, out io.Writer) error {
	var p part
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return fmt.Errorf("read what to do: %w", err)
	}
	r := Run{URLs: p.URLs, Sessions: p.Sessions, Dialect: p.Dialect}
	size := 0
	for _, s := range r.Sessions {
		size += len(s.Students)
	}
	l, err := newLoop(size)
	if err != nil {
		return err
	}
	answers := json.NewEncoder(out)
	err = func() error {
		if _, err := r.connect(ctx, l, new(Result)); err != nil {
			return err
		}
		if err := answers.Encode(struct{}{}); err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, in) // until it is over
		return l.level(ctx, false)
	}()
	if err := errors.Join(err, l.end()); err != nil {
		return err
	}
	h := heard{Trouble: make(map[string]int)}
	for _, ln := range l.lines {
		for _, r := range ln.receipts {
			h.Delivered += uint64(r.to - r.from + 1)
		}
		h.Again += ln.again
		for name, n := range ln.trouble {
			h.Trouble[name] += n
		}
	}
	return answers.Encode(h)
}

// level waits until no line is behind others, but no longer than patience.
func (l *loop) level(ctx context.Context, allBack bool) error {
	for limit := time.Now().Add(patience); l.behind(allBack) && time.Now().Before(limit); {
		if err := hold(ctx, quietFor/20); err != nil {
			return err
		}
	}
	return nil
}
