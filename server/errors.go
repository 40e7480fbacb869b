package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
)

// httpStatus is the one table of errors: what a code is in HTTP. Its third column
// is in docs/protocol.md.
var httpStatus = map[attendance.Code]int{
	attendance.CodeBadMessage:       http.StatusBadRequest,
	attendance.CodeNotSignedIn:      http.StatusUnauthorized,
	attendance.CodeForbidden:        http.StatusForbidden,
	attendance.CodeNotFound:         http.StatusNotFound,
	attendance.CodeUnknownSession:   http.StatusNotFound,
	attendance.CodeNotEnrolled:      http.StatusForbidden,
	attendance.CodeUnknownPerson:    http.StatusUnprocessableEntity,
	attendance.CodeNotOpen:          http.StatusConflict,
	attendance.CodeAlreadyOpen:      http.StatusConflict,
	attendance.CodeAlreadyClosed:    http.StatusConflict,
	attendance.CodeCancelled:        http.StatusConflict,
	attendance.CodeCodeWrong:        http.StatusUnprocessableEntity,
	attendance.CodeCodeOld:          http.StatusUnprocessableEntity,
	attendance.CodeCodeOtherSession: http.StatusUnprocessableEntity,
	attendance.CodeTicketWrong:      http.StatusUnprocessableEntity,
	attendance.CodeTicketOld:        http.StatusUnprocessableEntity,
	attendance.CodeTicketUsed:       http.StatusUnprocessableEntity,
	attendance.CodeTooManyTries:     http.StatusTooManyRequests,
	attendance.CodeTooMany:          http.StatusTooManyRequests,
	attendance.CodeTooLarge:         http.StatusRequestEntityTooLarge,
	attendance.CodeConflict:         http.StatusConflict,
	attendance.CodeBusy:             http.StatusServiceUnavailable,
	attendance.CodeStorage:          http.StatusInsufficientStorage,
	attendance.CodeInternal:         http.StatusInternalServerError,
}

// problem is an error as clients get it: application/problem+json (RFC 9457). It
// has nothing in it that a client should not see.
type problem struct {
	Status int    `json:"status" doc:"The HTTP status again."`
	Code   string `json:"code" doc:"What kind of error it is; docs/protocol.md lists them."`
	Detail string `json:"detail" doc:"For a person: what is wrong and what to do."`
	Field  string `json:"field,omitempty" doc:"The field at fault, if there is one."`
	Retry  int64  `json:"retry_ms" doc:"How long to wait before trying again; 0 if that makes no sense."`
}

const problemType = "application/problem+json"

// The methods that huma asks of an error.
func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return problemType }

// problemOf turns any error into what a client may know of it, and logs the cause
// of one that is not the client's doing.
func problemOf(ctx context.Context, err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = attendance.Refuse(attendance.CodeTooLarge, "This is more than we take at once. Send less.")
	}
	e := attendance.AsError(err)
	if q := requestOf(ctx); q.refused != nil {
		q.refused(e.Code)
	}
	p = &problem{Status: httpStatus[e.Code], Code: string(e.Code), Detail: e.Message, Field: e.Field, Retry: e.Retry.Milliseconds()}
	if p.Status >= http.StatusInternalServerError && e.Code != attendance.CodeBusy && ctx.Err() == nil { // or else the client has gone
		requestOf(ctx).log.ErrorContext(ctx, "request failed", slog.String("code", p.Code), slog.Any("err", err))
	}
	return p
}

// fail answers a request with an error, for handlers that are not of the REST API.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), err)
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}

// useProblems has huma make its own errors (of fields that are missing or absurd)
// and ours into problems. Huma keeps these functions in variables of its package,
// so it is done once for the whole process; they know nothing of any one Server.
var useProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return humaProblem(context.Background(), status, msg, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return humaProblem(ctx.Context(), status, msg, errs)
	}
})

func humaProblem(ctx context.Context, status int, msg string, errs []error) *problem {
	for _, err := range errs {
		if detail := (*huma.ErrorDetail)(nil); errors.As(err, &detail) {
			return problemOf(ctx, fieldError(detail))
		}
	}
	switch {
	case status == 0: // huma asks what an error looks like, for the OpenAPI document
		return &problem{}
	case status >= http.StatusInternalServerError && len(errs) > 0:
		return problemOf(ctx, errors.Join(errs...)) // what a handler of ours returned
	case status == http.StatusRequestEntityTooLarge:
		return problemOf(ctx, attendance.Refuse(attendance.CodeTooLarge, "This is more than we take at once. Send less."))
	}
	return problemOf(ctx, attendance.Refuse(attendance.CodeBadMessage, "This request cannot be read: "+msg+"."))
}

// fieldError says in our way what huma found wrong with a field.
func fieldError(d *huma.ErrorDetail) error {
	field := d.Location
	for _, place := range []string{"body.", "path.", "query.", "header.", "form."} {
		field = strings.TrimPrefix(field, place)
	}
	if rest, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		name, _, _ := strings.Cut(rest, " ")
		field = strings.TrimPrefix(strings.TrimPrefix(field+"."+name, "body"), ".")
		return attendance.BadField(field, "given")
	}
	if field == "" || field == "body" {
		return attendance.Refuse(attendance.CodeBadMessage, "This request cannot be read: "+d.Message+".")
	}
	return &attendance.Error{Code: attendance.CodeBadMessage, Field: field, Message: field + ": " + d.Message + "."}
}
