package report

import "github.com/muster-live/muster/attendance"

// Tally is how many there are of each mark and status.
type Tally map[attendance.Marking]int

// Counts returns how many there are of each mark, whatever its status.
func (t Tally) Counts() (n attendance.Counts) {
	for m, k := range t {
		n[m.Mark] += k
	}
	return n
}

// Score is what a student, a session or a course comes to.
type Score struct {
	Counts  attendance.Counts
	Points  float64
	Of      float64 // the points there could be: for each mark that counts, what a mark is worth at the most
	There   int     // marks that count as having been there
	Counted int     // marks that count
}

// Add adds another score up with this one.
func (s *Score) Add(o Score) {
	for m := range s.Counts {
		s.Counts[m] += o.Counts[m]
	}
	s.Points, s.Of = s.Points+o.Points, s.Of+o.Of
	s.There, s.Counted = s.There+o.There, s.Counted+o.Counted
}

// Share is in which part of what counts they were there; false if nothing counts.
func (s *Score) Share() (share float64, ok bool) {
	if s.Counted == 0 {
		return 0, false
	}
	return float64(s.There) / float64(s.Counted), true
}

// Counting says what marks are worth, by a status set. What does not count is as if the
// session had not been.
type Counting struct {
	set  *attendance.StatusSet
	most float64
}

// CountingBy counts by a status set.
func CountingBy(set *attendance.StatusSet) Counting {
	c := Counting{set: set}
	for i := range set.Meanings {
		c.most = max(c.most, points(&set.Meanings[i]))
	}
	return c
}

func points(m *attendance.Meaning) float64 { return float64(m.Points) / 100 }

// Score returns what so many of each mark and status come to.
func (c Counting) Score(n Tally) Score {
	s := Score{Counts: n.Counts()}
	for marking, k := range n {
		m := c.set.Of(marking)
		s.Points += points(m) * float64(k)
		if m.Counts == attendance.CountsOut {
			continue
		}
		s.Of += c.most * float64(k)
		s.Counted += k
		if m.Counts == attendance.CountsThere {
			s.There += k
		}
	}
	return s
}

// ScoreBy adds up what has been counted by several sets.
func ScoreBy(sets []attendance.StatusSet, tallies map[attendance.StatusSetID]Tally) (all Score) {
	for id, t := range tallies {
		all.Add(CountingBy(attendance.FindStatusSet(sets, id)).Score(t))
	}
	return all
}
