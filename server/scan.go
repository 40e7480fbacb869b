package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
)

// scanPage is GET /C/{session}/{code}, which the QR code on the display says. The
// code is exchanged before anything else happens: loading a page and signing in may
// take longer than it lives. A student who is signed in gets the session's page in the
// same answer. For everybody else the ticket goes on in the fragment of the address,
// which browsers keep to themselves.
func (s *Server) scanPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	session, err := pathSession(r)
	if err != nil {
		s.pages.notFound(w, r)
		return
	}
	page := fmt.Sprintf("/s/%d", session)
	ticket, _, err := s.exchange(r.Context(), session, r.PathValue("code"), s.clientAddress(r))
	f := first{Ticket: ticket}
	if err != nil {
		f.Refusal = problemOf(r.Context(), err).Detail
	}
	if s.showSession(w, r, session, http.StatusOK, f) {
		return
	}
	if err != nil {
		page += "?refused=" + url.QueryEscape(string(attendance.AsError(err).Code))
	} else {
		page += "#ticket=" + url.QueryEscape(ticket)
	}
	http.Redirect(w, r, page, http.StatusSeeOther)
}

// exchange gives a ticket for a code that is good now.
func (s *Server) exchange(ctx context.Context, session attendance.SessionID, code, address string) (ticket string, expires int64, err error) {
	// A lecture hall has one address: what one student there gets wrong must not shut out the others.
	tries, key := s.addressTries, address
	if v, err := s.viewer(ctx); err == nil && v.SignedIn() {
		tries, key = s.personTries, strconv.FormatInt(int64(v.Person), 10)
	}
	if err := s.checkCode(ctx, session, code, tries, key); err != nil {
		return "", 0, err
	}
	until := s.now().Add(attendance.TicketLife)
	return s.Tickets.Issue(session, until), until.UnixMilli(), nil
}

type scanInput struct {
	Body struct {
		Session attendance.SessionID `json:"session" minimum:"1"`
		Code    string               `json:"code" minLength:"1" maxLength:"64" doc:"What the display shows: eight characters or six digits."`
	}
}

type scanOutput struct {
	Body struct {
		Ticket  string `json:"ticket" doc:"To be sent with check_in."`
		Expires int64  `json:"expires" doc:"Until when, in milliseconds since 1970."`
	}
}

// scanRoutes registers the exchange of a code for programs.
func (s *Server) scanRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "scan", Method: http.MethodPost, Path: "/scan",
		Summary: "Exchange a session's code for a ticket",
	}, func(ctx context.Context, in *scanInput) (*scanOutput, error) {
		var out scanOutput
		var err error
		out.Body.Ticket, out.Body.Expires, err = s.exchange(ctx, in.Body.Session, in.Body.Code, s.clientAddress(requestOf(ctx).raw))
		return &out, err
	})
}
