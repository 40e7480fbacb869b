package timetable

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
)

// Current is what there is, for a plan to be made.
type Current struct {
	Institution
	Sessions []Session // of the courses concerned
}

// Plan is what is to be done to sessions.
type Plan struct {
	changes.Preview
	Adds    []Session
	Changes []Session // as they are to be
	Rejects []Reject  // all of a source that come to nothing
}

// Missing says what happens to sessions that a source does not have.
type Missing uint8

// What can happen to them, if they are still to come and nobody has opened them.
const (
	KeepMissing      Missing = iota
	CancelVanished           // those that the same source planned are cancelled
	CancelEverything         // all others of the course are, whoever planned them
)

var missingNames = [...]string{"keep", "cancel", "cancel_all"}

// String returns the name as it stands in the API.
func (m Missing) String() string { return missingNames[m] }

// ParseMissing is the inverse of [Missing.String].
func ParseMissing(s string) (Missing, bool) {
	i := slices.Index(missingNames[:], s)
	return Missing(max(i, 0)), i >= 0
}

// Input is a reading that is to become the timetable.
type Input struct {
	*Reading
	Source  string // as [Session].Source
	Missing Missing
	// Courses are those that the source is about, so that what it does not have of
	// them is missing.
	Courses []attendance.CourseID
	Now     time.Time
	// Decided, if it is not nil, is called with the plan within the transaction that
	// carries it out. Its error keeps that from being done.
	Decided func(*Plan) error
}

// The sources.
const (
	RuleSource = "rule"
	fileSource = "file:"
	urlSource  = "url:"
)

// FileSource is the source that a file of a name is.
func FileSource(name string) string { return fileSource + clean(name, MaxTitle) }

// URLSource is the source that a subscription is.
func URLSource(id int64) string { return fmt.Sprint(urlSource, id) }

// Diff finds what a source has otherwise than the record.
func Diff(cur *Current, in Input) *Plan {
	d := &differ{cur: cur, in: in, plan: &Plan{}, byRef: make(map[refKey]*Session), byTime: make(map[timeKey][]*Session), used: make(map[attendance.SessionID]bool)}
	for i := range cur.Sessions {
		s := &cur.Sessions[i]
		if s.Source == in.Source && s.Ref != "" {
			d.byRef[refKey{s.Course, s.Ref}] = s
		}
		if !s.Starts.IsZero() {
			at := timeKey{s.Course, s.Starts.UnixMilli()}
			d.byTime[at] = append(d.byTime[at], s)
		}
	}
	// Those that the source has under their name are nobody else's.
	for i := range in.Sessions {
		if s := d.byRef[refKey{in.Sessions[i].Course, in.Sessions[i].Ref}]; s != nil {
			d.used[s.ID] = true
		}
	}
	for i := range in.Sessions {
		d.planned(&in.Sessions[i])
	}
	for _, r := range in.Rejects {
		d.reject(r)
	}
	d.missing()
	d.plan.finish(cur.Zone)
	return d.plan
}

type refKey struct {
	course attendance.CourseID
	ref    string
}

type timeKey struct {
	course attendance.CourseID
	starts int64
}

type differ struct {
	cur    *Current
	in     Input
	plan   *Plan
	byRef  map[refKey]*Session
	byTime map[timeKey][]*Session
	used   map[attendance.SessionID]bool // that the source has
}

func (d *differ) line(c changes.Change, p *Planned, name, detail string) {
	if c == changes.Rejects {
		d.reject(Reject{p.Origin, name, detail})
		return
	}
	d.plan.Add(changes.Line{Change: c, What: "session", File: p.Origin.File, Row: p.Origin.Line, Name: name, Detail: detail})
}

func (d *differ) reject(r Reject) {
	d.plan.Rejects = append(d.plan.Rejects, r)
	d.plan.Add(changes.Line{Change: changes.Rejects, What: "session", File: r.Origin.File, Row: r.Origin.Line, Name: r.What, Detail: r.Reason})
}

// planned takes one session of the source in.
func (d *differ) planned(p *Planned) {
	s := d.byRef[refKey{p.Course, p.Ref}]
	if s == nil {
		if s = d.adopted(p); s == nil {
			d.add(p)
			return
		}
		d.used[s.ID] = true
		if !d.takesOver(s) {
			d.plan.Same++
			return
		}
	}
	name := nameOf(s, d.cur.Zone)
	becomes := *s
	becomes.Source, becomes.Ref = d.in.Source, p.Ref
	if s.Source != d.in.Source && s.Said == "" { // what somebody planned by hand stays as it is
		becomes.Said = saying(p).text()
	} else {
		becomes.merge(p, d.in.Now)
	}
	holiday, free := d.cur.On(DateOf(becomes.Starts, d.cur.Zone))
	moved := !s.Starts.Equal(becomes.Starts)
	detail := difference(s, &becomes, d.cur.Zone)
	switch {
	case s.Said == becomes.Said && s.Source == becomes.Source && s.Ref == becomes.Ref:
		d.plan.Same++
	case s.Held():
		if detail == "" {
			d.plan.Same++
			return
		}
		d.line(changes.Rejects, p, name, "It was opened or has marks, so it stays as it is. The timetable says: "+detail+".")
	case free && moved && !becomes.Cancelled():
		becomes.cancel(true, d.in.Now)
		d.plan.Changes = append(d.plan.Changes, becomes)
		d.line(changes.Ends, p, name, "It would move to "+holiday.Name+", so it is cancelled.")
	case detail == "":
		d.plan.Changes = append(d.plan.Changes, becomes)
		d.line(changes.Changed, p, name, "follows this timetable from now on")
	case !s.Cancelled() && becomes.Cancelled():
		d.plan.Changes = append(d.plan.Changes, becomes)
		d.line(changes.Ends, p, name, join("cancelled", p.Note))
	default:
		d.plan.Changes = append(d.plan.Changes, becomes)
		d.line(changes.Changed, p, name, join(detail, p.Note))
	}
}

