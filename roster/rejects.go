package roster

import (
	"archive/zip"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/muster-live/muster/table"
)

// WriteRejects writes the rows that are rejected in the format that the files have, with
// the reason in the last column: ready to be mended and sent again. Of a bundle or a
// district it is a zip of those files that have such rows, which says that it holds a
// part, so that nothing ends for not being in it.
func WriteRejects(w io.Writer, files []table.File, o ReadOptions, rejects []Reject) error {
	reasons := make(map[string]map[int]string) // by file and line
	for i := range rejects {
		r := &rejects[i]
		of := reasons[r.File]
		if of == nil {
			of = make(map[int]string)
			reasons[r.File] = of
		}
		if was := of[r.Line]; was != "" {
			of[r.Line] = was + " " + r.reason()
		} else {
			of[r.Line] = r.reason()
		}
	}
	return unpacked(files, func(files []table.File) (err error) {
		if o.Format == "" {
			if o.Format, err = recognise(files); err != nil {
				return err
			}
		}
		if o.Format == Sheet {
			return table.WriteRejects(w, files[0], table.Options{Sheet: o.Sheet}, reasons[files[0].Name])
		}
		return writeRejectedFiles(w, files, o.Format, reasons)
	})
}

// writeRejectedFiles writes a zip of the files that have rejected rows.
func writeRejectedFiles(w io.Writer, files []table.File, format Format, reasons map[string]map[int]string) error {
	z := zip.NewWriter(w)
	manifest := "propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,1.2\r\n"
	for _, f := range files {
		if reasons[f.Name] == nil || strings.EqualFold(f.Name, manifestName) {
			continue
		}
		part, err := z.Create(f.Name)
		if err == nil {
			err = table.WriteRejects(part, f, table.Options{}, reasons[f.Name])
		}
		if err != nil {
			return err
		}
		for _, name := range oneRosterFiles {
			if strings.EqualFold(f.Name, name+".csv") {
				manifest += "file." + name + ",delta\r\n"
			}
		}
	}
	if format == OneRoster {
		part, err := z.Create(manifestName)
		if err == nil {
			_, err = io.WriteString(part, manifest)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

// reason is what is wrong with the row, with the column at fault.
func (r *Reject) reason() string {
	if r.Field == "" {
		return r.Want
	}
	return r.Field + ": " + r.Want
}

// RejectsName is the name of the file that WriteRejects writes, where the files are
// called so.
func RejectsName(files []table.File) (string, error) {
	inside, err := table.Unpack(files[0], manifestName)
	if err != nil {
		return "", err
	}
	unpacked := len(inside.Files) != 1 || inside.Files[0].Name != files[0].Name
	if err := inside.Close(); err != nil {
		return "", err
	}
	if len(files) > 1 {
		return "rejected.zip", nil
	}
	if unpacked {
		return strings.TrimSuffix(files[0].Name, filepath.Ext(files[0].Name)) + "-rejected.zip", nil
	}
	return table.RejectsName(files[0])
}

// WriteRows writes every line of a preview to a CSV file: call the function that it
// returns with each, and then the one that ends the file.
func WriteRows(w io.Writer) (row func(ChangeRow), end func() error) {
	out := table.NewWriter(w, ',')
	out.Write("change", "what", "file", "line", "name", "detail")
	return func(r ChangeRow) {
		line := ""
		if r.File != "" {
			line = strconv.Itoa(r.Line)
		}
		out.Write(r.Change.String(), r.What.String(), r.File, line, r.Name, r.Detail)
	}, out.Close
}
