package report

import (
	"io"
	"time"
)

// NewWriter returns a writer of a format: csv, xlsx or json.
func NewWriter(format string, to io.Writer, zone *time.Location) Writer {
	switch format {
	case "xlsx":
		return NewXLSX(to, zone)
	case "json":
		return NewJSON(to)
	}
	return NewCSV(to, zone)
}
