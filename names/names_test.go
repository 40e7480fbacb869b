package names_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/names"
)

var class = names.NewIndex([]names.Person{
	{ID: 1, Ref: "0041815", Family: "Lovelace", Given: "Ada", Username: "ada", Email: "ada@example.edu"},
	{ID: 2, Ref: "0041816", Family: "Turing", Given: "Alan Mathison"},
	{ID: 3, Ref: "s17", Family: "Müller", Given: "Jürgen"},
	{ID: 4, Ref: "s18", Family: "O’Neill", Given: "Siobhán"},
	{ID: 5, Ref: "s19", Family: "James", Given: "Martin"},
	{ID: 6, Ref: "s20", Family: "Martin", Given: "James"},
	{ID: 7, Ref: "s21", Family: "van der Berg", Given: "Jean-Luc"},
	{ID: 8, Ref: "s22", Family: "Schneider", Given: "Anna"},
	{ID: 9, Ref: "s23", Family: "Schneider", Given: "Antonia"},
	{ID: 10, Ref: "s24", Family: "Nguyễn", Given: "Văn Đức"},
	{ID: 11, Ref: "s25", Family: "山田", Given: "太郎"},
	{ID: 12, Ref: "007", Family: "Bond", Given: "Jane"},
})

func TestPeopleAreFoundAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		how  names.How
		who  []attendance.PersonID
	}{
		{"0041815", names.ByID, ids(1)},
		{"41815", names.ByLooseID, ids(1)},   // a spreadsheet ate the zeros
		{"41815.0", names.ByLooseID, ids(1)}, // and took it for a number
		{" 004-1815 ", names.ByLooseID, ids(1)},
		{"S17", names.ByID, ids(3)},
		{"ada", names.ByID, ids(1)},
		{"ADA@Example.edu", names.ByID, ids(1)},
		{"Ada Lovelace <ada@example.edu>", names.ByID, ids(1)},
		{"7", names.ByLooseID, ids(12)},
		{"Ada Lovelace", names.ByName, ids(1)},
		{"LOVELACE, ADA", names.ByName, ids(1)},
		{"lovelace ada", names.ByName, ids(1)},
		{"Lovelace\tAda", names.ByName, ids(1)},
		{"3\tAda\tLovelace\tpresent", names.ByName, ids(1)},
		{"12. Ada Lovelace", names.ByName, ids(1)},
		{"- Lovelace, Ada", names.ByName, ids(1)},
		{"Muller Jurgen", names.ByName, ids(3)},
		{"Juergen Mueller", names.ByName, ids(3)},
		{"oneill, siobhan", names.ByName, ids(4)},
		{"O'Neill Siobhan", names.ByName, ids(4)},
		{"Jeanluc VanDerBerg", names.ByName, ids(7)},
		{"Berg, Jean-Luc van der", names.ByName, ids(7)},
		{"Nguyen Van Duc", names.ByName, ids(10)},
		{"太郎 山田", names.ByName, ids(11)},
		{"Martin, James", names.ByName, ids(6)}, // a comma says which is the family name
		{"Martin James", names.ByName, ids(5, 6)},
		{"A. Lovelace", names.ByPart, ids(1)},
		{"Lovelace A", names.ByPart, ids(1)},
		{"Lovelace", names.ByPart, ids(1)},
		{"Alan Turing", names.ByPart, ids(2)},
		{"A M Turing", names.ByPart, ids(2)},
		{"Schneider", names.ByPart, ids(8, 9)},
		{"A. Schneider", names.ByPart, ids(8, 9)},
		{"Ada Lovelaec", names.ByLikeness, ids(1)},
		{"Adda Lovelace", names.NotFound, nil}, // three letters bear no mistake
		{"Lovelase, Ada", names.ByLikeness, ids(1)},
		{"Shneider, Ana", names.NotFound, nil},
		{"Shneider, Anna", names.ByLikeness, ids(8)},
		{"Grace Hopper", names.NotFound, nil},
		{"A", names.NotFound, nil},
		{"0041815\tTuring\tAlan Mathison", names.ByID, ids(1, 2)}, // it contradicts itself
		{"1.81E+06", names.NotFound, nil},
	} {
		got := class.List(tt.line)
		if len(got) != 1 {
			t.Errorf("%q: %d matches", tt.line, len(got))
			continue
		}
		if d := cmp.Diff(tt.who, whoOf(got[0])); d != "" || got[0].How != tt.how {
			t.Errorf("%q: found by %v, want %v (-want +got):\n%s", tt.line, got[0].How, tt.how, d)
		}
	}
}

