package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/audit"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/roster"
)

var auditTests = map[string]test{
	"the audit tells who changed what and how it was":       auditTellsWhoChangedWhat,
	"the audit comes in pages, newest first":                auditComesInPages,
	"what nobody has touched is verified":                   untouchedIsVerified,
	"a hash that was noted down is found, another is not":   notedHashIsFound,
	"rows that several add at once still follow each other": rowsAtOnceFollowEachOther,
}

// story has a session in which marks are set by hand and in bulk, a name that changes,
// and a setting that does.
func story(t testing.TB, s Store) *class {
	t.Helper()
	c := newClass(t, s, 2)
	mark := c.set("late", 0, attendance.Late, "bus")
	mark.From, mark.At = "192.0.2.7", tenFifteen.Add(time.Minute)
	c.must(t, mark)
	c.must(t, c.checkIn("in", 1, ""))
	h := header(changes.Marks, c.teacher)
	h.Course, h.At = c.course, tenFifteen.Add(2*time.Minute)
	_, err := c.ChangeMarks(t.Context(), h, []attendance.Command{c.set("", 0, attendance.Excused, "letter")})
	must(t, err)
	family := "King"
	_, _, err = c.ChangePerson(t.Context(), attendance.Author{Person: c.teacher, From: "192.0.2.8"}, c.students[0], roster.PersonChange{Family: &family}, tenFifteen.Add(3*time.Minute))
	must(t, err)
	never := attendance.NeverLate
	_, err = c.ChangeRules(t.Context(), attendance.Author{Person: c.teacher}, c.course, roster.RulesChange{LateAfter: &never}, tenFifteen.Add(4*time.Minute))
	must(t, err)
	end := c.command("close", c.teacher, attendance.CloseSession)
	end.At = tenFifteen.Add(5 * time.Minute)
	c.must(t, end)
	return c
}

func search(t testing.TB, s Store, q audit.Query) (lines []string) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = audit.MaxPage
	}
	entries, err := s.Audit(t.Context(), q)
	must(t, err)
	for _, e := range entries {
		lines = append(lines, strings.Join([]string{e.At.Format("15:04"), e.Action, e.Of, e.Old, e.New}, "|"))
	}
	return lines
}

func auditTellsWhoChangedWhat(t *testing.T, open Open) {
	c := story(t, open(t))
	all, err := c.Audit(t.Context(), audit.Query{Limit: 50})
	must(t, err)
	var marked audit.Entry
	for _, e := range all {
		if e.Action == "mark" {
			marked = e
		}
	}
	if marked.Author.Person != c.teacher || marked.Name != "G2 F0002" || marked.From != "192.0.2.7" || marked.Note != "bus" || marked.New != "late" || !strings.Contains(marked.Of, "G0 King") {
		t.Errorf("a mark by hand is told as %+v", marked)
	}
	about := search(t, c, audit.Query{Person: c.students[0]})
	if len(about) != 3 { // the name, the excuse, the mark; and not the check-in of somebody else
		t.Errorf("about one student: %q", about)
	}
	if !strings.Contains(about[0], `"family":"King"`) || !strings.Contains(about[0], "F0000") {
		t.Errorf("a change of name is told as %q", about[0])
	}
	if !strings.Contains(about[1], "excused") || !strings.Contains(about[1], "late") {
		t.Errorf("a change set is told as %q", about[1])
	}
	if found := search(t, c, audit.Query{Words: "king letter"}); len(found) != 0 {
		t.Errorf("words that stand in no entry together find %q", found)
	}
	if found := search(t, c, audit.Query{Words: "KING bus"}); len(found) != 1 {
		t.Errorf("the words of one entry find %q", found)
	}
	if found := search(t, c, audit.Query{Course: c.course, Since: tenFifteen.Add(4 * time.Minute), Until: tenFifteen.Add(5 * time.Minute)}); len(found) != 1 || !strings.Contains(found[0], "change settings") {
		t.Errorf("one minute of a course: %q", found)
	}
	if found := search(t, c, audit.Query{Actor: c.students[1]}); len(found) != 0 {
		t.Errorf("a check-in is audited: %q", found)
	}
}

func auditComesInPages(t *testing.T, open Open) {
	c := story(t, open(t))
	whole, err := c.Audit(t.Context(), audit.Query{Limit: 50})
	must(t, err)
	var paged []audit.Entry
	q := audit.Query{Limit: 2}
	for {
		page, err := c.Audit(t.Context(), q)
		must(t, err)
		paged = append(paged, page...)
		if len(page) < q.Limit {
			break
		}
		q.After = audit.ParsePlace(page[len(page)-1].Place.String())
	}
	same(t, "page after page", whole, paged)
	for i := 1; i < len(whole); i++ {
		if whole[i].At.After(whole[i-1].At) {
			t.Errorf("entry %d is newer than the one before", i)
		}
	}
}

func verify(t testing.TB, s Store, expect string) audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), s, expect, func(audit.Report) {})
	must(t, err)
	return r
}

func untouchedIsVerified(t *testing.T, open Open) {
	c := story(t, open(t))
	r := verify(t, c, "")
	if len(r.Faults) != 0 || r.Sessions != 1 || r.Events != 5 || r.Rows < 4 || r.Unchained != 0 {
		t.Errorf("got %+v", r)
	}
}

func notedHashIsFound(t *testing.T, open Open) {
	c := story(t, open(t))
	noted := verify(t, c, "").Head
	never := 5 * time.Minute
	_, err := c.ChangeRules(t.Context(), attendance.Author{}, c.course, roster.RulesChange{LateAfter: &never}, tenFifteen)
	must(t, err)
	if r := verify(t, c, noted); len(r.Faults) != 0 || r.Head == noted {
		t.Errorf("a hash from before: %+v", r)
	}
	if r := verify(t, c, strings.Repeat("0", 64)); len(r.Faults) != 1 {
		t.Errorf("a hash that never was: %+v", r)
	}
}

func rowsAtOnceFollowEachOther(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	done := make(chan error)
	const writers, each = 4, 10
	for w := range writers {
		s := open(t)
		go func() {
			var err error
			for i := range each {
				minutes := time.Duration(w*each+i+1) * time.Minute
				if _, err = s.ChangeRules(t.Context(), attendance.Author{}, c.course, roster.RulesChange{LateAfter: &minutes}, tenFifteen); err != nil {
					break
				}
			}
			done <- err
		}()
	}
	for range writers {
		must(t, <-done)
	}
	if r := verify(t, c, ""); len(r.Faults) != 0 || r.Rows < writers*each {
		t.Errorf("got %+v", r)
	}
}
