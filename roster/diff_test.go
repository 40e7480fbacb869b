package roster_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/attendance"
	. "github.com/muster-live/muster/roster"
)

// imported returns what a store has after a school was imported.
func imported(t *testing.T, s school) *Current {
	t.Helper()
	return current(&Current{}, Diff(s.read(t), &Current{}))
}

// delta makes the school's manifest say that its files hold changes only, and leaves
// nothing but headings in them.
func (s school) delta() school {
	for name, text := range s {
		head, _, _ := strings.Cut(text, "\n")
		if name != "manifest.csv" {
			s[name] = head + "\n"
		}
	}
	s["manifest.csv"] = strings.ReplaceAll(s["manifest.csv"], "bulk", "delta")
	return s
}

func TestSameBundleTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSchool()
	cs := Diff(s.read(t), imported(t, s))
	if diff := cmp.Diff(Counts{Same: 8}, cs.Counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDigestTellsChangeSetsApart(t *testing.T) {
	t.Parallel()
	s := newSchool()
	first := Diff(s.read(t), &Current{})
	if again := Diff(s.read(t), &Current{}); again.Digest != first.Digest {
		t.Error("the same change set has another digest")
	}
	s["users.csv"] = strings.Replace(s["users.csv"], "Ada", "Eda", 1)
	if other := Diff(s.read(t), &Current{}); other.Digest == first.Digest {
		t.Error("another change set has the same digest")
	}
	if later := Diff(newSchool().read(t), imported(t, newSchool())); later.Digest == first.Digest {
		t.Error("the same files have the same digest when they change nothing any more")
	}
}

func TestDiffSaysWhatChanges(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(school)
		want   []string
	}{
		"a name": {func(s school) { s["users.csv"] = strings.Replace(s["users.csv"], "Ada,Lovelace", "Ada,King", 1) },
			[]string{"change person users.csv:4 Ada King: family: Lovelace → King"}},
		"an empty cell": {func(s school) { s["users.csv"] = strings.Replace(s["users.csv"], "alan@example.edu", "", 1) }, nil},
		"an account is disabled": {func(s school) { s["users.csv"] = strings.Replace(s["users.csv"], "007,,true", "007,,false", 1) },
			[]string{"change person users.csv:4 Ada Lovelace: may sign in: yes → no"}},
		"a role": {func(s school) {
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "u2,aide", "u2,teacher", 1)
		},
			[]string{"change enrolment enrollments.csv:3 Grace Hopper: role: assistant → teacher in CS101 Algorithms"}},
		"a role we don't keep": {func(s school) {
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "u2,aide", "u2,proctor", 1)
		},
			[]string{"end enrolment enrollments.csv:3 Grace Hopper: assistant in CS101 Algorithms"}},
		"a title": {func(s school) { s["classes.csv"] = strings.Replace(s["classes.csv"], "Algorithms", "Algorithms I", 1) },
			[]string{"change course classes.csv:2 Algorithms I: title: Algorithms → Algorithms I"}},
		"a term": {func(s school) {
			s["academicSessions.csv"] += "t2,,Spring 2027,term,,\n"
			s["classes.csv"] = strings.Replace(s["classes.csv"], "t1", "t2", 1)
		}, []string{"change course classes.csv:2 Algorithms: term: t2", "add term academicSessions.csv:3 Spring 2027"}},
		"an enrolment is missing": {func(s school) {
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "e3,,c1,007,student\n", "", 1)
		},
			[]string{"end enrolment Ada Lovelace: student in CS101 Algorithms, no longer in the files"}},
		"an enrolment is to be deleted": {func(s school) {
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "e3,", "e3,tobedeleted", 1)
		},
			[]string{"end enrolment enrollments.csv:4 Ada Lovelace: student in CS101 Algorithms"}},
		"a person is to be deleted": {func(s school) { s["users.csv"] = strings.Replace(s["users.csv"], "007,", "007,tobedeleted", 1) },
			[]string{"end person users.csv:4 Ada Lovelace: may no longer sign in", "end enrolment users.csv:4 Ada Lovelace: student in CS101 Algorithms"}},
		"a person is missing": {func(s school) {
			s["users.csv"] = strings.Replace(s["users.csv"], "007,,true,student,ada,Ada,Lovelace,,,\n", "", 1)
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "e3,,c1,007,student\n", "", 1)
		}, []string{"end enrolment Ada Lovelace: student in CS101 Algorithms, no longer in the files"}},
		"an enrolment moves to another course": {func(s school) {
			s["classes.csv"] += "c2,,Botany,,BIO,t1\n"
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "e3,,c1", "e3,,c2", 1)
		}, []string{
			"end enrolment Ada Lovelace: student in CS101 Algorithms, no longer in the files",
			"add course classes.csv:3 Botany: code BIO",
			"add enrolment enrollments.csv:4 Ada Lovelace: student in BIO Botany",
		}},
		"the same enrolment by another id": {func(s school) { s["enrollments.csv"] += "e4,,c1,007,student\n" }, nil},
		// The course keeps its people, so that its reports stay open to its teachers.
		"a course is over": {func(s school) {
			s["classes.csv"] = "sourcedId,status,title,courseSourcedId,classCode,termSourcedIds\n"
			s["enrollments.csv"] = "sourcedId,status,classSourcedId,userSourcedId,role\n"
		}, []string{"end course Algorithms: no longer in the files"}},
		"a course is to be deleted": {func(s school) { s["classes.csv"] = strings.Replace(s["classes.csv"], "c1,", "c1,tobedeleted", 1) },
			[]string{"end course classes.csv:2 Algorithms"}},
		"what was never here is to be deleted": {func(s school) {
			s["classes.csv"] += "c9,tobedeleted,Old,,,\n"
			s["users.csv"] += "u9,tobedeleted,,student,,Old,Timer,,,\n"
			s["enrollments.csv"] += "e8,tobedeleted,c9,u9,student\ne9,,c1,u9,student\ne10,,c9,u1,teacher\n"
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was := imported(t, newSchool())
			s := newSchool()
			tt.change(s)
			cs := Diff(s.read(t), was)
			if diff := cmp.Diff(tt.want, told(cs)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again := Diff(s.read(t), current(was, cs)); again.Counts.Changes() != 0 {
				t.Errorf("the same again would change something: %q", told(again))
			}
		})
	}
}

