package roster

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/table"
)

// Format is what files with people in them can be.
type Format string

// The formats.
const (
	OneRoster Format = "oneroster" // a bundle: several CSV files, one of them manifest.csv
	Clever    Format = "clever"    // a district: students, teachers, sections, enrollments
	Sheet     Format = "csv"       // a plain list of people, as CSV or XLSX
)

// ReadOptions say how files are to be read.
type ReadOptions struct {
	Format Format // empty: recognised
	SheetOptions
	Days table.DayOrder // of days such as 9/1/2026, where none of a file tells

	Meter *progress.Meter `json:"-"` // is told how far it is; nil: nobody wants to know
}

// SheetOptions say how a plain list of people is to be read.
type SheetOptions struct {
	Course  string  // the code of the course that the people are in
	Mapping Mapping // nil: guessed
	Sheet   string  // of a workbook; empty: the first
}

// Read reads files, of which one may be a zip of the others, in the format that they
// have. What is wrong with single rows is in the bundle's Rejects; the error is of what
// spoils the whole.
func Read(files []table.File, o ReadOptions) (b *Bundle, err error) {
	err = unpacked(files, func(files []table.File) error {
		if o.Format == "" {
			if o.Format, err = recognise(files); err != nil {
				return err
			}
		}
		b, err = readAs(Metered(files, o.Meter), o)
		return err
	})
	return b, err
}

// Metered returns files that tell the meter how much of them has been read, however
// often that is.
func Metered(files []table.File, m *progress.Meter) []table.File {
	if m == nil {
		return files
	}
	var total int64
	told := make([]table.File, len(files))
	for i, f := range files {
		total += f.Size
		farthest := int64(0)
		told[i] = table.File{Name: f.Name, Size: f.Size, Open: func() (io.ReadCloser, error) {
			r, err := f.Open()
			if err != nil {
				return nil, err
			}
			return progress.Reader(r, func(at int64) {
				if at > farthest {
					m.Add(at - farthest)
					farthest = at
				}
			}), nil
		}}
	}
	m.Step("reading the files", progress.Bytes, total)
	return told
}

// unpacked calls fn with the files or, if there is only a zip, with what is in it.
func unpacked(files []table.File, fn func([]table.File) error) error {
	if len(files) != 1 {
		return fn(files)
	}
	inside, err := table.Unpack(files[0], manifestName)
	if err != nil {
		return err
	}
	return errors.Join(fn(inside.Files), inside.Close())
}

func readAs(files []table.File, o ReadOptions) (*Bundle, error) {
	switch o.Format {
	case OneRoster:
		return readOneRoster(files, o.Days)
	case Clever:
		return readClever(files, o.Days)
	case Sheet:
		if len(files) != 1 {
			return nil, attendance.BadField("file", "one file if the format is csv")
		}
		return ReadSheet(files[0], o.SheetOptions)
	}
	return nil, attendance.BadField("format", "oneroster, clever or csv")
}

// Recognise tells from names and headings which format files have, of which one may be
// a zip of the others.
func Recognise(files []table.File) (f Format, err error) {
	err = unpacked(files, func(files []table.File) error {
		f, err = recognise(files)
		return err
	})
	return f, err
}

func recognise(files []table.File) (Format, error) {
	if slices.ContainsFunc(files, func(f table.File) bool { return strings.EqualFold(f.Name, manifestName) }) {
		return OneRoster, nil
	}
	_, district, err := sortClever(files)
	switch {
	case err != nil:
		return "", err
	case district:
		return Clever, nil
	case len(files) == 1:
		return Sheet, nil
	}
	return "", attendance.BadField("file", fmt.Sprintf(
		"one list of people, a OneRoster bundle with its %s, or the files of a district in Clever's format; these %d are none of them", manifestName, len(files)))
}
