package attendance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Meaning is what an institution makes of a mark, or of a status that it has beside the
// marks: how it is called and written, and what it is worth.
type Meaning struct {
	Mark   Mark
	Key    string // which status of the mark this is; empty: the mark itself
	Name   string
	Letter string
	Points int // hundredths of a point
	Counts CountsAs
}

// Marking is a mark with the status that it stands for; without one it is the mark itself.
type Marking struct {
	Mark   Mark
	Status string // the Key of a [Meaning]
}

// CountsAs says what a mark is in a student's attendance.
type CountsAs uint8

// What marks can count as.
const (
	CountsOut   CountsAs = iota // as if the session had not been
	CountsThere                 // the student was there
	CountsAway                  // the student was not
)

var countsNames = [...]string{"out", "there", "away"}

// String returns its name as it stands in the API.
func (c CountsAs) String() string { return countsNames[c] }

// ParseCountsAs is the inverse of [CountsAs.String].
func ParseCountsAs(s string) (CountsAs, bool) {
	for i, name := range countsNames {
		if name == s {
			return CountsAs(i), true
		}
	}
	return CountsOut, false
}

// StatusSetID identifies a [StatusSet].
type StatusSetID int64

// DefaultStatusSetID is the set of courses that have chosen no other.
const DefaultStatusSetID StatusSetID = 1

// StatusSet is what an institution makes of marks, for the courses that choose it.
type StatusSet struct {
	ID   StatusSetID
	Name string
	// Meanings has those of the four marks themselves, in their order, and then those of
	// other statuses.
	Meanings []Meaning
}

// DefaultStatusSet returns the set of an institution that has not said otherwise: present
// and late are there and worth a point, absent is away, excused and no mark do not count.
func DefaultStatusSet() *StatusSet {
	return &StatusSet{ID: DefaultStatusSetID, Name: "Usual", Meanings: []Meaning{
		{Present, "", "Present", "P", 100, CountsThere},
		{Late, "", "Late", "L", 100, CountsThere},
		{Absent, "", "Absent", "A", 0, CountsAway},
		{Excused, "", "Excused", "E", 0, CountsOut},
	}}
}

// FindStatusSet returns the set with that id; if there is none, the first one.
func FindStatusSet(sets []StatusSet, id StatusSetID) *StatusSet {
	for i := range sets {
		if sets[i].ID == id {
			return &sets[i]
		}
	}
	return &sets[0]
}

var noMeaning = Meaning{Name: "Not marked"}

// Of returns what the set makes of a marking. A status that the set does not have is the
// mark itself: it was set while the course had another set, or before this one changed.
func (s *StatusSet) Of(m Marking) *Meaning {
	if m.Mark == Unset {
		return &noMeaning
	}
	if m.Status != "" {
		for i := range s.Meanings {
			if one := &s.Meanings[i]; one.Key == m.Status && one.Mark == m.Mark {
				return one
			}
		}
	}
	return &s.Meanings[m.Mark-Present]
}

// Check refuses a marking with a status that the set does not have.
func (s *StatusSet) Check(m Marking) error {
	if m.Status == "" || s.Of(m).Key == m.Status {
		return nil
	}
	return &Error{Code: CodeBadMessage, Field: "marks", Message: fmt.Sprintf("The course's statuses have no %q among those of %q. Load the page again.", m.Status, m.Mark)}
}

// Limits of a [StatusSet].
const (
	MaxStatuses    = 20     // the four marks among them
	MaxStatusKey   = 20     // characters
	MaxMeaningName = 30     // characters
	MaxPoints      = 100_00 // hundredths
)