func TestDeltaRefersToWhatIsStoredAndEndsNothingElse(t *testing.T) {
	t.Parallel()
	was := imported(t, newSchool())
	s := newSchool().delta()
	s["users.csv"] += "u4,,true,student,,Mary,Jackson,,,\n"
	s["enrollments.csv"] += "e4,,c1,u4,student\ne3,tobedeleted,c1,007,student\n"
	want := []string{
		"end enrolment enrollments.csv:3 Ada Lovelace: student in CS101 Algorithms",
		"add person users.csv:2 Mary Jackson",
		"add enrolment enrollments.csv:2 Mary Jackson: student in CS101 Algorithms",
	}
	if diff := cmp.Diff(want, told(Diff(s.read(t), was))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A mistake in a file is no reason to throw anyone out of a course.
func TestRejectedRowEndsNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(school){
		"of an enrolment": func(s school) {
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "007,student", "007,boss", 1)
		},
		"of a person": func(s school) { s["users.csv"] = strings.Replace(s["users.csv"], "Ada,Lovelace", ",", 1) },
		"of a course": func(s school) { s["classes.csv"] = strings.Replace(s["classes.csv"], "Algorithms", "", 1) },
		"that nobody can read": func(s school) {
			s["enrollments.csv"] = strings.Replace(s["enrollments.csv"], "e3,,c1,007,student", `e"3,,c1,007,student`, 1)
		},
	} {
		was := imported(t, newSchool())
		s := newSchool()
		change(s)
		s["courses.csv"] = "sourcedId,status,title,courseCode\n" // no title to fall back on
		if cs := Diff(s.read(t), was); cs.Counts.Rejects == 0 || cs.Counts.Changes() != 0 {
			t.Errorf("%s: %q", name, told(cs))
		}
	}
}

// Who was enrolled by hand or from a plain file is not the bundle's to end.
func TestBulkFileEndsOnlyWhatCameFromOne(t *testing.T) {
	t.Parallel()
	was := imported(t, newSchool())
	was.People = append(was.People, StoredPerson{ID: 90, Given: "Guest", Active: true})
	was.Courses = append(was.Courses, StoredCourse{ID: 91, Code: "CHESS", Title: "Chess", Active: true})
	was.Enrolments = append(was.Enrolments, StoredEnrolment{Course: 1, Person: 90, Role: attendance.Student}, StoredEnrolment{Course: 91, Person: 3, Role: attendance.Student})
	if cs := Diff(newSchool().read(t), was); cs.Counts.Changes() != 0 {
		t.Errorf("%q", told(cs))
	}
}

func TestNoImportLocksAnAdministratorOut(t *testing.T) {
	t.Parallel()
	for _, row := range []string{"u1,tobedeleted,true,teacher,alan,Alan,Turing,,,", "u1,,false,teacher,alan,Alan,Turing,,,"} {
		was := imported(t, newSchool())
		was.People[0].Admin = true
		s := newSchool()
		s["users.csv"] = "sourcedId,status,enabledUser,role,username,givenName,familyName,email,phone,password\n" + row + "\n"
		want := "person users.csv:2 Alan Turing: This person administers muster, and no import may lock them out. Take that role away first."
		cs := Diff(s.read(t), was)
		if got := rejects(s.read(t), was); len(got) == 0 || got[0] != want || len(cs.Locked) != 0 {
			t.Errorf("%s: got %q", row, got)
		}
	}
}

// A rejected row leaves its person the username, so that who wanted it cannot have it.
func TestRejectedUsernameStaysWithItsHolder(t *testing.T) {
	t.Parallel()
	was := imported(t, newSchool())
	was.People = append(was.People, StoredPerson{ID: 90, Ref: "x", Given: "Guest", Username: "guest", Active: true})
	s := newSchool()
	// Grace wants Ada's username, Ada wants that of a guest, who keeps it.
	s["users.csv"] = strings.NewReplacer(",grace,", ",ada,", ",ada,Ada", ",guest,Ada").Replace(s["users.csv"])
	want := []string{
		"person users.csv:3 Grace Hopper: username: ada is the username of Ada Lovelace, whose row is rejected.",
		"person users.csv:4 Ada Lovelace: username: guest is the username of Guest.",
	}
	got := rejects(s.read(t), was)
	if diff := cmp.Diff(want, got[:2]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRejectsComeFirstAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	s := newSchool()
	for range MaxShown {
		s["users.csv"] += ",,,,,,,,,\n" // empty, and skipped
	}
	for i := range MaxShown {
		s["users.csv"] += strings.Repeat("v", i%190+1) + strings.Repeat("w", i/190) + ",,true,student,,New,Comer,,,\n"
	}
	s["enrollments.csv"] += "e9,,c1,nobody,student\n"
	cs := Diff(s.read(t), &Current{})
	if n := cs.Counts.Changes() + cs.Counts.Rejects; len(cs.Rows) != MaxShown || cs.More != n-MaxShown || cs.Rows[0].Change != Rejected {
		t.Errorf("%d rows and %d more, of %d; the first is %v", len(cs.Rows), cs.More, n, cs.Rows[0])
	}
}
