package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/roster"
)

var changesTests = map[string]test{
	"a change set tells what it did to each thing":      setTellsWhatItDid,
	"what changes nothing is no change set":             nothingIsNoSet,
	"an import can be taken back and done again":        importCanBeTakenBackAndDoneAgain,
	"what was changed since is not taken back":          whatWasChangedSinceIsNotTakenBack,
	"people who swapped usernames get theirs back":      peopleWhoSwappedGetTheirsBack,
	"marks of many sessions change whole or not at all": marksChangeWholeOrNotAtAll,
	"marks that a set changed are given back":           marksAreGivenBack,
	"a job applies one set at most":                     jobAppliesOneSet,
	"change sets are listed newest first, by course":    setsAreListed,
}

func header(kind changes.Kind, by attendance.PersonID) changes.Header {
	return changes.Header{Kind: kind, Title: "a test", Actor: by, From: "192.0.2.1", At: tenFifteen}
}

// rows returns what a set did, a line a row: "enrolment [1,2] none → {…}".
func setRows(t testing.TB, s Store, id int64) (lines []string) {
	t.Helper()
	rows, err := s.ChangeRows(t.Context(), id, 0, changes.MaxPage)
	must(t, err)
	for i, r := range rows {
		if r.N != i+1 {
			t.Errorf("row %d has number %d", i+1, r.N)
		}
		change := "changed"
		switch {
		case r.Was == "":
			change = "added"
		case r.Became == "":
			change = "gone"
		}
		lines = append(lines, r.What+" "+r.Key+" "+change+": "+r.Name)
	}
	return lines
}

func newest(t testing.TB, s Store) changes.Set {
	t.Helper()
	sets, err := s.ChangeSets(t.Context(), changes.Query{Limit: 1})
	must(t, err)
	if len(sets) == 0 {
		t.Fatal("there is no change set")
	}
	return sets[0]
}

func setTellsWhatItDid(t *testing.T, open Open) {
	o := newOffice(open(t))
	o.apply(t, newSchool().bundle(t))
	set := newest(t, o.store)
	if set.Rows != 6 || set.Kind != changes.Import {
		t.Errorf("got %+v", set)
	}
	same(t, "the rows", []string{
		"term [1] added: Autumn 2026", "course [1] added: CS101 Algorithms", "person [1] added: Alan Turing", "person [2] added: Ada Lovelace",
		"enrolment [1,1] added: Alan Turing, CS101", "enrolment [1,2] added: Ada Lovelace, CS101",
	}, setRows(t, o.store, set.ID))

	s := newSchool()
	s["users"][2] = strings.Replace(s["users"][2], "Lovelace", "King", 1)
	o.apply(t, s.bundle(t))
	rows, err := o.store.ChangeRows(t.Context(), newest(t, o.store).ID, 0, 10)
	must(t, err)
	if len(rows) != 1 || !strings.Contains(rows[0].Was, `Lovelace`) || !strings.Contains(rows[0].Became, `King`) {
		t.Errorf("a new name is recorded as %+v", rows)
	}
}

func nothingIsNoSet(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	r, err := c.ChangeMarks(t.Context(), header(changes.Marks, c.teacher), []attendance.Command{c.set("", 0, attendance.Unset, "")})
	must(t, err)
	sets, err := c.ChangeSets(t.Context(), changes.Query{Limit: 10})
	must(t, err)
	if r.ID != 0 || len(sets) != 0 {
		t.Errorf("setting what is so made set %d; there are %v", r.ID, sets)
	}
}

func importCanBeTakenBackAndDoneAgain(t *testing.T, open Open) {
	o := newOffice(open(t))
	o.apply(t, newSchool().bundle(t))
	imported := newest(t, o.store)
	u, err := o.store.UndoChanges(t.Context(), header(changes.Undo, 1), imported.ID, false)
	must(t, err)
	same(t, "people of the course", []string(nil), o.people(t, 1))
	ada, _, err := o.store.People(t.Context(), roster.Page{Query: "Lovelace", Limit: 1})
	must(t, err)
	if len(ada) != 1 || ada[0].Active {
		t.Errorf("a person who is taken back: %+v", ada)
	}
	if imported = set(t, o.store, imported.ID); imported.UndoneBy != u.ID || u.Undoes != imported.ID {
		t.Errorf("set %d says it was undone by %d; set %d that it undoes %d", imported.ID, imported.UndoneBy, u.ID, u.Undoes)
	}
	_, err = o.store.UndoChanges(t.Context(), header(changes.Undo, 1), imported.ID, false)
	wantCode(t, err, attendance.CodeConflict)

	_, err = o.store.UndoChanges(t.Context(), header(changes.Undo, 1), u.ID, false)
	must(t, err)
	same(t, "people after the undo was undone", []string{"Ada Lovelace student", "Alan Turing teacher"}, o.people(t, 1))
	if imported = set(t, o.store, imported.ID); imported.UndoneBy != 0 {
		t.Error("an import that is done again counts as undone")
	}
	if cs := o.apply(t, newSchool().bundle(t)); cs.Counts.Changes() != 0 {
		t.Errorf("the same files change %+v", cs.Counts)
	}
}

