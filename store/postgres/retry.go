package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/muster-live/muster/attendance"
)

// How long, and how often, something that fails is tried again.
const (
	retryFor   = 8 * time.Second
	firstPause = 10 * time.Millisecond
	longest    = 500 * time.Millisecond
)

// retry calls try until it succeeds, fails for a reason that does not pass, or has
// failed for retryFor. Between two tries it waits, twice as long each time, and a
// part of that at random, so that processes do not come back in step.
func retry(ctx context.Context, try func() error) error {
	end := time.Now().Add(retryFor)
	for pause := firstPause; ; pause = min(2*pause, longest) {
		err := try()
		if err == nil || !passes(err) {
			return err
		}
		pause := pause/2 + rand.N(pause)
		if time.Now().Add(pause).After(end) {
			return fmt.Errorf("tried again for %v: %w", retryFor, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// patiently is retry for all but Append, which knows more. When it gives up, whoever
// asked may ask again.
func patiently(ctx context.Context, try func() error) error {
	err := retry(ctx, try)
	if err == nil || !passes(err) {
		return err
	}
	return &attendance.Error{Code: attendance.CodeStorage, Retry: time.Second, Err: err,
		Message: "The database does not answer, and nothing was changed. Try again in a moment."}
}

// unsureError is a commit of which nobody knows whether it took place.
type unsureError struct{ err error }

func (e *unsureError) Error() string {
	return "the connection broke during the commit, so it is not known whether this was written: " + e.err.Error()
}

func (e *unsureError) Unwrap() error { return e.err }

// saysServer reports whether an error is the server's own answer, so that what it
// answers about has not been done.
func saysServer(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && !lost(answer)
}

// lost reports whether the server ended the connection with this answer.
func lost(answer *pgconn.PgError) bool {
	return answer.Severity == "FATAL" || answer.Severity == "PANIC"
}

// passes reports whether an error is one that another try may not meet: a conflict
// of transactions, a lost connection, a server that starts, stops or fails over.
func passes(err error) bool {
	var unsure *unsureError
	if errors.As(err, &unsure) {
		return false
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		switch answer.Code {
		case "40001", "40P01", // serialization failure, deadlock
			"25006",                            // read-only: the primary has become a standby
			"25P03",                            // idle in a transaction for too long: we were stopped in between
			"53300",                            // too many connections
			"57P01", "57P02", "57P03", "57P05": // shutdown, crash, starting up, idle session
			return true
		}
		return answer.Code[:2] == "08" // connection exceptions
	}
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
