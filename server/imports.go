package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/roster"
)

// importRoutes are the calls that bring rosters in, for administrators.
func (s *Server) importRoutes(api huma.API) {
	huma.Post(api, "/imports", s.postImport, summary("See what files would change, or change it"))
	takesFiles(api, "/imports",
		"file", "One or more: a zip, the files of a bundle, or one plain CSV file.",
		"format", "oneroster or csv.",
		"apply", "true: do it. Otherwise nothing is changed.",
		"digest", "Of the preview that is to be applied.",
		"allow_rejects", "true: import the other rows if some are rejected.",
		"course", "For csv: the code of the course; it is made if it is new.",
		"mapping", "For csv: a JSON object that has for each field the column that holds it. Left out: the headings tell.",
	)
	huma.Post(api, "/imports/columns", s.postImportColumns, summary("What a plain CSV file has, and what we guess"))
	takesFiles(api, "/imports/columns", "file", "One plain CSV file.")
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
	files []roster.File
}

// upload reads the form of a request. The caller closes it.
func (s *Server) upload(ctx context.Context) (*upload, error) {
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
		u.files = append(u.files, roster.File{Name: h.Filename, Open: func() (io.ReadCloser, error) { return h.Open() }})
	}
	if len(u.files) == 0 {
		u.close()
		return nil, attendance.BadField("file", "at least one file")
	}
	return u, nil
}

func (u *upload) close() { _ = u.form.RemoveAll() } // the system empties its temporary folder in any case

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
	v, err := s.authorizeAdmin(ctx)
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
	bundle, err := u.bundle()
	if err != nil {
		return nil, fileProblem(err)
	}
	importer := roster.NewImporter(s.Roster, s.now, s.imported)
	var cs *roster.ChangeSet
	if apply {
		cs, err = importer.Apply(ctx, bundle, roster.Application{Actor: v.Person, Digest: u.value("digest"), AllowRejects: allow})
	} else {
		cs, err = importer.Preview(ctx, bundle)
	}
	if err != nil {
		return nil, err
	}
	return &previewOutput{cs.Preview(apply)}, nil
}

// imported has screens show what an import has changed.
func (s *Server) imported(cs *roster.ChangeSet) {
	s.Hub.CoursesChanged(cs.Touched)
	for _, p := range cs.Locked {
		s.Hub.Disconnect(p)
	}
}

// bundle reads the files in the format that the form says.
func (u *upload) bundle() (*roster.Bundle, error) {
	switch u.value("format") {
	case "oneroster":
		if len(u.files) == 1 && strings.EqualFold(filepath.Ext(u.files[0].Name), ".zip") {
			h := u.form.File["file"][0]
			f, err := h.Open()
			if err != nil {
				return nil, err
			}
			defer f.Close()
			files, err := roster.Zip(h.Filename, f, h.Size)
			if err != nil {
				return nil, err
			}
			return roster.ReadOneRoster(files)
		}
		return roster.ReadOneRoster(u.files)
	case "csv":
		if len(u.files) != 1 {
			return nil, attendance.BadField("file", "one file if the format is csv")
		}
		var mapping roster.Mapping
		if text := u.value("mapping"); text != "" {
			if err := json.Unmarshal([]byte(text), &mapping); err != nil {
				return nil, attendance.BadField("mapping", "a JSON object of texts: field to column")
			}
		}
		return roster.ReadSheet(u.files[0], u.value("course"), mapping)
	}
	return nil, attendance.BadField("format", "oneroster or csv")
}

// fileProblem makes a fault of a file one that clients may know.
func fileProblem(err error) error {
	var f *roster.FileError
	if errors.As(err, &f) {
		return &attendance.Error{Code: attendance.CodeBadMessage, Field: "file", Message: f.Error()}
	}
	return err
}

type columnsOutput struct {
	Body struct {
		Columns []string       `json:"columns"`
		Sample  [][]string     `json:"sample" doc:"The first rows."`
		Mapping roster.Mapping `json:"mapping" doc:"For each field that we find the column that holds it."`
	}
}

func (s *Server) postImportColumns(ctx context.Context, _ *struct{}) (*columnsOutput, error) {
	if _, err := s.authorizeAdmin(ctx); err != nil {
		return nil, err
	}
	u, err := s.upload(ctx)
	if err != nil {
		return nil, err
	}
	defer u.close()
	c, err := roster.ReadColumns(u.files[0])
	if err != nil {
		return nil, fileProblem(err)
	}
	out := &columnsOutput{}
	out.Body.Columns, out.Body.Sample, out.Body.Mapping = c.Headings, c.Sample, c.Mapping
	return out, nil
}
