package identity_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

func TestAJoinLinkLetsOneInOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	link := s.invited(sam)
	for range 2 { // looking does not use it up
		if acc, err := s.Joiner(t.Context(), link); err != nil || acc.Given != "Sam" || acc.HasPassword {
			t.Fatalf("the link is for %+v, %v", acc, err)
		}
	}
	token, person, err := s.Join(t.Context(), link, "sam", goodPassword, "Safari")
	if err != nil || person != sam || s.viewer(token).Person != sam {
		t.Fatalf("join: person %d, %v", person, err)
	}
	_, _, err = s.Join(t.Context(), link, "", "another password", "Safari")
	refused(t, err, attendance.CodeConflict, "")
	if _, _, err := s.SignIn(t.Context(), "sam", goodPassword, "192.0.2.1", ""); err != nil {
		t.Fatalf("sign in with what was chosen: %v", err)
	}
}

func TestOfManyWhoUseALinkAtOnceOneGetsIn(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	link := s.invited(sam)
	var in atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			// Hashing the password takes long enough for all to find the link unused.
			_, _, err := s.Join(t.Context(), link, "sam", goodPassword, "")
			switch {
			case err == nil:
				in.Add(1)
			case attendance.AsError(err).Code != attendance.CodeConflict:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Fatalf("%d got in", in.Load())
	}
}

func TestAJoinLinkRunsOut(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	link := s.invited(sam)
	s.clock.Advance(identity.JoinLinkLife)
	_, _, err := s.Join(t.Context(), link, "", "", "")
	refused(t, err, attendance.CodeConflict, "")
	for _, text := range []string{"", "x", link[1:] + "A", link + "A"} {
		_, err := s.Joiner(t.Context(), text)
		refused(t, err, attendance.CodeNotFound, "")
	}
}

func TestJoiningChecksWhatIsChosen(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	for name, c := range map[string]struct {
		person             attendance.PersonID
		username, password string
		code               attendance.Code
		field              string
	}{
		"a short password":                   {sam, "sam", "short", attendance.CodeBadMessage, "password"},
		"the username again":                 {sam, "samuel.student", "Samuel.Student", attendance.CodeBadMessage, "password"},
		"a password without a username":      {sam, "", goodPassword, attendance.CodeBadMessage, "username"},
		"spaces in the username":             {sam, "sam s", goodPassword, attendance.CodeBadMessage, "username"},
		"another username than one's own":    {turing, "alan", goodPassword, attendance.CodeBadMessage, "username"},
		"somebody else's username":           {sam, "Turing", goodPassword, attendance.CodeConflict, "username"},
		"a username with no visible letters": {sam, "\u200b\u200b", goodPassword, attendance.CodeBadMessage, "username"},
	} {
		link := s.invited(c.person)
		_, _, err := s.Join(t.Context(), link, c.username, c.password, "")
		if e := attendance.AsError(err); err == nil || e.Code != c.code || e.Field != c.field {
			t.Errorf("%s: %v, want %s for %q", name, err, c.code, c.field)
		}
		if _, err := s.Joiner(t.Context(), link); err != nil {
			t.Errorf("%s used the link up: %v", name, err)
		}
	}
}

func TestAPasswordSetByLinkEndsEarlierSignInsAndLinks(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	before := s.joined(sam, "sam")
	other := s.invited(sam)
	after := s.joined(sam, "SAM") // the username that there is may be said again
	if s.viewer(before).SignedIn() || !s.viewer(after).SignedIn() {
		t.Error("only the new sign-in must hold")
	}
	_, err := s.Joiner(t.Context(), other)
	refused(t, err, attendance.CodeConflict, "")
	if !slices.Contains(s.ended, sam) {
		t.Error("live connections were not told")
	}
}

func TestATeacherCannotInviteThoseWithMorePower(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	invited := func(by identity.Viewer) (people []attendance.PersonID) {
		made, err := s.InviteCourse(t.Context(), by, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made {
			people = append(people, m.Person)
		}
		slices.Sort(people)
		return people
	}
	if got := invited(identity.Viewer{Person: turing}); !slices.Equal(got, []attendance.PersonID{sam}) {
		t.Errorf("the teacher invited %v, want Sam alone", got)
	}
	if got := invited(identity.Viewer{Person: ada, Admin: true}); !slices.Equal(got, []attendance.PersonID{ada, turing, tess, sam}) {
		t.Errorf("the administrator invited %v, want all who are active", got)
	}
	s.joined(sam, "sam")
	if got := invited(identity.Viewer{Person: turing}); len(got) != 0 {
		t.Errorf("invited %v, who has a password", got)
	}
	var audited int
	if err := s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM audit WHERE action = 'make join link' AND actor = ?`, turing).Scan(&audited); err != nil || audited != 1 {
		t.Errorf("%d of the teacher's links in the audit, want 1 (%v)", audited, err)
	}
}

func TestTheFirstStartInvitesAnAdministrator(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.exec(`UPDATE people SET admin = 0`)
	var link string
	for range 2 { // again, as long as nobody has used it
		var needed bool
		var err error
		if link, needed, err = s.InviteAdmin(t.Context()); err != nil || !needed {
			t.Fatalf("needed %v, %v", needed, err)
		}
	}
	token, _, err := s.Join(t.Context(), link, "", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	if v := s.viewer(token); !v.Admin {
		t.Fatalf("%+v is no administrator", v)
	}
	if _, needed, err := s.InviteAdmin(t.Context()); err != nil || needed {
		t.Fatalf("invited another one (%v)", err)
	}
	if _, _, err := s.SignIn(t.Context(), "admin", goodPassword, "192.0.2.1", ""); err != nil {
		t.Fatal(err)
	}
}
