package table

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ColumnStore is where it is kept which column held what, so that the next table with
// the same headings is read in the same way.
type ColumnStore interface {
	// ImportColumns returns the columns that were kept for a fingerprint, by field; nil if
	// none were.
	ImportColumns(ctx context.Context, fingerprint string) (map[string]string, error)
	// KeepImportColumns keeps columns for a fingerprint, instead of those before.
	KeepImportColumns(ctx context.Context, fingerprint string, columns map[string]string, now time.Time) error
}

// PlainHeading leaves only the small letters and digits of a heading, without accents.
func PlainHeading(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case r == 'ß':
			b.WriteString("ss")
		case unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// Fingerprint names the headings of tables of a kind in their order, whatever their case,
// accents and signs.
func Fingerprint(kind string, headings []string) string {
	h := sha256.New()
	fmt.Fprintln(h, kind)
	for _, heading := range headings {
		if !IsReason(heading) {
			fmt.Fprintln(h, PlainHeading(heading))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Remembered returns which column held which field in the last table of a kind that had
// these headings, with headings as they stand in this one; nil if there was none.
func Remembered[Field ~string](ctx context.Context, store ColumnStore, kind string, headings []string) (map[Field]string, error) {
	kept, err := store.ImportColumns(ctx, Fingerprint(kind, headings))
	if err != nil || kept == nil {
		return nil, err
	}
	out := make(map[Field]string, len(kept))
	for field, column := range kept {
		at := slices.IndexFunc(headings, func(h string) bool { return PlainHeading(h) == PlainHeading(column) })
		if at < 0 {
			return nil, nil
		}
		out[Field(field)] = headings[at]
	}
	return out, nil
}

// Remember keeps which column held which field in a table with a fingerprint.
func Remember[Field ~string](ctx context.Context, store ColumnStore, fingerprint string, columns map[Field]string, now time.Time) error {
	kept := make(map[string]string, len(columns))
	for field, column := range columns {
		kept[string(field)] = column
	}
	return store.KeepImportColumns(ctx, fingerprint, kept, now)
}
