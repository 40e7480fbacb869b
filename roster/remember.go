package roster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/muster-live/muster/table"
)

// listKind is the kind of tables that plain lists are.
const listKind = "people"

// Columns looks at the beginning of a plain list, as [ReadColumns] does. If a list with
// the same headings has been imported, the mapping is the one that was chosen then.
func (im *Importer) Columns(ctx context.Context, f table.File, sheet string) (*Columns, error) {
	c, err := ReadColumns(f, sheet)
	if err != nil {
		return nil, err
	}
	m, err := table.Remembered[Field](ctx, im.store, listKind, c.Headings)
	if err != nil {
		return nil, err
	}
	if m != nil {
		c.Mapping, c.Remembered = m, true
	}
	return c, nil
}

// Remembered returns the options with the mapping that was chosen for such a list before,
// if they say none and the files are a list.
func (im *Importer) Remembered(ctx context.Context, files []table.File, o ReadOptions) (ReadOptions, error) {
	if o.Mapping != nil || o.Format != Sheet && o.Format != "" || len(files) != 1 {
		return o, nil
	}
	if o.Format == "" {
		if f, err := Recognise(files); err != nil || f != Sheet {
			return o, err
		}
	}
	c, err := im.Columns(ctx, files[0], o.Sheet)
	if err != nil {
		return o, err
	}
	if c.Remembered {
		o.Mapping = c.Mapping
	}
	return o, nil
}

// note says which columns a list was read by.
func (m Mapping) note(file string) string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s is %q", field, m[field]))
	}
	return file + ": " + strings.Join(parts, ", ")
}
