package roster_test

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	. "github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

func TestFileIsReadWhateverItsEncodingAndLineEnds(t *testing.T) {
	t.Parallel()
	const text = "ref,name,email\n0042,\"Müller, Zoë\",zoe@example.edu\n0043,\"Three\nlines, \"\"Jö\"\"\",jo@example.edu\n"
	encode := func(e interface{ String(string) (string, error) }, s string) string {
		out, err := e.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	little := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()
	littleBare := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()
	big := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()
	bigBare := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder()
	windows := charmap.Windows1252.NewEncoder()
	for name, content := range map[string]string{
		"UTF-8":                      text,
		"UTF-8 with a mark":          "\ufeff" + text,
		"UTF-16 LE":                  encode(little, text),
		"UTF-16 BE":                  encode(big, text),
		"UTF-16 LE without a mark":   encode(littleBare, text),
		"UTF-16 BE without a mark":   encode(bigBare, text),
		"Windows-1252":               encode(windows, text),
		"CR LF":                      strings.ReplaceAll(text, "\n", "\r\n"),
		"bare CR":                    strings.ReplaceAll(text, "\n", "\r"),
		"semicolons":                 strings.NewReplacer("ref,name,email", "ref;name;email", "42,", "42;", "43,", "43;", "\",", "\";").Replace(text),
		"tabs":                       strings.NewReplacer("ref,name,email", "ref\tname\temail", "42,", "42\t", "43,", "43\t", "\",", "\"\t").Replace(text),
		"empty lines":                "\n\n" + strings.ReplaceAll(text, "00", "\n00"),
		"no line end at the end":     strings.TrimSuffix(text, "\n"),
		"Windows-1252, with bare CR": encode(windows, strings.ReplaceAll(text, "\n", "\r")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := ReadColumns(file("people.csv", content), "")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"ref", "name", "email"}, c.Headings); diff != "" {
				t.Errorf("headings (-want +got):\n%s", diff)
			}
			want := [][]string{{"0042", "Müller, Zoë", "zoe@example.edu"}, {"0043", "Three�lines, \"Jö\"", "jo@example.edu"}}
			if diff := cmp.Diff(want, c.Sample); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// The first character that is not ASCII may come late.
func TestEncodingIsKnownFromTheWholeFile(t *testing.T) {
	t.Parallel()
	for name, umlaut := range map[string]string{"UTF-8": "ü", "Windows-1252": "\xfc"} {
		// At the end of what is read at once, which is 64 kB, and around there.
		for before := 1<<16 - 4; before < 1<<16+4; before++ {
			text := "ref,name\n" + strings.Repeat("1234567,Plain Name\n", 3448)
			text += strings.Repeat("9", before-len(text)-len(",M")) + ",M" + umlaut + "ller\n"
			b, err := ReadSheet(file("people.csv", text), SheetOptions{Course: "CS101"})
			if err != nil {
				t.Fatal(err)
			}
			if last := b.People[len(b.People)-1]; last.Family != "Müller" {
				t.Errorf("%s after %d bytes: got %q", name, before, last.Family)
			}
		}
	}
}

func TestBundleIsTheSameAsFolderAndAsZip(t *testing.T) {
	t.Parallel()
	s := newSchool()
	want := s.read(t)
	dir := t.TempDir()
	for name, text := range s {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := table.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, files []table.File) {
		t.Helper()
		b, err := ReadOneRoster(files)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, b); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	check("folder", files)
	for _, folder := range []string{"", "export/2026/", "../../etc/"} {
		z := s.zipped(t, folder)
		files, err := table.Zip("bundle.zip", bytes.NewReader(z), int64(len(z)), "manifest.csv")
		if err != nil {
			t.Fatal(err)
		}
		check("zip, in folder "+folder, files)
	}
}

func TestZipThatDoesHarmIsRefused(t *testing.T) {
	t.Parallel()
	tooMuch := "users.csv unpacks to more than a table would. The files of a zip may hold 1024 MB together."
	for name, tt := range map[string]struct {
		make func(*zip.Writer) error
		want string
	}{
		"a bomb": {func(z *zip.Writer) error {
			w, err := z.Create("users.csv")
			if err == nil {
				_, err = w.Write(make([]byte, 32<<20))
			}
			return err
		}, tooMuch},
		"said to be large": {func(z *zip.Writer) error {
			_, err := z.CreateRaw(&zip.FileHeader{Name: "users.csv", UncompressedSize64: 2 << 30, CompressedSize64: 1 << 30})
			return err
		}, tooMuch},
		"a file twice": {func(z *zip.Writer) error {
			if _, err := z.Create("users.csv"); err != nil {
				return err
			}
			_, err := z.Create("USERS.csv")
			return err
		}, "It has USERS.csv twice. Make the zip again."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			if err := tt.make(z); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			_, err := table.Zip("bundle.zip", bytes.NewReader(b.Bytes()), int64(b.Len()), "manifest.csv")
			if got := fileError(t, err); got.Problem != tt.want {
				t.Errorf("got  %s\nwant %s", got.Problem, tt.want)
			}
		})
	}
}

// A zip may say that a file is small, and go on and on.
func TestZipThatLiesAboutItsSizeIsRefused(t *testing.T) {
	t.Parallel()
	s := newSchool()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range s {
		size := uint64(len(text))
		w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(text)), CompressedSize64: size, UncompressedSize64: size / 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := table.Zip("bundle.zip", bytes.NewReader(b.Bytes()), int64(b.Len()), "manifest.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, err = ReadOneRoster(files)
	if got := fileError(t, err); got.File != "manifest.csv" {
		t.Errorf("got %v", got)
	}
}

func TestWhatIsNoZipIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "PK", "ref,name\n1,Ada\n", string(newSchool().zipped(t, "")[:300])} {
		_, err := table.Zip("bundle.zip", strings.NewReader(text), int64(len(text)), "manifest.csv")
		if got := fileError(t, err).Error(); !strings.HasPrefix(got, "bundle.zip: This is not a zip file that can be read") {
			t.Error(got)
		}
	}
}