func whatWasChangedSinceIsNotTakenBack(t *testing.T, open Open) {
	o := newOffice(open(t))
	o.apply(t, newSchool().bundle(t))
	s := newSchool()
	for _, i := range []int{1, 2} {
		s["users"][i] = strings.Replace(s["users"][i], "example.edu", "example.org", 1)
	}
	o.apply(t, s.bundle(t))
	second := newest(t, o.store)
	family := "King"
	_, _, err := o.store.ChangePerson(t.Context(), attendance.Author{}, 2, roster.PersonChange{Family: &family}, tenFifteen)
	must(t, err)

	u, err := o.store.UndoChanges(t.Context(), header(changes.Undo, 1), second.ID, false)
	wantCode(t, err, attendance.CodeConflict)
	if len(u.Contradicted) != 1 || u.Contradicted[0].Key != "[2]" || !strings.Contains(u.Contradicted[0].Now, "King") {
		t.Errorf("contradicted: %+v", u.Contradicted)
	}
	u, err = o.store.UndoChanges(t.Context(), header(changes.Undo, 1), second.ID, true)
	must(t, err)
	if len(u.Contradicted) != 1 {
		t.Errorf("undoing the rest tells of %+v", u.Contradicted)
	}
	people, _, err := o.store.People(t.Context(), roster.Page{Limit: 10})
	must(t, err)
	got := map[string]string{}
	for _, p := range people {
		got[p.Family] = p.Email
	}
	same(t, "addresses", map[string]string{"Turing": "alan@example.edu", "King": "ada@example.org"}, got)
}

func peopleWhoSwappedGetTheirsBack(t *testing.T, open Open) {
	o := newOffice(open(t))
	o.apply(t, newSchool().bundle(t))
	s := newSchool()
	s["users"][1] = strings.Replace(s["users"][1], "teacher,alan,", "teacher,ada,", 1)
	s["users"][2] = strings.Replace(s["users"][2], "student,ada,", "student,alan,", 1)
	o.apply(t, s.bundle(t))
	_, err := o.store.UndoChanges(t.Context(), header(changes.Undo, 1), newest(t, o.store).ID, false)
	must(t, err)
	if cs := o.apply(t, newSchool().bundle(t)); cs.Counts.Changes() != 0 {
		t.Errorf("the first files still change %+v", cs.Counts)
	}
}

func marksChangeWholeOrNotAtAll(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	second := c.another(t, "Week 2")
	h := header(changes.Marks, c.teacher)
	_, err := c.ChangeMarks(t.Context(), h, []attendance.Command{
		c.set("", 0, attendance.Present, ""), second.setFor(c.teacher, attendance.Late), // who is no student
	})
	wantCode(t, err, attendance.CodeUnknownPerson)
	same(t, "marks after a refusal", []attendance.Mark{0, 0, 0}, c.marks(t))
	if events := c.log(t); len(events) != 1 {
		t.Errorf("%d events, want the opening alone", len(events))
	}

	r, err := c.ChangeMarks(t.Context(), h, []attendance.Command{
		c.set("", 0, attendance.Present, ""), c.set("", 1, attendance.Late, "bus"), second.set("", 2, attendance.Excused, "ill"),
	})
	must(t, err)
	same(t, "marks", []attendance.Mark{attendance.Present, attendance.Late, 0}, c.marks(t))
	same(t, "marks of week 2", []attendance.Mark{0, 0, attendance.Excused}, second.marks(t))
	if len(r.Events) != 3 || r.Rows != 3 {
		t.Errorf("a set of three marks has %d rows and %d events", r.Rows, len(r.Events))
	}
	for _, e := range c.log(t)[1:] {
		if e.From == "" || e.Actor != c.teacher || e.Source != attendance.ByHand {
			t.Errorf("the log has %+v", e)
		}
	}
}

