package roster

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// File is a file to be imported.
type File struct {
	Name string // without a folder
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
	return File{Name: filepath.Base(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// Zip returns the files of a zip: those in the folder of its manifest.csv or, if it
// has none, those that are in no folder. Names in a zip only find files; nothing is
// unpacked to disk. The zip must stay readable for as long as the files are.
func Zip(name string, r io.ReaderAt, size int64) ([]File, error) {
	fail := func(problem string) ([]File, error) {
		return nil, &FileError{Origin: Origin{File: name}, Problem: problem}
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // paths are not used for anything
		return fail("This is not a zip file that can be read: " + err.Error() + ".")
	}
	dir, depth := ".", -1
	for _, f := range z.File {
		if d := path.Dir(f.Name); strings.EqualFold(path.Base(f.Name), manifestName) && !strings.HasPrefix(f.Name, "__MACOSX/") {
			if n := strings.Count(f.Name, "/"); depth < 0 || n < depth {
				dir, depth = d, n
			}
		}
	}
	var files []File
	seen := make(map[string]bool)
	var total uint64
	for _, f := range z.File {
		base := path.Base(f.Name)
		if f.FileInfo().IsDir() || path.Dir(f.Name) != dir || !strings.EqualFold(path.Ext(base), ".csv") {
			continue
		}
		if seen[strings.ToLower(base)] {
			return fail(fmt.Sprintf("It has %s twice. Make the zip again.", base))
		}
		seen[strings.ToLower(base)] = true
		total += f.UncompressedSize64
		if total > MaxUnpacked || f.UncompressedSize64 > freeRatio && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
			return fail(fmt.Sprintf("%s unpacks to more than a table would. The files of a zip may hold %d MB together.", base, MaxUnpacked>>20))
		}
		files = append(files, File{Name: base, Open: f.Open}) // which gives no more than the zip says there is
	}
	return files, nil
}
