package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/live"
)

//go:embed session.html
var sessionHTML string

var sessionTemplate = template.Must(template.New("session").Parse(sessionHTML))

// first is what a student's page of a session begins with: all that its script needs to
// take over, and what is shown until then.
type first struct {
	State   json.RawMessage `json:"state"` // the snapshot of docs/protocol.md
	Ticket  string          `json:"ticket,omitempty"`
	ID      string          `json:"id"`               // of the check-in, by form or by script: sent twice, it is done once
	Refusal string          `json:"-"`                // is shown, and taken over from there
	Called  string          `json:"called,omitempty"` // the status that the student's mark stands for, if one
}

// sessionView is what session.html shows of it.
type sessionView struct {
	First first
	State struct {
		Session attendance.SessionID
		Title   string
		Course  struct {
			ID    attendance.CourseID
			Title string
		}
		Status    string
		Cancelled bool
		Counts    [5]int
		You       [5]any // person, mark, at, source, and perhaps a status
	}
}

func (v *sessionView) Ticket() string  { return v.First.Ticket }
func (v *sessionView) ID() string      { return v.First.ID }
func (v *sessionView) Refusal() string { return v.First.Refusal }
func (v *sessionView) Here() int       { return v.State.Counts[0] + v.State.Counts[1] }

func (v *sessionView) Total() (n int) {
	for _, c := range v.State.Counts {
		n += c
	}
	return n
}

func (v *sessionView) Mark() string { return fmt.Sprint(v.State.You[1]) }
func (v *sessionView) byRule() bool { return v.State.You[3] == attendance.ByRule.String() }

// Marked says that the mark is the answer; one by which nobody has come yet is none.
func (v *sessionView) Marked() bool {
	return v.Mark() != "unset" && (v.Mark() != "absent" || !v.byRule())
}

// Asks says that the student may check in now.
func (v *sessionView) Asks() bool {
	return v.State.Status == "open" && (!v.Marked() || v.Mark() == "excused")
}

func (v *sessionView) Answer() string {
	if v.First.Called != "" {
		return v.First.Called
	}
	return map[string]string{
		"present": "You're present", "late": "You're late, but here", "absent": "Marked absent", "excused": "You're excused",
	}[v.Mark()]
}

// Sign is the mark as MarkSign.svelte draws it.
func (v *sessionView) Sign() string {
	return map[string]string{
		"present": "M3 8.5l3.4 3.4L13 4.6", "late": "M8 2.2a5.8 5.8 0 1 0 .01 0M8 4.8V8l2.4 1.8",
		"absent": "M4 4l8 8M12 4l-8 8", "excused": "M11.5 3H5v10h6.5M5 8h5.2",
	}[v.Mark()]
}

// sessionPage is GET /s/{session}.
func (s *Server) sessionPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "private, no-cache")
	session, err := pathSession(r)
	if err != nil || !s.showSession(w, r, session, http.StatusOK, first{}) {
		s.page("student.html")(w, r)
	}
}

// showSession answers with a student's page of a session that has everything in it, so
// that the first answer to a scan can be seen and acted upon, on a line on which scripts
// take seconds or never come. It reports whether it could: the page without, whose script
// finds out why, does for everybody who is no student of the course or not signed in.
func (s *Server) showSession(w http.ResponseWriter, r *http.Request, session attendance.SessionID, status int, f first) bool {
	if s.pages.student == nil {
		return false
	}
	content, taken, ok := s.sessionContent(r, session, f)
	if !ok {
		return false
	}
	// With no-referrer, older browsers would say of the form that it comes from nowhere.
	w.Header().Set("Referrer-Policy", "same-origin")
	// Whoever opens this page from theirs can do no more to it than by a link, and a browser
	// that is to keep it from its opener begins it anew, in a process of its own.
	w.Header().Del("Cross-Origin-Opener-Policy")
	s.pages.student.serve(w, r, status, content, taken)
	return true
}

