package roster_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	. "github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

// rejected returns the file of the rows that a roster rejects of files.
func rejected(t *testing.T, files []table.File, o ReadOptions, cur *Current) table.File {
	t.Helper()
	b, err := Read(files, o)
	if err != nil {
		t.Fatal(err)
	}
	name, err := RejectsName(files)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteRejects(&out, files, o, Diff(b, cur).Rejects); err != nil {
		t.Fatal(err)
	}
	return file(name, out.String())
}

func content(t *testing.T, f table.File) string {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What is rejected comes back as it was sent, with the reason, and once it is mended it
// can be sent as it is.
func TestRejectedRowsOfAListComeBackToBeMended(t *testing.T) {
	t.Parallel()
	o := ReadOptions{SheetOptions: SheetOptions{Course: "CS101"}}
	list := file("my list.csv", "id;name;email;Notiz\n1;\"Lovelace; Ada\";ada@example.edu;x\n0002;Alan;nowhere;=1+1\n3;Grace \"H\" Hopper;;\n4;too;many;fields;here\n2;Plato\n")
	f := rejected(t, []table.File{list}, o, &Current{})
	const notAnEmail, quote = "email: It must be an address with an @.", "A quotation mark stands inside a field. Put the field in quotation marks, and write those inside twice."
	want := "\ufeffid;name;email;Notiz;why muster rejected it\r\n" +
		"0002;Alan;nowhere;'=1+1;" + notAnEmail + "\r\n" +
		"3;\"Grace \"\"H\"\" Hopper\";;;" + quote + "\r\n" +
		"4;too;many;fields;here;The row has 5 fields and the heading has 4. Is a quotation mark or a delimiter missing?\r\n" +
		"2;Plato;;;The row has 2 fields and the heading has 4. Is a quotation mark or a delimiter missing?\r\n"
	if diff := cmp.Diff(want, content(t, f)); diff != "" || f.Name != "my list-rejected.csv" {
		t.Errorf("%s (-want +got):\n%s", f.Name, diff)
	}
	mended := file(f.Name, strings.Replace(strings.Replace(want, "nowhere", "alan@example.edu", 1), "fields;here;", "here;", 1))
	b, err := Read([]table.File{mended}, o)
	if err != nil || len(b.People) != 3 || len(b.Rejects) != 1 {
		t.Fatalf("got %d people, %v and %v", len(b.People), b.Rejects, err)
	}
	if diff := cmp.Diff([]string{"my list-rejected.csv: Notiz"}, b.Ignored); diff != "" {
		t.Errorf("not kept (-want +got):\n%s", diff)
	}
	// Sent again without being mended, it has one column of reasons, not two.
	again := rejected(t, []table.File{f}, o, &Current{})
	if heading, _, _ := strings.Cut(content(t, again), "\r\n"); heading != "\ufeffid;name;email;Notiz;why muster rejected it" {
		t.Errorf("got %q", heading)
	}
}

func TestRejectedRowsOfAWorkbookAreAWorkbook(t *testing.T) {
	t.Parallel()
	x := excelize.NewFile()
	for cell, value := range map[string]any{"A1": "id", "B1": "name", "C1": "email", "A2": "0042", "B2": "Ada", "C2": "nowhere", "A3": "0043", "B3": "Alan"} {
		if err := x.SetCellValue("Sheet1", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	f := rejected(t, []table.File{file("list.xlsx", b.String())}, ReadOptions{SheetOptions: SheetOptions{Course: "CS101"}}, &Current{})
	c, err := ReadColumns(f, "")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"0042", "Ada", "nowhere", "email: It must be an address with an @."}}
	if diff := cmp.Diff(want, c.Sample); diff != "" || f.Name != "list-rejected.xlsx" {
		t.Errorf("%s (-want +got):\n%s", f.Name, diff)
	}
}

// The file holds a part; whatever is not in it must not end.
func TestRejectedRowsOfABundleAreMendedWithoutEndingTheRest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files              school
		spoil, bad, mended string // in a file, a text that makes a row be rejected, and one that does not
	}{
		"OneRoster": {sameDistrict(), "users.csv", "s47,student,charles", "s47,student,ada"},
		"Clever":    {newDistrict(), "students.csv", ",charles,geheim", ",ada,geheim"},
		"a section": {newDistrict(), "sections.csv", "709,47,48", "709,99,48"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			none := &Current{}
			whole, err := Read(tt.files.files(), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want := roll(current(none, Diff(whole, none)))

			tt.files[tt.spoil] = strings.Replace(tt.files[tt.spoil], tt.bad, tt.mended, 1)
			files := tt.files.files()
			spoiled, err := Read(files, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			cs := Diff(spoiled, none)
			if cs.Counts.Rejects == 0 {
				t.Fatal("nothing is rejected")
			}
			cur := current(none, cs)
			f := rejected(t, files, ReadOptions{}, none)
			if f.Name != "rejected.zip" {
				t.Errorf("it is called %s", f.Name)
			}
			// Mended by hand, and packed again.
			text := content(t, f)
			inside, err := table.Zip(f.Name, strings.NewReader(text), int64(len(text)), "manifest.csv")
			if err != nil {
				t.Fatal(err)
			}
			mended := school{}
			for _, part := range inside {
				mended[part.Name] = strings.Replace(content(t, part), tt.mended, tt.bad, 1)
			}
			b, err := Read([]table.File{file("rejected.zip", string(mended.zipped(t, "")))}, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			cs = Diff(b, cur)
			if diff := cmp.Diff(want, roll(current(cur, cs))); diff != "" || cs.Counts.Rejects != 0 {
				t.Errorf("%q (-want +got):\n%s", told(cs), diff)
			}
		})
	}
}

func TestEveryRowOfAPreviewIsToHave(t *testing.T) {
	t.Parallel()
	s := newSchool()
	s["users.csv"] += strings.Repeat("x,,true,student,,=A,B,,,\n", MaxShown+5)
	var out bytes.Buffer
	row, end := WriteRows(&out)
	cs := DiffRows(s.read(t), &Current{}, row)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1+len(cs.Rows)+cs.More || cs.More == 0 || len(cs.Rejects) != MaxShown+4 {
		t.Errorf("got %d lines for %d rows and %d more, and %d rejects", n, len(cs.Rows), cs.More, len(cs.Rejects))
	}
	if !strings.Contains(out.String(), "\r\nadd,person,users.csv,5,'=A B,\r\n") {
		t.Error(out.String()[:300])
	}
}