// adopted finds the session that the course has at that very time already.
func (d *differ) adopted(p *Planned) *Session {
	var best *Session
	for _, s := range d.byTime[timeKey{p.Course, p.Starts.UnixMilli()}] {
		switch {
		case d.used[s.ID] || s.Cancelled() && s.Source != d.in.Source:
		case best == nil, s.Source == d.in.Source:
			best = s
		}
	}
	return best
}

// takesOver reports whether the source may have a session that another one planned:
// what was planned by hand, and a calendar what a rule or a file planned.
func (d *differ) takesOver(s *Session) bool {
	return s.Source == d.in.Source || s.Source == "" || strings.HasPrefix(d.in.Source, urlSource) && !strings.HasPrefix(s.Source, urlSource)
}

func (d *differ) add(p *Planned) {
	s := Session{
		Course: p.Course, Source: d.in.Source, Ref: p.Ref, Said: saying(p).text(), Title: p.Title, Location: p.Location,
		Starts: p.Starts, Ends: p.Ends, Settings: p.Settings, PlannedAt: d.in.Now,
	}
	name := nameOf(&s, d.cur.Zone)
	if p.Cancelled {
		d.plan.Same++ // and there is none
		return
	}
	if h, free := d.cur.On(DateOf(p.Starts, d.cur.Zone)); free {
		d.line(changes.Rejects, p, name, "That is "+h.Name+"; no sessions are planned on holidays.")
		return
	}
	d.plan.Adds = append(d.plan.Adds, s)
	d.line(changes.Adds, p, name, join(p.Location, p.Note))
}

// missing cancels what the source does not have.
func (d *differ) missing() {
	for i := range d.cur.Sessions {
		s := &d.cur.Sessions[i]
		switch {
		case d.in.Missing == KeepMissing, d.used[s.ID], s.Held(), s.Cancelled(), !s.Ends.After(d.in.Now),
			d.in.Missing == CancelVanished && s.Source != d.in.Source,
			!slices.Contains(d.in.Courses, s.Course):
			continue
		}
		becomes := *s
		becomes.cancel(true, d.in.Now)
		becomes.Said = "" // if it comes back, it takes place again
		d.plan.Changes = append(d.plan.Changes, becomes)
		d.plan.Add(changes.Line{Change: changes.Ends, What: "session", Name: nameOf(s, d.cur.Zone), Detail: "cancelled: the timetable does not have it"})
	}
}

// nameOf is what people call a session.
func nameOf(s *Session, zone *time.Location) string {
	at := when(s.Starts, s.Ends, zone)
	if s.Title == "" || strings.HasPrefix(at, s.Title) {
		return join(s.CourseCode, at)
	}
	return join(s.CourseCode, s.Title+", "+at)
}

// finish puts the plan in order and names what it would do.
func (p *Plan) finish(zone *time.Location) {
	slices.SortFunc(p.Adds, func(a, b Session) int { return cmp.Or(cmp.Compare(a.Course, b.Course), a.Starts.Compare(b.Starts)) })
	slices.SortStableFunc(p.Lines, func(a, b changes.Line) int { return cmp.Compare(a.Change, b.Change) })
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, all := range [][]Session{p.Adds, p.Changes} {
		for i := range all {
			s := all[i]
			s.PlannedAt = time.Time{} // now, whenever that is
			if s.Cancelled() {
				s.CancelledAt = time.UnixMilli(0)
			}
			s.Starts, s.Ends = s.Starts.In(zone), s.Ends.In(zone)
			_ = e.Encode(s) // to a hash, which takes everything
		}
		h.Write([]byte{0})
	}
	p.Digest = hex.EncodeToString(h.Sum(nil)[:16])
}

// errDigest says that a plan is not any more what somebody has looked at.
var errDigest = attendance.Refuse(attendance.CodeConflict, "The timetable has changed since you looked at this. Look again what would be done.")

// Check returns an [attendance.Error] with CodeConflict unless the plan is the one that
// has been looked at; an empty digest is that of any.
func (p *Plan) Check(digest string) error {
	if digest != "" && digest != p.Digest {
		return errDigest
	}
	return nil
}

// Courses are those whose sessions the plan adds or changes, each once.
func (p *Plan) Courses() (ids []attendance.CourseID) {
	seen := make(map[attendance.CourseID]bool)
	for _, all := range [][]Session{p.Adds, p.Changes} {
		for i := range all {
			if id := all[i].Course; !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// NewSecret makes the secret of a session's codes.
func NewSecret() []byte {
	b := make([]byte, attendance.CodeSecretSize)
	rand.Read(b) // never fails (crypto/rand)
	return b
}
