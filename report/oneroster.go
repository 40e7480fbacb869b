package report

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// RosterStore is what an export of rosters with results is read from.
type RosterStore interface {
	Store
	Current(context.Context) (*roster.Current, error)
}

// OneRoster is a bundle to be written: version 1.2 of the CSV format, with results.
type OneRoster struct {
	Org string // the institution's name
	// Sessions gives a result for each session; else there is one for each student in
	// each class: how many percent of what counts they were there.
	Sessions bool
	Now      time.Time
	Zone     *time.Location
}

// Write writes the bundle as a zip: everything that goes on, and inactive people, since
// results are theirs too. Imported where it comes from, it changes nothing. Unlike other
// exports it has every text exactly as it is, since programs read it and people do not.
// Told, unless it is nil, is called with how many of the classes are done.
func (o *OneRoster) Write(ctx context.Context, store RosterStore, to io.Writer, told func(done, all int64)) error {
	cur, err := store.Current(ctx)
	if err != nil {
		return err
	}
	b := &bundle{OneRoster: o, cur: cur, refs: roster.Refs{Installation: cur.Installation}, zip: zip.NewWriter(to)}
	b.index()
	for _, file := range []func() error{b.manifest, b.orgs, b.terms, b.courses, b.classes, b.users, b.roles, b.enrolments, b.categories} {
		if err := file(); err != nil {
			return err
		}
	}
	// Two files of the same results: what is in them is read twice rather than kept.
	if err := b.lineItems(ctx, store); err != nil {
		return err
	}
	if err := b.results(ctx, store, told); err != nil {
		return err
	}
	return b.zip.Close()
}

// bundle is a OneRoster while it is written.
type bundle struct {
	*OneRoster
	cur  *roster.Current
	refs roster.Refs
	zip  *zip.Writer

	termByID map[int64]*roster.StoredTerm
	course   map[attendance.CourseID]*roster.StoredCourse // active ones
	person   map[attendance.PersonID]*roster.StoredPerson
	teaches  map[attendance.PersonID]bool
}

func (b *bundle) index() {
	b.termByID = make(map[int64]*roster.StoredTerm, len(b.cur.Terms))
	for i := range b.cur.Terms {
		b.termByID[b.cur.Terms[i].ID] = &b.cur.Terms[i]
	}
	b.course = make(map[attendance.CourseID]*roster.StoredCourse, len(b.cur.Courses))
	for i := range b.cur.Courses {
		if c := &b.cur.Courses[i]; c.Active {
			b.course[c.ID] = c
		}
	}
	b.person = make(map[attendance.PersonID]*roster.StoredPerson, len(b.cur.People))
	for i := range b.cur.People {
		b.person[b.cur.People[i].ID] = &b.cur.People[i]
	}
	b.teaches = make(map[attendance.PersonID]bool)
	for i := range b.cur.Enrolments {
		if e := &b.cur.Enrolments[i]; !e.Ended && e.Role != attendance.Student {
			b.teaches[e.Person] = true
		}
	}
}

// file writes one file: its headings and, by fill, its rows.
func (b *bundle) file(name string, headings []string, fill func(row func(...string)) error) error {
	part, err := b.zip.CreateHeader(&zip.FileHeader{Name: name + ".csv", Method: zip.Deflate, Modified: b.Now})
	if err != nil {
		return err
	}
	w := csv.NewWriter(part)
	w.UseCRLF = true
	_ = w.Write(headings) // Error says what went wrong
	if err := fill(func(cells ...string) { _ = w.Write(cells) }); err != nil {
		return err
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write %s.csv: %w", name, err)
	}
	return nil
}

// things are what every file's rows begin with. In files that hold everything, the two
// after the id stay empty.
func things(more ...string) []string {
	return append([]string{"sourcedId", "status", "dateLastModified"}, more...)
}

// bundleFiles are the files that the bundle has, of all that there can be.
var bundleFiles = []struct {
	name string
	has  bool
}{
	{"academicSessions", true}, {"categories", true}, {"classes", true}, {"classResources", false}, {"courses", true}, {"courseResources", false},
	{"demographics", false}, {"enrollments", true}, {"lineItemLearningObjectiveIds", false}, {"lineItems", true}, {"lineItemScoreScales", false},
	{"orgs", true}, {"resources", false}, {"resultLearningObjectiveIds", false}, {"results", true}, {"resultScoreScales", false}, {"roles", true},
	{"scoreScales", false}, {"userProfiles", false}, {"userResources", false}, {"users", true},
}

