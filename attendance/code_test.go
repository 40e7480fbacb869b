package attendance_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/muster-live/muster/attendance"
)

func codeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestCodeIsTakenForItsStepAndTheGrace(t *testing.T) {
	c := Codes{Secret: bytes.Repeat([]byte{7}, CodeSecretSize), Step: 5 * time.Second, Grace: 1}
	shown, start := c.At(opened.Add(1234 * time.Millisecond))
	if start.After(opened.Add(1234*time.Millisecond)) || opened.Add(1234*time.Millisecond).Sub(start) >= c.Step {
		t.Fatalf("step began at %v", start)
	}
	for _, tt := range []struct {
		after time.Duration
		want  Code
	}{
		{0, ""},
		{10*time.Second - time.Millisecond, ""},
		{10 * time.Second, CodeCodeOld},
		{2 * time.Minute, CodeCodeOld},
		{time.Hour, CodeCodeWrong},
		{-time.Millisecond, CodeCodeWrong}, // not shown yet
	} {
		for _, form := range []string{shown.QR, shown.Digits, strings.ToLower(shown.QR), shown.Digits[:3] + " " + shown.Digits[3:]} {
			if got := codeOf(c.Check(form, start.Add(tt.after))); got != tt.want {
				t.Errorf("%q %v after its step began: got %q, want %q", form, tt.after, got, tt.want)
			}
		}
	}
}

func TestCodesOfTwoSessionsDiffer(t *testing.T) {
	a := Codes{Secret: bytes.Repeat([]byte{1}, CodeSecretSize), Step: 5 * time.Second}
	b := Codes{Secret: bytes.Repeat([]byte{2}, CodeSecretSize), Step: 5 * time.Second}
	shown, _ := a.At(opened)
	for _, form := range []string{shown.QR, shown.Digits} {
		if got := codeOf(b.Check(form, opened)); got != CodeCodeWrong {
			t.Errorf("%q in another session: got %q, want %q", form, got, CodeCodeWrong)
		}
	}
}

func TestTicketIsGoodForItsSessionUntilItRunsOut(t *testing.T) {
	tickets := Tickets{Key: []byte("key")}
	ticket := tickets.Issue(7, opened.Add(TicketLife))
	id, err := tickets.Check(ticket, 7, opened)
	if err != nil || id == "" {
		t.Fatalf("good ticket: id %q, error %v", id, err)
	}
	if other, _ := tickets.Check(tickets.Issue(7, opened.Add(TicketLife)), 7, opened); other == id {
		t.Error("two tickets have the same id")
	}
	tampered := "A" + ticket[1:]
	if tampered == ticket {
		tampered = "B" + ticket[1:]
	}
	for name, tt := range map[string]struct {
		ticket  string
		session SessionID
		at      time.Time
		want    Code
	}{
		"another session":  {ticket, 8, opened, CodeTicketWrong},
		"run out":          {ticket, 7, opened.Add(TicketLife + time.Second), CodeTicketOld},
		"tampered with":    {tampered, 7, opened, CodeTicketWrong},
		"another key":      {Tickets{Key: []byte("other")}.Issue(7, opened.Add(time.Hour)), 7, opened, CodeTicketWrong},
		"cut short":        {ticket[:20], 7, opened, CodeTicketWrong},
		"nothing":          {"", 7, opened, CodeTicketWrong},
		"not even base64 ": {strings.Repeat("!", len(ticket)), 7, opened, CodeTicketWrong},
	} {
		if _, err := tickets.Check(tt.ticket, tt.session, tt.at); codeOf(err) != tt.want {
			t.Errorf("%s: got %q, want %q", name, codeOf(err), tt.want)
		}
	}
}

func FuzzCodesAndTickets(f *testing.F) {
	c := Codes{Secret: bytes.Repeat([]byte{7}, CodeSecretSize), Step: 5 * time.Second, Grace: 1}
	shown, _ := c.At(opened)
	ticket := Tickets{Key: []byte("key")}.Issue(7, opened.Add(TicketLife))
	f.Add(shown.QR)
	f.Add(shown.Digits)
	f.Add(ticket)
	f.Fuzz(func(t *testing.T, s string) {
		if err := c.Check(s, opened.Add(time.Hour)); err == nil {
			t.Errorf("code %q taken an hour late", s)
		}
		if _, err := (Tickets{Key: []byte("other")}).Check(s, 7, opened); err == nil {
			t.Errorf("ticket %q taken with another key", s)
		}
	})
}