func marksAreGivenBack(t *testing.T, open Open) {
	c := newClass(t, open(t), 3)
	c.must(t, c.checkIn("in", 0, ""))
	c.must(t, c.set("hand", 1, attendance.Absent, "left"))
	h := header(changes.Marks, c.teacher)
	r, err := c.ChangeMarks(t.Context(), h, []attendance.Command{
		c.set("", 0, attendance.Excused, "team"), c.set("", 1, attendance.Excused, "team"), c.set("", 2, attendance.Excused, "team"),
	})
	must(t, err)
	c.must(t, c.checkIn("came", 2, "")) // who is excused and comes is here: later than the set, and so stays

	_, err = c.UndoChanges(t.Context(), h, r.ID, false)
	wantCode(t, err, attendance.CodeConflict)
	u, err := c.UndoChanges(t.Context(), h, r.ID, true)
	must(t, err)
	if len(u.Events) != 2 || len(u.Contradicted) != 1 {
		t.Errorf("%d events, contradicted: %+v", len(u.Events), u.Contradicted)
	}
	same(t, "marks", []attendance.Mark{attendance.Present, attendance.Absent, attendance.Present}, c.marks(t))
	rec, err := c.Record(t.Context(), c.session)
	must(t, err)
	first, second := rec.Entries[c.students[0]], rec.Entries[c.students[1]]
	if first.Source != attendance.ByCode || second.Source != attendance.ByHand || second.Note != "left" {
		t.Errorf("the marks that came back are %+v and %+v", first, second)
	}
	c.log(t) // has no gaps
}

func jobAppliesOneSet(t *testing.T, open Open) {
	c := newClass(t, open(t), 2)
	h := header(changes.Marks, c.teacher)
	other := addJob(t, c, newJob("export"))
	job := addJob(t, c, newJob("marks"))
	h.Job = int64(job)
	first, err := c.ChangeMarks(t.Context(), h, []attendance.Command{c.set("", 0, attendance.Present, "")})
	must(t, err)
	again, err := c.ChangeMarks(t.Context(), h, []attendance.Command{c.set("", 1, attendance.Present, "")})
	must(t, err)
	if again.ID != first.ID || len(again.Events) != 0 {
		t.Errorf("the job's second set is %+v, want the first one, %d", again, first.ID)
	}
	same(t, "marks", []attendance.Mark{attendance.Present, 0}, c.marks(t))
	same(t, "the jobs' sets", []int64{first.ID, 0}, []int64{readJob(t, c, job).Set, readJob(t, c, other).Set})
	list, err := c.Jobs(t.Context(), jobs.Query{Limit: 10})
	must(t, err)
	if len(list) != 2 || list[0].Set != first.ID || list[1].Set != 0 {
		t.Errorf("the jobs in the list are %+v", list)
	}
}

func setsAreListed(t *testing.T, open Open) {
	c := newClass(t, open(t), 1)
	var ids []int64
	for i, mark := range []attendance.Mark{attendance.Present, attendance.Late, attendance.Absent} {
		h := header(changes.Marks, c.teacher)
		h.At = tenFifteen.Add(time.Duration(i) * time.Minute)
		if i > 0 {
			h.Course = c.course
		}
		r, err := c.ChangeMarks(t.Context(), h, []attendance.Command{c.set("", 0, mark, "")})
		must(t, err)
		ids = append(ids, r.ID)
	}
	list := func(q changes.Query) (found []int64) {
		sets, err := c.ChangeSets(t.Context(), q)
		must(t, err)
		for _, s := range sets {
			found = append(found, s.ID)
		}
		return found
	}
	same(t, "all", []int64{ids[2], ids[1], ids[0]}, list(changes.Query{Limit: 10}))
	same(t, "those of the course", []int64{ids[2], ids[1]}, list(changes.Query{Course: c.course, Limit: 10}))
	same(t, "the second page", []int64{ids[1], ids[0]}, list(changes.Query{Before: ids[2], Limit: 10}))
	_, err := c.ChangeSet(t.Context(), 999)
	wantCode(t, err, attendance.CodeNotFound)
}

func set(t testing.TB, s Store, id int64) changes.Set {
	t.Helper()
	found, err := s.ChangeSet(t.Context(), id)
	must(t, err)
	return found
}

func wantCode(t testing.TB, err error, want attendance.Code) {
	t.Helper()
	if err == nil || attendance.AsError(err).Code != want {
		t.Fatalf("got %v, want it refused: %s", err, want)
	}
}