func (b *bundle) manifest() error {
	return b.file("manifest", []string{"propertyName", "value"}, func(row func(...string)) error {
		row("manifest.version", "1.0")
		row("oneroster.version", "1.2")
		for _, f := range bundleFiles {
			row("file."+f.name, map[bool]string{true: "bulk", false: "absent"}[f.has])
		}
		row("source.systemName", "muster")
		row("source.systemCode", b.refs.Installation)
		return nil
	})
}

// own is the id of what is in the bundle alone.
func (b *bundle) own(name string) string { return "muster-" + b.refs.Installation + "-" + name }

func (b *bundle) orgs() error {
	return b.file("orgs", things("name", "type", "identifier", "parentSourcedId"), func(row func(...string)) error {
		row(b.own("org"), "", "", cmp.Or(b.Org, "muster"), "school", "", "")
		return nil
	})
}

func (b *bundle) terms() error {
	return b.file("academicSessions", things("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"), func(row func(...string)) error {
		for i := range b.cur.Terms {
			t := &b.cur.Terms[i]
			year := ""
			if len(t.Ends) >= 4 {
				year = t.Ends[:4]
			}
			row(b.refs.Term(t), "", "", t.Title, "term", t.Starts, t.Ends, "", year)
		}
		return nil
	})
}

func (b *bundle) courses() error {
	return b.file("courses", things("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"), func(row func(...string)) error {
		for i := range b.cur.Courses {
			if c := &b.cur.Courses[i]; c.Active {
				row(b.own("catalogue"+id(c.ID)), "", "", "", c.Title, c.Code, "", b.own("org"), "", "")
			}
		}
		return nil
	})
}

func (b *bundle) classes() error {
	columns := things("title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId", "termSourcedIds", "subjects", "subjectCodes", "periods")
	return b.file("classes", columns, func(row func(...string)) error {
		for i := range b.cur.Courses {
			if c := &b.cur.Courses[i]; c.Active {
				row(b.refs.Course(c), "", "", c.Title, "", b.own("catalogue"+id(c.ID)), c.Code, "scheduled", "", b.own("org"), b.termOf(c), "", "", "")
			}
		}
		return nil
	})
}

func (b *bundle) termOf(c *roster.StoredCourse) string {
	if t := b.termByID[c.Term]; t != nil {
		return b.refs.Term(t)
	}
	return ""
}

func (b *bundle) users() error {
	columns := things("enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password",
		"userMasterIdentifier", "resourceSourcedIds", "preferredGivenName", "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns")
	return b.file("users", columns, func(row func(...string)) error {
		for i := range b.cur.People {
			p := &b.cur.People[i]
			row(b.refs.Person(p), "", "", strconv.FormatBool(p.Active), p.Username, "", p.Given, p.Family, "", p.Ref, p.Email, "", "", "", "", "", "", "", "", "", "", b.own("org"), "")
		}
		return nil
	})
}

func (b *bundle) roles() error {
	columns := things("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId")
	return b.file("roles", columns, func(row func(...string)) error {
		for i := range b.cur.People {
			p := &b.cur.People[i]
			role := "student"
			switch {
			case b.teaches[p.ID]:
				role = "teacher"
			case p.Admin:
				role = "siteAdministrator"
			}
			row(b.own("role"+id(p.ID)), "", "", b.refs.Person(p), "primary", role, "", "", b.own("org"), "")
		}
		return nil
	})
}

// roleNames are the roles of enrolments.
var roleNames = map[attendance.Role]string{attendance.Student: "student", attendance.Assistant: "aide", attendance.Teacher: "teacher"}

func (b *bundle) enrolments() error {
	columns := things("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate")
	return b.file("enrollments", columns, func(row func(...string)) error {
		for i := range b.cur.Enrolments {
			e := &b.cur.Enrolments[i]
			c, p := b.course[e.Course], b.person[e.Person]
			if e.Ended || c == nil || p == nil {
				continue
			}
			row(b.refs.Enrolment(e), "", "", b.refs.Course(c), b.own("org"), b.refs.Person(p), roleNames[e.Role], "", "", "")
		}
		return nil
	})
}

