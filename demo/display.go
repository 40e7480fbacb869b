package demo

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// display is the projector of the lecture hall, which all phones look at.
type display struct {
	screen

	mu    sync.Mutex
	codes codes
}

// codes are those of the steps from start on.
type codes struct {
	Start int64       `json:"start"` // ms since 1970
	Step  int64       `json:"step"`  // ms
	Codes [][2]string `json:"codes"` // for scanning, for typing
}

// run shows the session until it is closed.
func (d *display) run(ctx context.Context) error {
	d.heard = d.look
	defer d.leave()
	for !d.closed {
		if err := d.watch(ctx, time.Now().Add(time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

// look takes in new codes, whose message is like the part of a snapshot.
func (d *display) look(m message) {
	var c codes
	var err error
	switch {
	case m.T == "snapshot" && m.Codes != nil:
		err = json.Unmarshal(m.Codes, &c)
	case m.T == "codes":
		c.Start, c.Step = m.Start, m.Step
		err = json.Unmarshal(m.Codes, &c.Codes)
	default:
		return
	}
	if err != nil || c.Step <= 0 {
		return // the phones will find no code, and the lecture stays empty
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codes = c
}

var errNoCode = errors.New("the display shows no code now")

// code returns what the display shows.
func (d *display) code(now time.Time) (qr, digits string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.codes
	if c.Step == 0 || len(c.Codes) == 0 {
		return "", "", errNoCode
	}
	step := (now.UnixMilli() - c.Start) / c.Step
	i := min(max(step, 0), int64(len(c.Codes)-1))
	return c.Codes[i][0], c.Codes[i][1], nil
}
