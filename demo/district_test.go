package demo_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/muster-live/muster/demo"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
)

func TestDistrictIsImportedWhole(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := demo.WriteDistrict(&b, 1000, 5000); err != nil {
		t.Fatal(err)
	}
	zip := table.File{Name: "district.zip", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }}
	bundle, err := roster.Read([]table.File{zip}, roster.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := roster.Diff(bundle, &roster.Current{}).Counts
	if c.People.Add != 1000 || c.Enrolments.Add != 5000 || c.Courses.Add != 167 || c.Rejects != 0 || c.Same != 0 {
		t.Errorf("got %+v", c)
	}
}
