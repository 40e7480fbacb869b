package attendance

import (
	"errors"
	"fmt"
	"time"
)

// Code is the kind of an [Error], as it stands in messages and in the REST API.
// docs/protocol.md says of each what it means; package server gives each its HTTP
// status.
type Code string

// The codes. Those that only the transport can find (a frame that is too large,
// say) are here too, so that there is one list.
const (
	CodeBadMessage       Code = "bad_message"
	CodeNotSignedIn      Code = "not_signed_in"
	CodeForbidden        Code = "forbidden"
	CodeNotFound         Code = "not_found"
	CodeUnknownSession   Code = "unknown_session"
	CodeNotEnrolled      Code = "not_enrolled"
	CodeUnknownPerson    Code = "unknown_person"
	CodeNotOpen          Code = "not_open"
	CodeAlreadyOpen      Code = "already_open"
	CodeAlreadyClosed    Code = "already_closed"
	CodeCancelled        Code = "cancelled"
	CodeCodeWrong        Code = "code_wrong"
	CodeCodeOld          Code = "code_old"
	CodeCodeOtherSession Code = "code_other_session"
	CodeTicketWrong      Code = "ticket_wrong"
	CodeTicketOld        Code = "ticket_old"
	CodeTicketUsed       Code = "ticket_used"
	CodeTooManyTries     Code = "too_many_tries"
	CodeTooMany          Code = "too_many"
	CodeTooLarge         Code = "too_large"
	CodeConflict         Code = "conflict"
	CodeBusy             Code = "busy"
	CodeStorage          Code = "storage"
	CodeInternal         Code = "internal"
)

// Error is a refusal that its reader can act on. Only its fields reach a client;
// what it wraps stays in the server's log.
type Error struct {
	Code    Code
	Message string        // one or two sentences for a person: what is wrong, what to do
	Field   string        // the field at fault, if there is one
	Retry   time.Duration // how long to wait before trying again, if that makes sense
	Err     error         // the cause, if there is one; never shown to clients
}

// Error implements the error interface.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Refuse returns an [Error] with a code and a message for a person.
func Refuse(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// BadField returns the [Error] for a field that is missing or absurd; want completes
// the sentence "field must be …".
func BadField(field, want string) *Error {
	return &Error{Code: CodeBadMessage, Field: field, Message: fmt.Sprintf("%s must be %s.", field, want)}
}

// AsError returns the [Error] in err's chain, or an internal one that wraps err.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "Something went wrong on our side. Try again; if it stays, tell your administrator.", Err: err}
}