// Validate returns an [Error] that names the first thing that is wrong: names and
// letters tell statuses apart, in any case.
func (s *StatusSet) Validate() error {
	if !isName(s.Name) {
		return BadField("name", fmt.Sprintf("a text of 1 to %d characters", MaxMeaningName))
	}
	if len(s.Meanings) < MarkCount-1 || len(s.Meanings) > MaxStatuses {
		return BadField("statuses", fmt.Sprintf("the four marks and at most %d others", MaxStatuses-MarkCount+1))
	}
	seen := map[string]bool{"u": true, "unset": true, "not marked": true}
	keys := make(map[string]bool)
	for i := range s.Meanings {
		one := &s.Meanings[i]
		own := i < MarkCount-1 // of a mark itself
		field := one.Mark.String()
		if !own {
			field = fmt.Sprintf("statuses[%d]", i)
		}
		switch {
		case own != (one.Key == "") || own && one.Mark != Present+Mark(i):
			return BadField("statuses", "the four marks without a key, and then others with one")
		case one.Mark == Unset || one.Mark >= MarkCount:
			return BadField(field+".mark", `"present", "late", "absent" or "excused"`)
		case !own && (!ValidStatusKey(one.Key) || keys[one.Key]):
			return BadField(field+".key", fmt.Sprintf("1 to %d characters of a-z 0-9 _ -, and different from the other keys", MaxStatusKey))
		case !isName(one.Name):
			return BadField(field+".name", fmt.Sprintf("a text of 1 to %d characters", MaxMeaningName))
		case utf8.RuneCountInString(one.Letter) != 1 || !isLetter(one.Letter):
			return BadField(field+".letter", "one letter or digit")
		case one.Points < 0 || one.Points > MaxPoints:
			return BadField(field+".points", "from 0 to 100")
		case one.Counts > CountsAway:
			return BadField(field+".counts", `"there", "away" or "out"`)
		case seen[strings.ToLower(one.Name)]:
			return BadField(field+".name", "different from the names and letters of the other statuses")
		case seen[strings.ToLower(one.Letter)]:
			return BadField(field+".letter", "different from the names and letters of the other statuses")
		}
		keys[one.Key] = true
		seen[strings.ToLower(one.Name)], seen[strings.ToLower(one.Letter)] = true, true
	}
	return nil
}

func isName(s string) bool {
	return strings.TrimSpace(s) == s && s != "" && utf8.RuneCountInString(s) <= MaxMeaningName && IsText(s)
}

func isLetter(s string) bool {
	return strings.ToUpper(s) != strings.ToLower(s) || s >= "0" && s <= "9"
}

// ValidStatusKey reports whether a status can have this key.
func ValidStatusKey(key string) bool {
	return key != "" && len(key) <= MaxStatusKey && !strings.ContainsFunc(key, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-'
	})
}

// Parse reads a mark or status as people write it: by its letter or its name, in any
// case, or else by its key or by what the mark is called if nobody says otherwise.
func (s *StatusSet) Parse(text string) (Marking, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	switch text {
	case "-", "–":
		return Marking{}, true
	case "✓", "✔":
		return Marking{Mark: Present}, true
	}
	called := func(m Meaning) bool { return text == strings.ToLower(m.Letter) || text == strings.ToLower(m.Name) }
	if i := slices.IndexFunc(s.Meanings, called); i >= 0 {
		return Marking{s.Meanings[i].Mark, s.Meanings[i].Key}, true
	}
	if i := slices.IndexFunc(s.Meanings, func(m Meaning) bool { return text != "" && text == m.Key }); i >= 0 {
		return Marking{s.Meanings[i].Mark, text}, true
	}
	usual := DefaultStatusSet().Meanings
	if i := slices.IndexFunc(usual, called); i >= 0 {
		return Marking{Mark: usual[i].Mark}, true
	}
	mark, ok := ParseMark(text)
	return Marking{Mark: mark}, ok
}

// meaningText is a [Meaning] as it is kept.
type meaningText struct {
	Mark   string `json:"mark"`
	Key    string `json:"key,omitempty"`
	Name   string `json:"name"`
	Letter string `json:"letter"`
	Points int    `json:"points"`
	Counts string `json:"counts"`
}

// MeaningsText returns what a set makes of marks as a text to be kept.
func (s *StatusSet) MeaningsText() string {
	all := make([]meaningText, len(s.Meanings))
	for i, m := range s.Meanings {
		all[i] = meaningText{m.Mark.String(), m.Key, m.Name, m.Letter, m.Points, m.Counts.String()}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // only our own plain types come here
	}
	return string(text)
}

// ParseStatusSet is the inverse of [StatusSet.MeaningsText].
func ParseStatusSet(id StatusSetID, name, meanings string) (*StatusSet, error) {
	var all []meaningText
	if err := json.Unmarshal([]byte(meanings), &all); err != nil {
		return nil, fmt.Errorf("status set %d is kept as %q: %w", id, meanings, err)
	}
	s := &StatusSet{ID: id, Name: name, Meanings: make([]Meaning, len(all))}
	for i, m := range all {
		mark, ok1 := ParseMark(m.Mark)
		counts, ok2 := ParseCountsAs(m.Counts)
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("status set %d has a mark %q that counts as %q, which this program does not know", id, m.Mark, m.Counts)
		}
		s.Meanings[i] = Meaning{mark, m.Key, m.Name, m.Letter, m.Points, counts}
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("status set %d: %w", id, err)
	}
	return s, nil
}
