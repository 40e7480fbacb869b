package identity_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

func TestSignInByPassword(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.joined(sam, "sam")
	for _, username := range []string{"sam", " SAM "} {
		token, person, err := s.SignIn(t.Context(), username, goodPassword, "192.0.2.1", "Firefox")
		if err != nil || person != sam {
			t.Fatalf("sign in as %q: person %d, %v", username, person, err)
		}
		if v := s.viewer(token); v.Person != sam || v.Admin {
			t.Fatalf("the token stands for %+v", v)
		}
	}
	for name, try := range map[string][2]string{
		"a wrong password":                 {"sam", "correct horse batteries"},
		"an empty password":                {"sam", ""},
		"a username that nobody has":       {"samuel", goodPassword},
		"somebody who has no password":     {"turing", ""},
		"a password of a million letters":  {"sam", strings.Repeat("x", 1_000_000)},
		"an empty username":                {"", goodPassword},
		"SQL that is none of our business": {"' OR 1=1 --", goodPassword},
	} {
		_, _, err := s.SignIn(t.Context(), try[0], try[1], "192.0.2.1", "")
		if e := attendance.AsError(err); err == nil || e.Code != attendance.CodeNotSignedIn {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASignInRunsOut(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	token := s.joined(sam, "sam")
	s.clock.Advance(identity.SignInLife - time.Second)
	if v := s.viewer(token); v.Person != sam {
		t.Fatal("a sign-in ended before its time")
	}
	s.clock.Advance(time.Second)
	if v := s.viewer(token); v.SignedIn() {
		t.Fatal("a sign-in outlived its time")
	}
}

func TestSigningOutEndsOneSignInAtOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	phone := s.joined(sam, "sam")
	laptop, _, err := s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignOut(t.Context(), s.viewer(phone)); err != nil {
		t.Fatal(err)
	}
	if s.viewer(phone).SignedIn() || !s.viewer(laptop).SignedIn() {
		t.Fatal("signing out on the phone must end the phone's sign-in, and no other")
	}
	if !slices.Contains(s.ended, sam) {
		t.Fatal("live connections were not told")
	}
}

func TestADeactivatedPersonIsOutAtOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	token := s.joined(sam, "sam")
	s.exec(`UPDATE people SET active = 0 WHERE id = ?`, sam)
	if s.viewer(token).SignedIn() {
		t.Error("the sign-in still holds")
	}
	_, _, err := s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", "")
	refused(t, err, attendance.CodeNotSignedIn, "password")
	_, err = s.Invite(t.Context(), ada, zoe)
	refused(t, err, attendance.CodeConflict, "")
}

func TestANewPasswordEndsAllOtherWaysIn(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	here := s.joined(sam, "sam")
	elsewhere, _, err := s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", "")
	if err != nil {
		t.Fatal(err)
	}
	link := s.invited(sam)
	const better = "an even better password"

	refused(t, s.ChangePassword(t.Context(), s.viewer(here), "wrong", better, "192.0.2.1"), attendance.CodeForbidden, "old")
	refused(t, s.ChangePassword(t.Context(), s.viewer(here), goodPassword, "short", "192.0.2.1"), attendance.CodeBadMessage, "new")
	if err := s.ChangePassword(t.Context(), s.viewer(here), goodPassword, better, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}

	if !s.viewer(here).SignedIn() || s.viewer(elsewhere).SignedIn() {
		t.Error("the sign-in that changed the password must stay, every other end")
	}
	_, err = s.Joiner(t.Context(), link)
	refused(t, err, attendance.CodeConflict, "")
	_, _, err = s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", "")
	refused(t, err, attendance.CodeNotSignedIn, "password")
	if _, _, err := s.SignIn(t.Context(), "sam", better, "192.0.2.1", ""); err != nil {
		t.Errorf("sign in with the new password: %v", err)
	}
}

func TestTooManyWrongTriesMustWait(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.joined(sam, "sam")
	wrong := func(address string) error {
		_, _, err := s.SignIn(t.Context(), "Sam", "a wrong password", address, "")
		return err
	}
	for range 10 {
		refused(t, wrong("192.0.2.1"), attendance.CodeNotSignedIn, "password")
	}
	e := refused(t, wrong("198.51.100.7"), attendance.CodeTooManyTries, "")
	if e.Retry != 30*time.Second || !strings.Contains(e.Message, "30 s") {
		t.Fatalf("wait %v, said as %q; want 30 s", e.Retry, e.Message)
	}
	// Not even the right password, or else guessing could go on.
	_, _, err := s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", "")
	refused(t, err, attendance.CodeTooManyTries, "")
	s.clock.Advance(e.Retry)
	if _, _, err := s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", ""); err != nil {
		t.Fatalf("after the wait: %v", err)
	}
}

func TestRightPasswordsCostNoTries(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.joined(sam, "sam")
	for range 15 {
		if _, _, err := s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", ""); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADisplayTokenShowsOneDisplayAndNothingElse(t *testing.T) {
	t.Parallel()
	s, other := newSchool(t), newSchool(t)
	token := s.DisplayToken(42)
	if v := s.viewer(token); v != (identity.Viewer{Display: 42}) {
		t.Errorf("it stands for %+v", v)
	}
	if v := other.viewer(token); v != (identity.Viewer{}) {
		t.Errorf("another installation takes it for %+v", v)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	s := newSchool(b)
	token := s.joined(sam, "sam")
	for b.Loop() {
		s.viewer(token)
	}
}
