package attendance_test

import (
	"errors"
	"testing"

	. "github.com/muster-live/muster/attendance"
)

// someStatuses is the default set with two statuses beside the marks.
func someStatuses() *StatusSet {
	s := DefaultStatusSet()
	s.Meanings = append(s.Meanings, Meaning{Present, "online", "Online", "O", 100, CountsThere}, Meaning{Late, "left_early", "Left early", "X", 50, CountsThere})
	return s
}

func TestStatusesMustBeToldApart(t *testing.T) {
	for field, change := range map[string]func(*StatusSet){
		"":                   func(*StatusSet) {},
		"name":               func(s *StatusSet) { s.Name = "" },
		"statuses":           func(s *StatusSet) { s.Meanings = s.Meanings[1:] },
		"late.letter":        func(s *StatusSet) { s.Meanings[1].Letter = "p" },
		"absent.letter":      func(s *StatusSet) { s.Meanings[2].Letter = "AB" },
		"present.letter":     func(s *StatusSet) { s.Meanings[0].Letter = "-" },
		"excused.name":       func(s *StatusSet) { s.Meanings[3].Name = "LATE" },
		"present.name":       func(s *StatusSet) { s.Meanings[0].Name = " " },
		"late.points":        func(s *StatusSet) { s.Meanings[1].Points = -1 },
		"statuses[5].key":    func(s *StatusSet) { s.Meanings[5].Key = "online" },
		"statuses[4].key":    func(s *StatusSet) { s.Meanings[4].Key = "On line" },
		"statuses[5].letter": func(s *StatusSet) { s.Meanings[5].Letter = "o" },
		"statuses[4].mark":   func(s *StatusSet) { s.Meanings[4].Mark = Unset },
	} {
		s := someStatuses()
		change(s)
		err := s.Validate()
		var e *Error
		if field == "" && err != nil || field != "" && (!errors.As(err, &e) || e.Field != field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestMarksAreReadAsTheInstitutionCallsThemAndAsUsual(t *testing.T) {
	s := someStatuses()
	s.Meanings[2].Name, s.Meanings[2].Letter = "Fehlt", "F"
	s.Meanings[3].Name, s.Meanings[3].Letter = "Attest", "A"
	for text, want := range map[string]Marking{
		"f": {Mark: Absent}, "FEHLT": {Mark: Absent}, "a": {Mark: Excused}, "Attest": {Mark: Excused}, "absent": {Mark: Absent}, "E": {Mark: Excused}, "p": {Mark: Present},
		"-": {}, "✓": {Mark: Present}, "unset": {}, "o": {Present, "online"}, " left EARLY": {Late, "left_early"}, "left_early": {Late, "left_early"},
	} {
		if got, ok := s.Parse(text); !ok || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, ok, want)
		}
	}
	if _, ok := s.Parse("z"); ok {
		t.Error("z was read")
	}
}

// What a course's set does not have is not lost: it is the mark that it belongs to.
func TestAStatusThatTheSetDoesNotHaveIsItsMark(t *testing.T) {
	s := someStatuses()
	for m, want := range map[Marking]string{{Present, "online"}: "Online", {Late, "online"}: "Late", {Late, "gone"}: "Late", {Late, ""}: "Late", {}: "Not marked"} {
		if got := s.Of(m).Name; got != want {
			t.Errorf("%v is %q, want %q", m, got, want)
		}
	}
	if s.Check(Marking{Late, "online"}) == nil || s.Check(Marking{Late, "left_early"}) != nil || s.Check(Marking{Mark: Late}) != nil {
		t.Error("not those that there are may be set")
	}
}

func TestASetIsKeptWhole(t *testing.T) {
	s := someStatuses()
	got, err := ParseStatusSet(s.ID, s.Name, s.MeaningsText())
	if err != nil || got.MeaningsText() != s.MeaningsText() || len(got.Meanings) != 6 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ParseStatusSet(1, "x", `[{"mark":"gone"}]`); err == nil {
		t.Error("a set of marks that there are not was read")
	}
}
