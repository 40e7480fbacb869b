// Package table knows how files become rows: what encoding a CSV file is in, what its
// fields are divided by and its lines end with, how a workbook (XLSX) writes numbers,
// dates and formulas, and how columns write their dates. Whoever reads a table needs
// to know none of that:
//
//	t, err := table.Open(file, table.Options{})
//	defer t.Close()
//	ref, err := t.Column("ref")
//	for {
//		err := t.Next() // io.EOF, a RowError (go on), or a FileError
//		t.Cell(ref)
//	}
package table
