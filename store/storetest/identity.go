package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
)

// identityTests are about signing in and join links.
var identityTests = map[string]test{
	"a sign-in stands for its person until it ends":              signInStandsForPerson,
	"a new password ends all other sign-ins and links":           newPasswordEndsTheRest,
	"a join link works once, whoever else has it":                joinLinkWorksOnce,
	"a link that has run out does nothing":                       oldLinkDoesNothing,
	"a username is one person's, in any case":                    usernameIsOnePersons,
	"of many processes one makes the first administrator":        oneFirstAdministrator,
	"those who need a link are the active ones without password": whoNeedsALink,
}

// token is a token's hash that tells itself from others.
func token(n byte) identity.TokenHash { return identity.TokenHash{n} }

func signIn(n byte, p attendance.PersonID) identity.SignIn {
	return identity.SignIn{Token: token(n), Person: p, Created: tenFifteen, Expires: tenFifteen.Add(time.Hour), Agent: "test"}
}

func addPerson(t *testing.T, s Store, family string) attendance.PersonID {
	t.Helper()
	p, err := s.AddPerson(t.Context(), attendance.Author{}, roster.Person{Given: "Ada", Family: family}, tenFifteen)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signedIn reports whether a sign-in counts.
func signedIn(t *testing.T, s Store, n byte, now time.Time) bool {
	t.Helper()
	found, err := s.SignInViewers(t.Context(), []identity.TokenHash{token(n), token(n + 100)}, now)
	must(t, err)
	v, ok := found[token(n)]
	if len(found) > 1 {
		t.Errorf("a sign-in that never was stands for somebody: %+v", found)
	}
	if ok && (v.Person == 0 || v.SignIn != token(n)) {
		t.Errorf("sign-in %d stands for %+v", n, v)
	}
	return ok
}

func signInStandsForPerson(t *testing.T, open Open) {
	s := open(t)
	ada := addPerson(t, s, "Lovelace")
	must(t, s.AddSignIns(t.Context(), signIn(1, ada), signIn(2, ada)))
	if !signedIn(t, open(t), 1, tenFifteen) || !signedIn(t, s, 2, tenFifteen) {
		t.Error("it is not known")
	}
	if signedIn(t, s, 1, tenFifteen.Add(time.Hour)) {
		t.Error("it counts after it has run out")
	}
	must(t, s.RemoveSignIn(t.Context(), token(1)))
	if signedIn(t, s, 1, tenFifteen) || !signedIn(t, s, 2, tenFifteen) {
		t.Error("after signing out in one place")
	}
	no := false
	if _, _, err := s.ChangePerson(t.Context(), attendance.Author{}, ada, roster.PersonChange{Active: &no}, tenFifteen); err != nil {
		t.Fatal(err)
	}
	if signedIn(t, s, 2, tenFifteen) {
		t.Error("somebody who may no longer sign in still is")
	}
}

func newPasswordEndsTheRest(t *testing.T, open Open) {
	s := open(t)
	ada := addPerson(t, s, "Lovelace")
	must(t, s.AddSignIns(t.Context(), signIn(1, ada), signIn(2, ada)))
	must(t, s.AddJoinLinks(t.Context(), []identity.JoinLink{{Token: token(9), Person: ada, Expires: tenFifteen.Add(time.Hour)}}, tenFifteen))
	for _, hash := range []string{"first", "second"} {
		must(t, s.ChangePassword(t.Context(), ada, hash, token(2), tenFifteen))
	}
	if signedIn(t, s, 1, tenFifteen) || !signedIn(t, s, 2, tenFifteen) {
		t.Error("the one that changed it is to stay, and the others are to end")
	}
	link, account, ok, err := s.JoinLink(t.Context(), token(9))
	must(t, err)
	if !ok || link.Used.IsZero() || !account.HasPassword {
		t.Errorf("link %+v of %+v, %v", link, account, ok)
	}
}

// joining takes the link n for a person, with a sign-in of the same number.
func joining(n byte, p attendance.PersonID, username string) identity.Joining {
	return identity.Joining{Person: p, Username: username, PasswordHash: fmt.Sprint("hash", n), SignIn: signIn(n, p)}
}

func joinLinkWorksOnce(t *testing.T, open Open) {
	s := open(t)
	ada := addPerson(t, s, "Lovelace")
	later := tenFifteen.Add(time.Hour)
	must(t, s.AddJoinLinks(t.Context(), []identity.JoinLink{{Token: token(1), Person: ada, Expires: later}, {Token: token(2), Person: ada, Expires: later}}, tenFifteen))
	var mu sync.Mutex
	var taken []byte
	var all sync.WaitGroup
	for n := byte(10); n < 18; n++ {
		other := open(t)
		all.Go(func() {
			used, err := other.UseJoinLink(t.Context(), token(1+n%2), joining(n, ada, "ada"), tenFifteen)
			if err != nil {
				t.Error(err)
			}
			if used {
				mu.Lock()
				defer mu.Unlock()
				taken = append(taken, n)
			}
		})
	}
	all.Wait()
	if len(taken) != 1 {
		t.Fatalf("of eight at once, with two links of one person, %d got in", len(taken))
	}
	for n := byte(10); n < 18; n++ {
		if signedIn(t, s, n, tenFifteen) != (n == taken[0]) {
			t.Errorf("%d got in, and the sign-in of %d counts: %v", taken[0], n, n != taken[0])
		}
	}
	_, hash, ok, err := s.PasswordOf(t.Context(), "ADA")
	must(t, err)
	if want := fmt.Sprint("hash", taken[0]); !ok || hash != want {
		t.Errorf("password %q, want that of the one who got in, %q", hash, want)
	}
}

func oldLinkDoesNothing(t *testing.T, open Open) {
	s := open(t)
	ada, bob := addPerson(t, s, "Lovelace"), addPerson(t, s, "Builder")
	must(t, s.AddJoinLinks(t.Context(), []identity.JoinLink{{Token: token(1), Person: ada, Expires: tenFifteen}}, tenFifteen))
	for name, j := range map[string]identity.Joining{"run out": joining(1, ada, "ada"), "somebody else's": joining(1, bob, "bob")} {
		if used, err := s.UseJoinLink(t.Context(), token(1), j, tenFifteen); used || err != nil {
			t.Errorf("%s: used %v, error %v", name, used, err)
		}
	}
	if signedIn(t, s, 1, tenFifteen) {
		t.Error("it signed somebody in")
	}
}

func usernameIsOnePersons(t *testing.T, open Open) {
	s := open(t)
	later := tenFifteen.Add(time.Hour)
	var people []attendance.PersonID
	var links []identity.JoinLink
	for n := byte(1); n <= 6; n++ {
		people = append(people, addPerson(t, s, fmt.Sprint("F", n)))
		links = append(links, identity.JoinLink{Token: token(n), Person: people[n-1], Expires: later})
	}
	must(t, s.AddJoinLinks(t.Context(), links, tenFifteen))
	var all sync.WaitGroup
	for i, p := range people {
		other := open(t)
		all.Go(func() {
			n := byte(i + 1)
			name := []string{"ada", "ADA"}[i%2]
			used, err := other.UseJoinLink(t.Context(), token(n), joining(n, p, name), tenFifteen)
			if err != nil && (attendance.AsError(err).Code != attendance.CodeConflict || attendance.AsError(err).Field != "username") {
				t.Error(err)
			}
			if used != (err == nil) {
				t.Errorf("used %v with error %v", used, err)
			}
		})
	}
	all.Wait()
	found := 0
	for _, p := range people {
		a, ok, err := s.Account(t.Context(), p)
		must(t, err)
		if ok && a.Username != "" {
			found++
		}
		if a.HasPassword != (a.Username != "") {
			t.Errorf("person %d was half taken in: %+v", p, a)
		}
	}
	if found != 1 {
		t.Errorf("%d of six who chose one name at once have it", found)
	}
	taken := "Ada"
	_, err := s.AddPerson(t.Context(), attendance.Author{}, roster.Person{Family: "Other", Username: taken}, tenFifteen)
	if e := attendance.AsError(err); e.Code != attendance.CodeConflict || e.Field != "username" {
		t.Errorf("adding another %s: %v", taken, err)
	}
}

func oneFirstAdministrator(t *testing.T, open Open) {
	s := open(t)
	var mu sync.Mutex
	made := make(map[attendance.PersonID]bool)
	var all sync.WaitGroup
	for range 6 {
		other := open(t)
		all.Go(func() {
			p, needed, err := other.AdminToInvite(t.Context(), tenFifteen)
			if err != nil || !needed {
				t.Errorf("needed %v, error %v", needed, err)
			}
			mu.Lock()
			defer mu.Unlock()
			made[p] = true
		})
	}
	all.Wait()
	if len(made) != 1 {
		t.Errorf("made %v, want one administrator", made)
	}
	for p := range made {
		must(t, s.ChangePassword(t.Context(), p, "hash", identity.TokenHash{}, tenFifteen))
	}
	if _, needed, err := s.AdminToInvite(t.Context(), tenFifteen); needed || err != nil {
		t.Errorf("with one who can sign in: needed %v, error %v", needed, err)
	}
}

func whoNeedsALink(t *testing.T, open Open) {
	c := newClass(t, open(t), 4)
	must(t, c.ChangePassword(t.Context(), c.students[1], "hash", identity.TokenHash{}, tenFifteen))
	no := false
	if _, _, err := c.ChangePerson(t.Context(), attendance.Author{}, c.students[2], roster.PersonChange{Active: &no}, tenFifteen); err != nil {
		t.Fatal(err)
	}
	for staff, want := range map[bool][]attendance.PersonID{
		false: {c.students[0], c.students[3]},
		true:  {c.students[0], c.students[3], c.teacher},
	} {
		people, err := c.WithoutPassword(t.Context(), c.course, staff)
		must(t, err)
		var got []attendance.PersonID
		for _, p := range people {
			got = append(got, p.Person)
		}
		same(t, fmt.Sprintf("those who need a link (staff too: %v)", staff), want, got)
	}
}
