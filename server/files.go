package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/muster-live/muster/report"
	"github.com/muster-live/muster/timetable"
)

// fileTypes are the formats that files are given out in, by their endings.
var fileTypes = map[string]string{
	"csv":  "text/csv; charset=utf-8",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"json": "application/json",
	"ics":  "text/calendar; charset=utf-8",
}

// export is a table to be sent as a file.
type export struct {
	name  string // of the file, without its ending
	write func(w report.Writer, zone *time.Location) error
}

// files registers calls that answer with a table as a file, one for each format, which
// is the ending of the path. Whatever can be refused is refused by prepare, before
// anything is sent.
func files[In any](s *Server, api huma.API, path, about string, formats []string, prepare func(context.Context, *In) (*export, error)) {
	for _, format := range formats {
		handle := func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
			e, err := prepare(ctx, in)
			if err != nil {
				return nil, err
			}
			zone, err := s.zone(ctx)
			if err != nil {
				return nil, err
			}
			return s.stream(e.name+"."+format, fileTypes[format], func(to io.Writer) error {
				w := report.NewWriter(format, to, zone)
				if err := e.write(w, zone); err != nil {
					return err
				}
				return w.Close()
			}), nil
		}
		huma.Get(api, path+"."+format, handle, summary(about+": "+strings.ToUpper(format)), answersFile(fileTypes[format]))
	}
}

// zone is the institution's time zone, that times in files are told in.
func (s *Server) zone(ctx context.Context) (*time.Location, error) {
	in, err := s.Institutions.Institution(ctx)
	return in.Zone, err
}

// Institutions knows the institution's time zone.
type Institutions interface {
	Institution(context.Context) (timetable.Institution, error)
}

// answersFile says in the OpenAPI document that a call answers with a file.
func answersFile(contentType string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		kind, _, _ := strings.Cut(contentType, ";")
		op.Responses = map[string]*huma.Response{"200": {
			Description: "The file.",
			Content:     map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}}
	}
}

// stream answers with a file while it is being written. If that fails, the connection
// is broken off, so that nobody takes half a file for a whole one.
func (s *Server) stream(name, contentType string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", contentType)
		hc.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
		_, w := humago.Unwrap(hc)
		ctx := hc.Context()
		defer func() {
			if cause := recover(); cause != nil {
				if cause != http.ErrAbortHandler {
					requestOf(ctx).log.ErrorContext(ctx, "a file was broken off", slog.Any("err", cause), slog.String("stack", string(debug.Stack())))
				}
				panic(http.ErrAbortHandler) // half a file must not pass for a whole one
			}
		}()
		if err := write(&patientWriter{w: w, c: http.NewResponseController(w)}); err != nil {
			if ctx.Err() == nil { // or else the client has gone
				requestOf(ctx).log.ErrorContext(ctx, "a file was broken off", slog.Any("err", err))
			}
			panic(http.ErrAbortHandler)
		}
	}}
}

// patientWriter gives each write the time that a whole answer has: a file may be long.
type patientWriter struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (p *patientWriter) Write(b []byte) (int, error) {
	_ = p.c.SetWriteDeadline(time.Now().Add(slowest)) // a connection that knows none is one of a test
	return p.w.Write(b)
}
