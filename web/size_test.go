package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"regexp"
	"testing"
)

// TestTheStudentsPageIsSmall holds the page that a phone loads in a full lecture hall,
// with all scripts that it names, under 40 kB as it is sent.
func TestTheStudentsPageIsSmall(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	sent := func(name string) []byte {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	zipped := func(b []byte) int {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write(b) // to memory
		_ = w.Close()
		return z.Len()
	}
	page := sent("student.html")
	size := zipped(page)
	scripts := 0
	for _, m := range regexp.MustCompile("[\"'`]/(assets/[^\"'`]+)[\"'`]").FindAllSubmatch(page, -1) {
		size += zipped(sent(string(m[1])))
		if bytes.HasSuffix(m[1], []byte(".js")) {
			scripts++
		}
	}
	if scripts == 0 {
		t.Error("no scripts were found in the student's page")
	}
	if size > 40_000 {
		t.Errorf("the student's page takes %d bytes", size)
	}
	if !bytes.Contains(page, []byte("<style>")) || bytes.Contains(page, []byte(`rel="stylesheet"`)) {
		t.Error("the student's page waits for styles before it is shown")
	}
	if regexp.MustCompile(`(?:src|href)="/`).Match(page) {
		t.Error("the student's page asks for something besides, which takes the connection that a tap is sent over")
	}
	t.Logf("%d bytes", size)
}
