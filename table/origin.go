package table

import (
	"errors"
	"fmt"
)

// Origin is the place that a row came from.
type Origin struct {
	File string
	Line int // the first line is 1; of a workbook, the row
}

// String returns the origin as compilers write theirs: users.csv:17.
func (o Origin) String() string { return fmt.Sprintf("%s:%d", o.File, o.Line) }

// FileError is a fault that spoils a whole file, so that nothing can be read from it.
type FileError struct {
	Origin         // Line 0: the file as a whole
	Problem string // a sentence: what is wrong and what was expected
}

// Error implements the error interface.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return e.Origin.String() + ": " + e.Problem
}

// RowError says that a row makes no sense. The rows after it may.
type RowError struct {
	Origin
	Problem string // a sentence: what is wrong and what was expected
}

// Error implements the error interface.
func (e *RowError) Error() string { return e.Origin.String() + ": " + e.Problem }

// fault makes a FileError of the file as a whole.
func fault(file, format string, args ...any) error {
	return &FileError{Origin: Origin{File: file}, Problem: fmt.Sprintf(format, args...)}
}

// readError wraps what went wrong with reading a file.
func readError(name string, line int, err error) error {
	var already *FileError
	if errors.As(err, &already) {
		return err
	}
	return &FileError{Origin: Origin{name, line}, Problem: "It cannot be read to its end: " + err.Error() + "."}
}
