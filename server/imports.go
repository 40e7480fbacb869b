package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/table"
	"github.com/muster-live/muster/work"
)

// importRoutes are the calls that bring rosters in, for administrators.
func (s *Server) importRoutes(api huma.API) {
	huma.Post(api, "/imports", s.postImport, summary("See what files would change, or change it"))
	fields := []string{
		"file", "One or more: a zip, the files of a bundle, or one plain list (CSV or XLSX).",
		"format", "oneroster, clever or csv (a plain list). Left out: recognised.",
		"apply", "true: do it. Otherwise nothing is changed.",
		"digest", "Of the preview that is to be applied.",
		"allow_rejects", "true: import the other rows if some are rejected.",
		"course", "For csv: the code of the course; it is made if it is new.",
		"mapping", "For csv: a JSON object that has for each field the column that holds it. Left out: as with such a list before, or else the headings tell.",
		"sheet", "For csv that is a workbook: the name of the sheet. Left out: the first.",
		"days", "mdy or dmy: what 9/1/2026 is taken for where no day of the file tells.",
	}
	takesFiles(api, "/imports", fields...)
	huma.Post(api, "/imports/jobs", s.postImportJob, summary("The same as a job, for large files"), accepted)
	takesFiles(api, "/imports/jobs", append(fields, "job", "Instead of file: the id of an earlier job of an import, whose files are taken.")...)
	huma.Post(api, "/imports/rejects", s.postImportRejects, summary("The rows that are rejected, in the format they came in, with the reasons"), answersFile("application/octet-stream"))
	takesFiles(api, "/imports/rejects", append(fields, "job", "Instead of file: the id of a job of an import or its preview, whose files are taken.")...)
	huma.Post(api, "/imports/rows", s.postImportRows, summary("Every row of a preview"), answersFile(fileTypes["csv"]))
	takesFiles(api, "/imports/rows", append(fields, "job", "Instead of file: the id of a job of an import or its preview, whose files are taken.")...)
	huma.Post(api, "/imports/columns", s.postImportColumns, summary("What a plain list has, and what we guess"))
	takesFiles(api, "/imports/columns", "file", "One plain list (CSV or XLSX).", "sheet", "Of a workbook: the name of the sheet. Left out: the first.")
}