func TestAListIsReadLineByLine(t *testing.T) {
	t.Parallel()
	got := class.List("Ada Lovelace\r\n\r\ns17; s18, s19\r0041815\nnobody at all")
	type line struct {
		N, Again int
		Who      []attendance.PersonID
	}
	var lines []line
	for _, m := range got {
		lines = append(lines, line{m.Line, m.Again, whoOf(m)})
	}
	want := []line{{1, 0, ids(1)}, {3, 0, ids(3)}, {3, 0, ids(4)}, {3, 0, ids(5)}, {4, 1, ids(1)}, {5, 0, nil}}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// However a whole name is written, it is found, by its letters alone and at once; and
// whoever else is found with it has the same name.
func TestAWholeNameIsAlwaysFound(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[A-ZÄÖÜÉ][a-zäöüéß]{2,8}([ -][A-Z][a-zø]{2,6})?`)
	rapid.Check(t, func(rt *rapid.T) {
		var people []names.Person
		for i := range rapid.IntRange(1, 12).Draw(rt, "people") {
			people = append(people, names.Person{ID: attendance.PersonID(i + 1), Family: name.Draw(rt, "family"), Given: name.Draw(rt, "given"), Ref: fmt.Sprintf("%06d", i+1)})
		}
		index := names.NewIndex(people)
		p := people[rapid.IntRange(0, len(people)-1).Draw(rt, "who")]
		written := rapid.SampledFrom([]string{
			p.Family + ", " + p.Given, p.Given + " " + p.Family, p.Family + "\t" + p.Given, strings.ToUpper(p.Family) + " " + p.Given,
			strings.ToLower(p.Given + "  " + p.Family), p.Ref, strings.TrimLeft(p.Ref, "0"), p.Ref + "\t" + p.Given + "\t" + p.Family,
		}).Draw(rt, "written")
		got := index.List(written)
		if len(got) != 1 || !got[0].How.Sure() || !slices.Contains(whoOf(got[0]), p.ID) {
			rt.Fatalf("%q, of %+v: %+v", written, p, got)
		}
	})
}

// A thousand lines with a mistake each, of a whole university.
func BenchmarkList(b *testing.B) {
	var people []names.Person
	var list strings.Builder
	syllables := strings.Fields("ba chen da er fro gu hin il jor ka lem mu nor os pri qua ro sten tu ul vas wer xi yo zan")
	for i := range 100_000 {
		p := names.Person{ID: attendance.PersonID(i + 1), Ref: fmt.Sprint(100_000 + i), Family: syllables[i%25] + syllables[i/25%25] + syllables[i/625%25], Given: syllables[i%23] + syllables[i/23%25] + syllables[i/99%25]}
		people = append(people, p)
		if i%100 == 0 {
			fmt.Fprintf(&list, "%sx %s\n", p.Family, p.Given)
		}
	}
	index := names.NewIndex(people)
	for b.Loop() {
		index.List(list.String())
	}
}

func FuzzList(f *testing.F) {
	f.Add("Ada Lovelace\n0041815\ts17;,\x00")
	f.Add("a b c d e f g h i j k\xff")
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range class.List(text) {
			if (m.How == names.NotFound) != (len(m.People) == 0) || m.Line < 1 || m.Again > m.Line {
				t.Fatalf("%q: %+v", text, m)
			}
			who := whoOf(m)
			if slices.Sort(who); len(slices.Compact(who)) != len(m.People) {
				t.Fatalf("%q: somebody twice in %+v", text, m)
			}
		}
	})
}

func ids(all ...attendance.PersonID) []attendance.PersonID { return all }

func whoOf(m names.Match) (all []attendance.PersonID) {
	for _, p := range m.People {
		all = append(all, p.ID)
	}
	return all
}