func (b *bundle) categories() error {
	return b.file("categories", things("title", "weight"), func(row func(...string)) error {
		row(b.own("attendance"), "", "", "Attendance", "")
		return nil
	})
}

// eachTerm calls fn with what is on record of each class that goes on.
func (b *bundle) eachTerm(ctx context.Context, store Store, fn func(*roster.StoredCourse, *Term)) error {
	for i := range b.cur.Courses {
		c := &b.cur.Courses[i]
		if !c.Active {
			continue
		}
		t, ok, err := store.Term(ctx, c.ID)
		if err != nil {
			return err
		}
		if ok && len(t.Sessions) > 0 {
			fn(c, t)
		}
	}
	return nil
}

func (b *bundle) lineItems(ctx context.Context, store Store) error {
	columns := things("title", "description", "assignDate", "dueDate", "classSourcedId", "categorySourcedId", "academicSessionSourcedId", "resultValueMin", "resultValueMax", "schoolSourcedId")
	return b.file("lineItems", columns, func(row func(...string)) error {
		return b.eachTerm(ctx, store, func(c *roster.StoredCourse, t *Term) {
			item := func(ref, title, about string, first, last time.Time, most float64) {
				row(ref, "", "", title, about, b.day(first), b.day(last), b.refs.Course(c), b.own("attendance"), b.termOf(c), "0", string(appendNumber(nil, most)), b.own("org"))
			}
			if !b.Sessions {
				item(b.own("points"+id(c.ID)), "Attendance", "Percent of what counts", t.Sessions[0].Starts, t.Sessions[len(t.Sessions)-1].Starts, 100)
				return
			}
			for i := range t.Sessions {
				h := &t.Sessions[i]
				item(b.own("session"+id(h.ID)), cmp.Or(h.Title, b.day(h.Starts)), "", h.Starts, h.Starts, t.Counting.most)
			}
		})
	})
}

func (b *bundle) day(t time.Time) string { return t.In(b.Zone).Format(time.DateOnly) }

func (b *bundle) results(ctx context.Context, store Store, told func(done, all int64)) error {
	columns := things("lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate", "comment", "textScore", "classSourcedId", "inProgress", "incomplete", "late", "missing")
	done := int64(0)
	return b.file("results", columns, func(row func(...string)) error {
		return b.eachTerm(ctx, store, func(c *roster.StoredCourse, t *Term) {
			for i := range t.Students {
				p := b.person[t.Students[i].Person]
				if p == nil {
					continue // came after the roster was read
				}
				if b.Sessions {
					b.sessionResults(row, c, t, i, p)
				} else {
					b.termResult(row, c, t, i, p)
				}
			}
			if done++; told != nil {
				told(done, int64(len(b.course)))
			}
		})
	})
}

// termResult writes how many percent of what counts a student was there.
func (b *bundle) termResult(row func(...string), c *roster.StoredCourse, t *Term, i int, p *roster.StoredPerson) {
	s := t.OfStudent(i)
	status, score := "exempt", ""
	if s.Of > 0 {
		status, score = "fully graded", string(appendPercent(nil, s.Points/s.Of))
	}
	row(b.own("points"+id(c.ID)+"-"+id(p.ID)), "", "", b.own("points"+id(c.ID)), b.refs.Person(p), status, score, b.day(b.Now),
		fmt.Sprintf("%s of %s", appendNumber(nil, s.Points), appendNumber(nil, s.Of)), "", b.refs.Course(c), "", "", "", "")
}

// sessionResults writes a student's mark in each session.
func (b *bundle) sessionResults(row func(...string), c *roster.StoredCourse, t *Term, i int, p *roster.StoredPerson) {
	for j, marking := range t.Marks[i] {
		if marking.Mark == attendance.Unset {
			continue
		}
		h := &t.Sessions[j]
		status, score := "exempt", ""
		m := t.Statuses.Of(marking)
		if m.Counts != attendance.CountsOut {
			status, score = "fully graded", string(appendNumber(nil, points(m)))
		}
		row(b.own("mark"+id(h.ID)+"-"+id(p.ID)), "", "", b.own("session"+id(h.ID)), b.refs.Person(p), status, score, b.day(h.Starts), "", cmp.Or(marking.Status, marking.Mark.String()), b.refs.Course(c),
			"", "", strconv.FormatBool(m.Mark == attendance.Late), strconv.FormatBool(m.Mark == attendance.Absent))
	}
}