// takesFiles describes the form that a call takes: its fields and what they are for.
// It comes after the call has been registered, so that huma does not read the form:
// nobody's files are taken in before it is known who they are.
func takesFiles(api huma.API, path string, fields ...string) {
	form := &huma.Schema{Type: huma.TypeObject, Properties: make(map[string]*huma.Schema), Required: []string{"file"}}
	for i := 0; i < len(fields); i += 2 {
		form.Properties[fields[i]] = &huma.Schema{Type: huma.TypeString, Description: fields[i+1]}
	}
	form.Properties["file"] = &huma.Schema{Type: huma.TypeArray, Description: fields[1], Items: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	api.OpenAPI().Paths[path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
}

// formMemory is how much of uploaded files is kept in memory; the rest is in
// temporary files while the request lasts.
const formMemory = 1 << 20

// upload is a form with files in it.
type upload struct {
	form  *multipart.Form
	files []table.File
	dir   string // where files of a job are; empty: none were fetched
}

// upload reads the form of a request, with at least one file. The caller closes it.
func (s *Server) upload(ctx context.Context) (*upload, error) {
	u, err := s.form(ctx)
	if err == nil && len(u.files) == 0 {
		u.close()
		return nil, attendance.BadField("file", "at least one file")
	}
	return u, err
}

// form reads the form of a request. The caller closes it.
func (s *Server) form(ctx context.Context) (*upload, error) {
	r := requestOf(ctx).raw
	err := r.ParseMultipartForm(formMemory)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, err
	case err != nil:
		return nil, &attendance.Error{Code: attendance.CodeBadMessage, Err: err, Message: "This is not a form with files. Send multipart/form-data with the files as \"file\"."}
	}
	u := &upload{form: r.MultipartForm}
	for _, h := range r.MultipartForm.File["file"] {
		u.files = append(u.files, table.File{Name: h.Filename, Size: h.Size, Open: func() (io.ReadCloser, error) { return h.Open() }})
	}
	return u, nil
}

// close removes what is kept in temporary files; the system empties its temporary folder
// in any case.
func (u *upload) close() {
	_ = u.form.RemoveAll()
	if u.dir != "" {
		_ = os.RemoveAll(u.dir)
	}
}

// title is what people call the upload.
func (u *upload) title() string {
	if len(u.files) == 1 {
		return u.files[0].Name
	}
	return fmt.Sprintf("%s and %d more files", u.files[0].Name, len(u.files)-1)
}

func (u *upload) value(field string) string {
	if v := u.form.Value[field]; len(v) > 0 {
		return strings.TrimSpace(v[0])
	}
	return ""
}

// is reads a field that is true or false; left out, it is false.
func (u *upload) is(field string) (bool, error) {
	switch u.value(field) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, attendance.BadField(field, "true or false")
}

type previewOutput struct{ Body roster.Preview }

func (s *Server) postImport(ctx context.Context, _ *struct{}) (*previewOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	u, err := s.upload(ctx)
	if err != nil {
		return nil, err
	}
	defer u.close()
	apply, err1 := u.is("apply")
	allow, err2 := u.is("allow_rejects")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	o, err := u.options()
	if err != nil {
		return nil, err
	}
	importer := roster.NewImporter(s.Roster, s.now, s.changed)
	if o, err = importer.Remembered(ctx, u.files, o); err != nil {
		return nil, work.FileProblem(err)
	}
	bundle, err := roster.Read(u.files, o)
	if err != nil {
		return nil, work.FileProblem(err)
	}
	var cs *roster.ChangeSet
	if apply {
		cs, err = importer.Apply(ctx, bundle, roster.Application{Title: u.title(), By: s.author(ctx, v), Digest: u.value("digest"), AllowRejects: allow})
	} else {
		cs, err = importer.Preview(ctx, bundle)
	}
	if err != nil {
		return nil, err
	}
	return &previewOutput{cs.Preview(apply)}, nil
}

// accepted says in the OpenAPI document that a call has only begun what it is for.
func accepted(op *huma.Operation) { op.DefaultStatus = http.StatusAccepted }

func (s *Server) postImportJob(ctx context.Context, _ *struct{}) (*jobOutput, error) {
	v, err := s.authorizeAll(ctx, identity.EditRoster)
	if err != nil {
		return nil, err
	}
	u, err := s.form(ctx)
	if err != nil {
		return nil, err
	}
	defer u.close()
	apply, err1 := u.is("apply")
	allow, err2 := u.is("allow_rejects")
	o, err3 := u.options()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	kind := work.Preview
	if apply {
		kind = work.Import
	}
	if len(u.files) > 0 {
		if o, err = roster.NewImporter(s.Roster, s.now, nil).Remembered(ctx, u.files, o); err != nil {
			return nil, work.FileProblem(err)
		}
	}
	return s.submitFiles(ctx, v, kind, work.ImportArgs{ReadOptions: o, Digest: u.value("digest"), AllowRejects: allow}, u, work.Preview, work.Import)
}

// options reads how the files are to be read.
func (u *upload) options() (roster.ReadOptions, error) {
	o := roster.ReadOptions{
		Format:       roster.Format(u.value("format")),
		SheetOptions: roster.SheetOptions{Course: u.value("course"), Sheet: u.value("sheet")},
	}
	switch days := table.DayOrder(u.value("days")); days {
	case table.AnyOrder, table.MonthFirst, table.DayFirst:
		o.Days = days
	default:
		return o, attendance.BadField("days", "mdy or dmy")
	}
	if text := u.value("mapping"); text != "" {
		if err := json.Unmarshal([]byte(text), &o.Mapping); err != nil {
			return o, attendance.BadField("mapping", "a JSON object of texts: field to column")
		}
	}
	return o, nil
}

type columnsOutput struct {
	Body struct {
		Columns    []string       `json:"columns"`
		Sample     [][]string     `json:"sample" doc:"The first rows."`
		Mapping    roster.Mapping `json:"mapping" doc:"For each field that we find the column that holds it."`
		Remembered bool           `json:"remembered" doc:"The mapping is the one that was chosen for such a list before, and no guess."`
		Sheet      string         `json:"sheet" doc:"Of a workbook: the sheet that is shown."`
		Sheets     []string       `json:"sheets" doc:"Of a workbook: all sheets."`
	}
}

func (s *Server) postImportColumns(ctx context.Context, _ *struct{}) (*columnsOutput, error) {
	if _, err := s.authorizeAll(ctx, identity.EditRoster); err != nil {
		return nil, err
	}
	u, err := s.upload(ctx)
	if err != nil {
		return nil, err
	}
	defer u.close()
	c, err := roster.NewImporter(s.Roster, s.now, nil).Columns(ctx, u.files[0], u.value("sheet"))
	if err != nil {
		return nil, work.FileProblem(err)
	}
	out := &columnsOutput{}
	out.Body.Columns, out.Body.Sample, out.Body.Mapping = c.Headings, c.Sample, c.Mapping
	out.Body.Remembered = c.Remembered
	out.Body.Sheet, out.Body.Sheets = c.Sheet, append([]string{}, c.Sheets...)
	return out, nil
}
