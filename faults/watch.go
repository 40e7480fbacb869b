package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/attendance"
)

// What a screen is allowed once a fault has ended.
const (
	staleLimit    = 2 * time.Second  // to show what is in the log
	presenceLimit = 10 * time.Second // to show who is connected
)

// lookEvery is how often the log and the screens are looked at.
const lookEvery = 50 * time.Millisecond

// lags is how far screens were behind, at worst.
type lags struct {
	during   time.Duration // behind the log, before the fault's end
	after    time.Duration // behind the log, from then on
	presence time.Duration // wrong about who is connected, from then on
}

// look compares the screens with the log and with who is connected, again and again
// until ctx ends.
func (t *trial) look(ctx context.Context) {
	var conn *pgx.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	for turn := 0; pause(ctx, lookEvery); turn++ {
		conn = t.readHeads(ctx, conn)
		now := time.Now()
		ended := t.faultEnd()
		for _, s := range t.screens {
			t.compareState(s, now, ended)
			if !ended.IsZero() && turn%2 == 0 {
				t.comparePresence(s, now, ended)
			}
		}
	}
}

// readHeads looks how far the logs have come. PostgreSQL may be away.
func (t *trial) readHeads(ctx context.Context, conn *pgx.Conn) *pgx.Conn {
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if conn == nil || conn.IsClosed() {
		var err error
		if conn, err = pgx.Connect(limited, t.postgres.URL); err != nil {
			return nil
		}
	}
	at := time.Now()
	rows, _ := conn.Query(limited, `SELECT id, seq FROM sessions WHERE id = ANY($1)`, t.ids()) // a failure shows in ForEachRow
	var id attendance.SessionID
	var seq int64
	_, _ = pgx.ForEachRow(rows, []any{&id, &seq}, func() error {
		for _, m := range t.meetings {
			if m.ID == id {
				m.reached(seq, at)
			}
		}
		return nil
	})
	return conn
}

func (t *trial) compareState(s *screen, now, ended time.Time) {
	s.mu.Lock()
	seq, joined, deaf := s.view.Seq, s.joined, s.deaf
	s.mu.Unlock()
	at, more := s.meeting.after(seq)
	if !more || joined.IsZero() || deaf {
		return
	}
	lag := now.Sub(latest(at, joined))
	if ended.IsZero() {
		t.lags.during = max(t.lags.during, lag)
	} else {
		lag = min(lag, now.Sub(ended))
		t.lags.after = max(t.lags.after, lag)
	}
	if lag > staleLimit+t.slack && !(ended.IsZero() && t.fault.blinds) {
		t.violateOnce(s, "%s shows seq %d, and for %v there has been more in the log", s.name, seq, lag.Round(time.Millisecond))
	}
}

func (t *trial) comparePresence(s *screen, now, ended time.Time) {
	if s.view.audience != "board" {
		return
	}
	here, changed := s.meeting.here(), s.meeting.since()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined.IsZero() || s.deaf {
		return
	}
	for _, student := range s.meeting.Students {
		p := student.Person
		if here[p] == s.view.present[p] {
			continue
		}
		wrong := now.Sub(latest(ended, s.joined, changed[p]))
		t.lags.presence = max(t.lags.presence, wrong)
		if wrong > presenceLimit+t.slack {
			t.violateOnce(s, "%s has shown for %v that student %d is connected: %t, and that is wrong", s.name, wrong.Round(time.Millisecond), p, s.view.present[p])
		}
	}
}

func latest(times ...time.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// unsettled says which screen does not yet show what it should, if there is one.
func (t *trial) unsettled() string {
	for _, s := range t.screens {
		if what := t.wrong(s); what != "" {
			return s.name + " " + what
		}
	}
	return ""
}

func (t *trial) wrong(s *screen) string {
	if s.hasGone() {
		return ""
	}
	here := s.meeting.here()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined.IsZero() {
		return "is not connected"
	}
	if _, more := s.meeting.after(s.view.Seq); more {
		return "is behind the log"
	}
	switch s.view.audience {
	case "board":
		for _, student := range s.meeting.Students {
			if p := student.Person; here[p] != s.view.present[p] {
				return "is wrong about who is connected"
			}
		}
	case "display":
		if len(here) != s.view.count {
			return "is wrong about how many are connected"
		}
	}
	return ""
}