// sessionContent is what showSession shows, and what the page's script takes over. It waits
// at the door, which it has left when it returns: a phone may take minutes to read the answer.
func (s *Server) sessionContent(r *http.Request, session attendance.SessionID, f first) (content, taken []byte, ok bool) {
	if !s.door.enter(r.Context().Done()) {
		return nil, nil, false
	}
	defer s.door.leave()
	j, err := s.admit(r.Context(), session, "student")
	if err != nil {
		return nil, nil, false
	}
	v := &sessionView{First: f}
	if v.First.State, err = s.Hub.State(r.Context(), j); err != nil || json.Unmarshal(v.First.State, &v.State) != nil {
		return nil, nil, false
	}
	if v.First.Called, err = s.called(r.Context(), v); err != nil {
		return nil, nil, false
	}
	if v.Marked() && !v.Asks() {
		v.First.Refusal = "" // what was refused is done
	}
	if v.First.ID == "" {
		var id [12]byte
		_, _ = rand.Read(id[:]) // never fails
		v.First.ID = hex.EncodeToString(id[:])
	}
	var page, data bytes.Buffer
	if err := errors.Join(sessionTemplate.Execute(&page, v), sessionTemplate.ExecuteTemplate(&data, "first", v.First)); err != nil {
		problemOf(r.Context(), err)
		return nil, nil, false
	}
	return page.Bytes(), data.Bytes(), true
}

// called is what the status is called that the student's mark stands for; empty if it
// stands for itself.
func (s *Server) called(ctx context.Context, v *sessionView) (string, error) {
	key, has := v.State.You[4].(string)
	if !has {
		return "", nil
	}
	set, err := s.statusesOf(ctx, v.State.Course.ID)
	if err != nil {
		return "", err
	}
	mark, _ := attendance.ParseMark(v.Mark())
	if m := set.Of(attendance.Marking{Mark: mark, Status: key}); m.Key != "" {
		return m.Name, nil
	}
	return "", nil
}

// postCheckIn is POST /s/{session}: what the page's form sends when no script has come.
func (s *Server) postCheckIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	session, err := pathSession(r)
	if err != nil {
		s.pages.notFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, live.MaxMessage)
	m := &live.Message{
		T: "check_in", Session: session, ID: r.PostFormValue("id"), Ticket: r.PostFormValue("ticket"),
		Code: strings.Join(strings.Fields(r.PostFormValue("code")), ""),
	}
	_, _, err = s.carryOut(r, m)
	if err == nil {
		http.Redirect(w, r, fmt.Sprintf("/s/%d", session), http.StatusSeeOther)
		return
	}
	p := problemOf(r.Context(), err)
	f := first{Refusal: p.Detail}
	if !strings.HasPrefix(p.Code, "ticket_") {
		f.Ticket = m.Ticket // it may be tried again
	}
	if !s.showSession(w, r, session, p.Status, f) {
		http.Redirect(w, r, fmt.Sprintf("/s/%d?refused=%s", session, url.QueryEscape(p.Code)), http.StatusSeeOther)
	}
}

// studentPage is the built student page, cut where what it shows belongs, and after it.
type studentPage struct {
	before, after []byte
}

// cutStudentPage returns nil if the page has no place for anything.
func cutStudentPage(f *file) *studentPage {
	const place = `<div id="app">`
	if f == nil {
		return nil
	}
	before, rest, ok := bytes.Cut(f.plain, []byte(place))
	if !ok {
		return nil
	}
	_, after, ok := bytes.Cut(rest, []byte("</div>"))
	if !ok {
		return nil
	}
	return &studentPage{before: append(bytes.Clone(before), place...), after: after}
}

// serve sends the headers, then what is shown, then the rest: a browser begins the page when
// the headers are there, and paints it as soon as it has read what is shown.
func (p *studentPage) serve(w http.ResponseWriter, r *http.Request, status int, content, taken []byte) {
	h := w.Header()
	h.Set("Content-Type", kinds[".html"])
	h.Set("Vary", "Accept-Encoding")
	shown := bytes.Join([][]byte{p.before, content, []byte("</div>")}, nil)
	rest := append(taken, p.after...)
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		shown, rest = zipped(shown, rest)
	}
	h.Set("Content-Length", strconv.Itoa(len(shown)+len(rest)))
	w.WriteHeader(status)
	for _, part := range [][]byte{shown, rest} {
		_ = http.NewResponseController(w).Flush() // the client may be gone, as it may be below
		_, _ = w.Write(part)
	}
}

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.DefaultCompression) // fails for an unknown level only
	return z
}}

// zipped compresses a page in two parts, of which the first can be read without the second.
func zipped(shown, rest []byte) (first, second []byte) {
	var b bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&b)
	_, _ = z.Write(shown) // cannot fail, nor can what follows: it writes to memory
	_ = z.Flush()
	n := b.Len()
	_, _ = z.Write(rest)
	_ = z.Close()
	return b.Bytes()[:n], b.Bytes()[n:]
}
