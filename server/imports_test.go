package server_test

import (
	"bytes"
	"io"
	mime "mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-live/muster/roster"
)

// form is what an administrator sends: fields, and files by their names.
type form struct {
	fields map[string]string
	files  map[string]string
}

// upload sends a form as the administrator.
func (c *campus) upload(path string, f form) answer {
	c.t.Helper()
	return c.uploadAs(c.token(admin), path, f)
}

func (c *campus) uploadAs(token, path string, f form) answer {
	c.t.Helper()
	var body bytes.Buffer
	w := mime.NewWriter(&body)
	for name, value := range f.fields {
		if err := w.WriteField(name, value); err != nil {
			c.t.Fatal(err)
		}
	}
	for name, text := range f.files {
		part, err := w.CreateFormFile("file", name)
		if err == nil {
			_, err = io.WriteString(part, text)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		c.t.Fatal(err)
	}
	return c.call(token, "POST", path, body.String(), func(r *http.Request) { r.Header.Set("Content-Type", w.FormDataContentType()) })
}

var newcomers = form{
	fields: map[string]string{"format": "csv", "course": "CS101"},
	files:  map[string]string{"list.csv": "id,given,family,phone\n0042,Nora,Newcomer,555\n"},
}

// with returns the form with other fields in it.
func (f form) with(fields ...string) form {
	all := map[string]string{}
	for name, value := range f.fields {
		all[name] = value
	}
	for i := 0; i < len(fields); i += 2 {
		all[fields[i]] = fields[i+1]
	}
	return form{all, f.files}
}

func TestImportIsPreviewedAppliedAndShownOnTheBoard(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	const board = "/api/v1/sessions/10/state?audience=board"
	if a := c.call(c.token(teacher), "GET", board, ""); strings.Contains(a.body, "Newcomer") || !strings.Contains(a.body, "Hidden") {
		t.Fatalf("the board before: %s", a.body)
	}

	var p roster.Preview
	c.upload("/api/v1/imports", newcomers).json(t, &p)
	want := roster.Preview{
		Digest: p.Digest,
		Counts: roster.PreviewCounts{People: roster.PreviewTally{Add: 1}, Enrolments: roster.PreviewTally{Add: 1}, Same: 1},
		Rows: []roster.PreviewRow{
			{Kind: "add", What: "person", File: "list.csv", Line: 2, Name: "Nora Newcomer"},
			{Kind: "add", What: "enrolment", File: "list.csv", Line: 2, Name: "Nora Newcomer", Detail: "student in CS101 Algorithms"},
		},
		Ignored: []string{"list.csv: phone"},
		Notes:   []string{`list.csv: family is "family", given is "given", ref is "id"`},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}

	wrong := c.upload("/api/v1/imports", newcomers.with("apply", "true", "digest", "0123")).problem(t)
	if wrong.Code != "conflict" || wrong.Detail != "The roster has changed since the preview. Look at it again." {
		t.Errorf("with another digest: %+v", wrong)
	}

	var done roster.Preview
	c.upload("/api/v1/imports", newcomers.with("apply", "true", "digest", p.Digest)).json(t, &done)
	if !done.Applied || done.Digest != p.Digest {
		t.Errorf("applied: %+v", done)
	}
	if a := c.call(c.token(teacher), "GET", board, ""); !strings.Contains(a.body, "Newcomer") {
		t.Errorf("the board after: %s", a.body)
	}
}

func TestBundleCanBeSentAsItsFiles(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	var p roster.Preview
	c.upload("/api/v1/imports", form{map[string]string{"format": "oneroster"}, map[string]string{
		"manifest.csv": "propertyName,value\noneroster.version,1.1\nfile.classes,bulk\n",
		"classes.csv":  "sourcedId,title,classCode\nc1,Chemistry,CHEM\n",
	}}).json(t, &p)
	if p.Counts.Courses.Add != 1 {
		t.Errorf("%+v", p)
	}
}

func TestImportThatMakesNoSenseIsRefusedByField(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	for name, tt := range map[string]struct {
		form  form
		field string
		want  string
	}{
		"no file":       {form{newcomers.fields, nil}, "file", "file must be at least one file."},
		"no format":     {newcomers.with("format", "pdf"), "format", "format must be oneroster, clever or csv."},
		"no course":     {newcomers.with("course", ""), "course", "course must be the code of the course"},
		"apply?":        {newcomers.with("apply", "perhaps"), "apply", "apply must be true or false."},
		"no mapping":    {newcomers.with("mapping", "[1]"), "mapping", "mapping must be a JSON object of texts"},
		"no column":     {newcomers.with("mapping", `{"name":"N"}`), "mapping", `it has no column "N"`},
		"no bundle":     {newcomers.with("format", "oneroster"), "file", "manifest.csv: There is no such file."},
		"which days?":   {newcomers.with("days", "ymd"), "days", "days must be mdy or dmy."},
		"no zip":        {form{map[string]string{"format": "oneroster"}, map[string]string{"b.zip": "PK"}}, "file", "b.zip: This is not a zip file"},
		"an empty file": {form{newcomers.fields, map[string]string{"list.csv": ""}}, "file", "list.csv: It is empty"},
	} {
		p := c.upload("/api/v1/imports", tt.form).problem(t)
		if p.Status != 400 || p.Code != "bad_message" || p.Field != tt.field || !strings.Contains(p.Detail, tt.want) {
			t.Errorf("%s: %+v\nwant field %q, %q", name, p, tt.field, tt.want)
		}
	}
	if p := c.call(c.token(admin), "POST", "/api/v1/imports", "{}").problem(t); p.Status != 400 || !strings.Contains(p.Detail, "multipart/form-data") {
		t.Errorf("JSON: %+v", p)
	}
}

func TestColumnsOfAFileAreGuessed(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	a := c.upload("/api/v1/imports/columns", form{nil, map[string]string{"list.csv": "Matrikel;Name;Vorname\n0042;M\xfcller;Zo\xeb\n"}})
	const want = `{"columns":["Matrikel","Name","Vorname"],"sample":[["0042","Müller","Zoë"]],"mapping":{"family":"Name","given":"Vorname","ref":"Matrikel"},"remembered":false,"sheet":"","sheets":[]}`
	if strings.TrimSpace(a.body) != want {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}

func TestRejectedRowsAndAllRowsCanBeFetched(t *testing.T) {
	t.Parallel()
	c := newCampus(t, nil)
	sent := form{newcomers.fields, map[string]string{"list.csv": "id,name,email\nx1,Nora Newcomer,nowhere\nx2,Nils Newcomer,\n"}}
	a := c.upload("/api/v1/imports/rejects", sent)
	const want = "\ufeffid,name,email,why muster rejected it\r\nx1,Nora Newcomer,nowhere,email: It must be an address with an @.\r\n"
	if a.body != want {
		t.Errorf("got  %q\nwant %q", a.body, want)
	}
	a = c.upload("/api/v1/imports/rows", sent)
	for _, line := range []string{"\ufeffchange,what,file,line,name,detail", "reject,person,list.csv,2,Nora Newcomer,email: It must be an address with an @.", "add,person,list.csv,3,Nils Newcomer,"} {
		if !strings.Contains(a.body, line+"\r\n") {
			t.Errorf("no %q in %q", line, a.body)
		}
	}
	good := form{sent.fields, map[string]string{"list.csv": "id,name\nx2,Nils Newcomer\n"}}
	if p := c.upload("/api/v1/imports/rejects", good).problem(t); p.Status != 404 || p.Detail != "No row is rejected." {
		t.Errorf("without rejects: %+v", p)
	}
}
