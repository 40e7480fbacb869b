package table

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file to be read.
type File struct {
	Name string // without a folder
	Size int64  // in bytes; 0: not known
	// Open opens it for reading; it may be opened several times.
	Open func() (io.ReadCloser, error)
}

// Limits of what is read, so that a file made to harm does none. A school district
// of 100,000 enrolments has some 20 MB.
const (
	MaxRows     = 1_500_000 // in all files together
	MaxUnpacked = 1 << 30   // bytes that the files of one zip hold together
	maxRatio    = 200       // of what a file in a zip holds to what it takes; tables have 5 to 30
	freeRatio   = 8 << 20   // bytes below which the ratio does not matter
	maxRecord   = 1 << 20   // bytes of one row
	maxColumns  = 2000
	maxShared   = 128 << 20 // bytes of the texts that cells of a workbook share
	maxInMemory = 64 << 20  // bytes of a zip or workbook that has to be held in memory
)

// Folder returns the files that a folder holds.
func Folder(dir string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, e := range entries {
		if !e.IsDir() {
			files = append(files, OnDisk(filepath.Join(dir, e.Name())))
		}
	}
	return files, nil
}

// OnDisk returns a file of the file system.
func OnDisk(path string) File {
	size := int64(0)
	if info, err := os.Stat(path); err == nil { // or else opening it says what is wrong
		size = info.Size()
	}
	return File{Name: filepath.Base(path), Size: size, Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// Zip returns the CSV files of a zip: those in the folder of the file called lead or,
// if there is none, those in the folder nearest to the top that has any. Names in a
// zip only find files; nothing is unpacked to disk. The zip must stay readable for as
// long as the files are.
func Zip(name string, r io.ReaderAt, size int64, lead string) ([]File, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // paths are not used for anything
		return nil, fault(name, "This is not a zip file that can be read: %v.", err)
	}
	dir := nearest(z.File, func(base string) bool { return strings.EqualFold(base, lead) })
	if dir == "" {
		dir = nearest(z.File, isCSV)
	}
	var files []File
	seen := make(map[string]bool)
	limit := unpacking{archive: name}
	for _, f := range z.File {
		base := path.Base(f.Name)
		if f.FileInfo().IsDir() || path.Dir(f.Name) != dir || !isCSV(base) {
			continue
		}
		if seen[strings.ToLower(base)] {
			return nil, fault(name, "It has %s twice. Make the zip again.", base)
		}
		seen[strings.ToLower(base)] = true
		if err := limit.take(f); err != nil {
			return nil, err
		}
		files = append(files, File{Name: base, Size: int64(f.UncompressedSize64), Open: f.Open}) // which gives no more than the zip says there is
	}
	return files, nil
}

// nearest returns the folder nearest to the top of a zip that has a file of such a
// name; "" if none has.
func nearest(files []*zip.File, match func(base string) bool) string {
	dir, depth := "", -1
	for _, f := range files {
		if f.FileInfo().IsDir() || !match(path.Base(f.Name)) || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		if n := strings.Count(f.Name, "/"); depth < 0 || n < depth {
			dir, depth = path.Dir(f.Name), n
		}
	}
	return dir
}

func isCSV(base string) bool { return strings.EqualFold(path.Ext(base), ".csv") }

// unpacking keeps count of what the files of a zip unpack to.
type unpacking struct {
	archive string
	total   uint64
}

// take refuses a file that unpacks to more than a table would.
func (u *unpacking) take(f *zip.File) error {
	u.total += f.UncompressedSize64
	if u.total > MaxUnpacked || f.UncompressedSize64 > freeRatio && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
		return fault(u.archive, "%s unpacks to more than a table would. The files of a zip may hold %d MB together.", path.Base(f.Name), MaxUnpacked>>20)
	}
	return nil
}

// Unpacked is what is in a zip.
type Unpacked struct {
	Files  []File
	closer io.Closer // nil: it was no zip
}

// Close closes the zip; then its files can no longer be read.
func (u *Unpacked) Close() error {
	if u.closer == nil {
		return nil
	}
	return u.closer.Close()
}

// Unpack returns the files that a file holds if it is a zip, as [Zip] does, or else the
// file itself. A workbook is a zip too, and is left as it is.
func Unpack(f File, lead string) (*Unpacked, error) {
	head, err := peek(f)
	if err != nil {
		return nil, err
	}
	if !isZip(head) && !strings.EqualFold(path.Ext(f.Name), ".zip") {
		return &Unpacked{Files: []File{f}}, nil
	}
	at, size, closer, err := openAt(f)
	if err != nil {
		return nil, err
	}
	if z, err := zip.NewReader(at, size); err == nil && slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == contentTypes }) {
		return &Unpacked{Files: []File{f}}, closer.Close()
	}
	files, err := Zip(f.Name, at, size, lead)
	if err != nil {
		return nil, errors.Join(err, closer.Close())
	}
	return &Unpacked{files, closer}, nil
}

// contentTypes is a part that every workbook has.
const contentTypes = "[Content_Types].xml"

// isZip reports whether a file begins as zips do; an empty one has only an end.
func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// openAt opens a file for reading anywhere in it. One that cannot be read so, such as
// one inside a zip, is held in memory.
func openAt(f File) (io.ReaderAt, int64, io.Closer, error) {
	r, err := f.Open()
	if err != nil {
		return nil, 0, nil, fault(f.Name, "It cannot be read: %v.", err)
	}
	if file, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		size, err := file.Seek(0, io.SeekEnd)
		if err != nil {
			return nil, 0, nil, errors.Join(readError(f.Name, 0, err), r.Close())
		}
		return file, size, r, nil
	}
	all, err := io.ReadAll(io.LimitReader(r, maxInMemory+1))
	switch {
	case err != nil:
		err = readError(f.Name, 0, err)
	case len(all) > maxInMemory:
		err = fault(f.Name, "It has more than %d MB. Save it as CSV.", maxInMemory>>20)
	default:
		return bytes.NewReader(all), int64(len(all)), r, nil
	}
	return nil, 0, nil, errors.Join(err, r.Close())
}
