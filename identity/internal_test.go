package identity

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/muster-live/muster/attendance"
)

func TestAHashMatchesItsPasswordAlone(t *testing.T) {
	t.Parallel()
	h := newHashing()
	hash, err := h.hash(t.Context(), "Café au lait")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s has not the costs that were asked for", hash)
	}
	for password, want := range map[string]bool{
		"Café au lait":       true,
		"Cafe\u0301 au lait": true, // the same é, typed on another keyboard
		"café au lait":       false,
		"":                   false,
	} {
		if got, err := h.matches(t.Context(), hash, password); err != nil || got != want {
			t.Errorf("%q matches: %v, %v; want %v", password, got, err, want)
		}
	}
	if ok, err := h.matches(t.Context(), "", ""); ok || err != nil {
		t.Errorf("nothing matches nobody's password: %v, %v", ok, err)
	}
}

// Nobody may be kept waiting without end, nor the machine be filled with hashing.
func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHashing()
		release := make(chan struct{})
		for range maxHashing {
			go func() { _ = h.do(t.Context(), func() { <-release }) }()
		}
		synctest.Wait()
		gone, giveUp := context.WithCancel(t.Context())
		ended := make(chan error, maxHashWaiting)
		for range maxHashWaiting {
			go func() { ended <- h.do(gone, func() { t.Error("one ran out of turn") }) }()
		}
		synctest.Wait()

		var busy *attendance.Error
		if err := h.do(t.Context(), func() {}); !errors.As(err, &busy) || busy.Code != attendance.CodeBusy || busy.Retry == 0 {
			t.Errorf("one too many: %v, want busy", err)
		}

		giveUp()
		for range maxHashWaiting {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("who gave up: %v", err)
			}
		}
		close(release)
		synctest.Wait()
		if err := h.do(t.Context(), func() {}); err != nil {
			t.Errorf("when all is quiet again: %v", err)
		}
	})
}

func TestTriesAreCountedForEachKey(t *testing.T) {
	t.Parallel()
	tries, now := NewTries(2, time.Minute), time.Unix(1_000_000, 0)
	for i, step := range []struct {
		key      string
		after    time.Duration
		giveBack bool
		wait     time.Duration
	}{
		{"a", 0, false, 0},
		{"a", 0, false, 0},
		{"a", 0, false, time.Minute},
		{"b", 0, true, 0},
		{"b", 0, true, 0},
		{"b", 0, true, 0},
		{"a", 40 * time.Second, false, 20 * time.Second},
		{"a", 20 * time.Second, false, 0},
		{"a", 0, false, time.Minute},
		{"a", time.Hour, false, 0},
		{"a", 0, false, 0},
		{"a", 0, false, time.Minute},
	} {
		now = now.Add(step.after)
		if wait := tries.Take(step.key, now); wait != step.wait {
			t.Errorf("step %d: wait %v, want %v", i, wait, step.wait)
		}
		if step.giveBack {
			tries.GiveBack(step.key)
		}
	}
}

func TestTriesForgetThoseWhoWaited(t *testing.T) {
	t.Parallel()
	tries, now := NewTries(2, time.Minute), time.Unix(1_000_000, 0)
	for i := range maxTried {
		tries.Take(strconv.Itoa(i), now)
	}
	tries.Take("one more", now.Add(time.Hour))
	if n := len(tries.until); n != 1 {
		t.Errorf("%d are remembered, want the last alone", n)
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(newPHC().String())
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaCO0nGZ4M5A8NKHw")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA")
	f.Add("$argon2i$v=19$m=8,t=1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err != nil {
			return
		}
		if p.memory > 1<<20 || p.passes > 64 || p.passes < 1 || p.threads < 1 || len(p.sum) < 16 {
			t.Fatalf("took %q, which costs too much or is worth nothing", text)
		}
		again, err := parsePHC(p.String())
		if err != nil || again.String() != p.String() {
			t.Fatalf("%q became %q, and that %v", text, p, err)
		}
	})
}

func FuzzTokens(f *testing.F) {
	key := bytes.Repeat([]byte{7}, 32)
	token, _ := newToken()
	f.Add(token)
	f.Add(base64.RawURLEncoding.EncodeToString(appendDisplayMAC(key, []byte{0, 0, 0, 0, 0, 0, 0, 42})))
	f.Add("")
	f.Add(strings.Repeat("_", 43))
	f.Fuzz(func(t *testing.T, text string) {
		_, signIn := parseToken(text)
		session, display := checkDisplayToken(key, text)
		if signIn && display {
			t.Fatalf("%q is two things at once", text)
		}
		if display && session != 42 {
			t.Fatalf("%q shows session %d, for which no token was made", text, session)
		}
	})
}

func TestAKioskTokenCountsAtAServerWhoseClockIsBehind(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	a := &Accounts{displayKey: []byte("a key"), now: func() time.Time { return made }}
	token, until := a.KioskToken(7)
	for at, want := range map[time.Time]bool{made.Add(-2 * time.Second): true, made: true, until.Add(-time.Second): true, until: false} {
		if session, ok := checkKioskToken(a.displayKey, token, at); ok != want || ok && session != 7 {
			t.Errorf("at %v it is for %d, %v", at, session, ok)
		}
	}
	if _, ok := checkKioskToken([]byte("another key"), token, made); ok {
		t.Error("it counts in another installation")
	}
}
