package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// phone is one simulated student in a lecture.
type phone struct {
	screen
	visit
	opened  time.Time
	display *display // what the student sees in front
	checked bool     // the check-in has been acknowledged
}

// attend does what the visit says, until the student leaves, the session is closed or
// ctx ends.
func (p *phone) attend(ctx context.Context) error {
	at := p.opened.Add
	if err := sleepUntil(ctx, at(p.comes)); err != nil {
		return err
	}
	p.heard = func(m message) { p.checked = p.checked || m.T == "ack" && m.ID == checkInID }
	defer p.drop()
	if err := p.watch(ctx, at(p.checks)); err != nil {
		return err
	}
	if err := p.checkIn(ctx); err != nil {
		return err
	}
	for _, n := range p.naps {
		if err := p.watch(ctx, at(n.from)); err != nil {
			return err
		}
		if p.closed {
			break
		}
		// Asleep, the phone answers nothing: the server finds out by itself.
		if err := sleepUntil(ctx, at(n.to)); err != nil {
			return err
		}
		p.drop()
	}
	if err := p.watch(ctx, at(p.leaves)); err != nil {
		return err
	}
	if p.closed { // a look at the result
		if err := sleepUntil(ctx, time.Now().Add(rand.N(20*time.Second))); err != nil {
			return err
		}
	}
	p.leave()
	return nil
}

// checkInID is the id of a phone's only command.
const checkInID = "demo"

// checkIn tries to check in, as often as people do.
func (p *phone) checkIn(ctx context.Context) error {
	for tries := 0; tries < 5 && !p.checked && !p.closed; tries++ {
		// Whatever fails here, the student tries again a little later.
		if proof, err := p.proof(ctx); err == nil && p.connect(ctx) == nil {
			_ = p.conn.Send(fmt.Sprintf(`{"t":"check_in","id":%q,%s}`, checkInID, proof))
		}
		for patience := time.Now().Add(3 * time.Second); !p.checked && !p.closed && time.Now().Before(patience); {
			if err := p.watch(ctx, time.Now().Add(300*time.Millisecond)); err != nil {
				return err
			}
		}
	}
	return nil
}

// proof returns what shows that the student is in the room: the digits, or the ticket
// for a scan.
func (p *phone) proof(ctx context.Context) (string, error) {
	qr, digits, err := p.display.code(time.Now())
	if err != nil || p.types {
		return fmt.Sprintf(`"code":%q`, digits), err
	}
	var scanned struct {
		Ticket string `json:"ticket"`
	}
	err = caller{url: p.url}.call(ctx, http.MethodPost, "/scan", map[string]any{"session": p.session, "code": qr}, &scanned)
	return fmt.Sprintf(`"ticket":%q`, scanned.Ticket), err
}
