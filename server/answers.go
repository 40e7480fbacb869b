package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// Answers keeps answers, by who made the request and the key that it came with.
type Answers interface {
	// BeginAnswer notes that a request is about to be carried out. If there is an answer
	// with this key that is not older than since, it changes nothing and returns that
	// one, and true. It forgets older answers.
	BeginAnswer(ctx context.Context, actor attendance.PersonID, key string, a identity.Answer, since time.Time) (identity.Answer, bool, error)
	// EndAnswer keeps the answer of a request.
	EndAnswer(ctx context.Context, actor attendance.PersonID, key string, a identity.Answer) error
	// ForgetAnswer lets a request be carried out that was not.
	ForgetAnswer(ctx context.Context, actor attendance.PersonID, key string) error
}

// The header by which a client names a request that it may send again, and that by
// which we say that an answer is one from before.
const (
	idempotencyKey = "Idempotency-Key"
	replayed       = "Idempotency-Replayed"
)

const (
	answersKept  = 24 * time.Hour
	maxAnswerKey = 200     // characters
	maxAnswer    = 1 << 20 // bytes of a body that is kept
)

const answersOnce = "x-answers-once"

// answersSecret marks a call whose answer is told once, and is therefore not kept.
func answersSecret(op *huma.Operation) {
	if op.Extensions == nil {
		op.Extensions = make(map[string]any)
	}
	op.Extensions[answersOnce] = true
}

// once carries a request with an Idempotency-Key out only once for each person and key:
// sent again, it gets its first answer. The calls that take part are those of the REST
// API that change something; commands of sessions have ids of their own.
func (s *Server) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get(idempotencyKey)
		if key == "" || !strings.HasPrefix(r.URL.Path, apiPrefix+"/") || r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		v, err := s.viewer(r.Context())
		// There is nobody whose request it would be, or they may not send so much.
		if err == nil && (!v.SignedIn() || !v.Admin && strings.HasPrefix(r.URL.Path, apiPrefix+"/imports")) {
			next.ServeHTTP(w, r)
			return
		}
		if err == nil && (len(key) > maxAnswerKey || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' })) {
			err = attendance.BadField(idempotencyKey, "1 to 200 printable ASCII characters")
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if err := s.carryOutOnce(w, r, next, v.Person, key); err != nil {
			s.fail(w, r, err)
		}
	})
}

// carryOutOnce returns an error if nothing has been answered yet.
func (s *Server) carryOutOnce(w http.ResponseWriter, r *http.Request, next http.Handler, actor attendance.PersonID, key string) error {
	ctx := r.Context()
	hash, done, err := hashRequest(r)
	defer done()
	if err != nil {
		return err
	}
	a := identity.Answer{Request: hash, At: s.now()}
	first, there, err := s.Answers.BeginAnswer(ctx, actor, key, a, a.At.Add(-answersKept))
	if err != nil {
		return err
	}
	if there {
		return replay(w, first, hash)
	}
	rec := &recordedAnswer{ResponseWriter: w}
	defer func() {
		cause := recover()
		if cause != nil {
			rec.status = 0 // what was answered may be half of it
			defer panic(cause)
		}
		// The client may have gone; what was done stays done, and is known to be.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		var err error
		if a.Status = rec.status; keepsAnswer(rec.status) {
			a.ContentType, a.Body = rec.Header().Get("Content-Type"), rec.body.Bytes()
			if a.Secret = s.secrets[r.Pattern] && a.Status < 300 || rec.tooLong; a.Secret {
				a.Body = nil
			}
			err = s.Answers.EndAnswer(ctx, actor, key, a)
		} else {
			err = s.Answers.ForgetAnswer(ctx, actor, key)
		}
		if err != nil {
			requestOf(ctx).log.ErrorContext(ctx, "an answer was not kept", "err", err)
		}
	}()
	next.ServeHTTP(rec, r)
	return nil
}

// keepsAnswer reports whether a request with this status has been decided for good:
// done, or refused for what it is and not for who asks when.
func keepsAnswer(status int) bool {
	switch status {
	case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// replay answers with an answer from before.
func replay(w http.ResponseWriter, first identity.Answer, hash [sha256.Size]byte) error {
	switch {
	case first.Request != hash:
		return &attendance.Error{Code: attendance.CodeConflict, Field: idempotencyKey,
			Message: "Another request came with this key. Give each request a key of its own."}
	case first.Status == 0:
		return &attendance.Error{Code: attendance.CodeConflict, Field: idempotencyKey, Retry: time.Second,
			Message: "This request is being carried out, or was broken off. Ask again in a moment; if this stays, see what was done and send it with another key."}
	case first.Secret:
		return &attendance.Error{Code: attendance.CodeConflict, Field: idempotencyKey,
			Message: "This was done already, and what it answered is told only once. Send the request with another key for a new answer."}
	}
	h := w.Header()
	if first.ContentType != "" {
		h.Set("Content-Type", first.ContentType)
	}
	h.Set(replayed, "true")
	w.WriteHeader(first.Status)
	_, _ = w.Write(first.Body) // the client may be gone
	return nil
}

// hashRequest returns a hash of what a request asks for. It reads the body through, and
// puts it back; done lets go of it.
func hashRequest(r *http.Request) (hash [sha256.Size]byte, done func(), err error) {
	body, err := spool(r.Body)
	if err != nil {
		return hash, body.done, err
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	h := sha256.New()
	fmt.Fprintf(h, "%s %q %q %s\n", r.Method, r.URL.Path, r.URL.RawQuery, kind)
	if kind == "multipart/form-data" {
		err = hashForm(h, multipart.NewReader(body.reader(), params["boundary"]))
	} else {
		_, err = io.Copy(h, body.reader())
	}
	r.Body = io.NopCloser(body.reader())
	return [sha256.Size]byte(h.Sum(nil)), body.done, err
}

// hashForm hashes what is in a form, and not what divides it, which clients choose anew
// each time. A form that is none is left to whoever reads it next.
func hashForm(h io.Writer, form *multipart.Reader) error {
	for {
		part, err := form.NextRawPart()
		if err != nil {
			return nil
		}
		fmt.Fprintf(h, "%q %q\n", part.FormName(), part.FileName())
		if _, err := io.Copy(h, part); err != nil {
			return nil
		}
		fmt.Fprintln(h)
	}
}

// spooled is a body that can be read several times: the first part of it is in memory,
// and the rest, if it is long, on disk.
type spooled struct {
	head []byte
	rest *os.File
	size int64 // of rest
}

func spool(from io.Reader) (*spooled, error) {
	const inMemory = 256 << 10
	b := &spooled{}
	var err error
	if b.head, err = io.ReadAll(io.LimitReader(from, inMemory)); err != nil || len(b.head) < inMemory {
		return b, err
	}
	if b.rest, err = os.CreateTemp("", "muster-request-*"); err != nil {
		return b, err
	}
	b.size, err = io.Copy(b.rest, from)
	return b, err
}

func (b *spooled) reader() io.Reader {
	if b.rest == nil {
		return bytes.NewReader(b.head)
	}
	return io.MultiReader(bytes.NewReader(b.head), io.NewSectionReader(b.rest, 0, b.size))
}

func (b *spooled) done() {
	if b.rest != nil {
		_ = errors.Join(b.rest.Close(), os.Remove(b.rest.Name())) // the system empties its temporary folder in any case
	}
}

// recordedAnswer keeps what is answered.
type recordedAnswer struct {
	http.ResponseWriter
	status  int
	body    bytes.Buffer
	tooLong bool
}

func (a *recordedAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *recordedAnswer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.body.Len()+len(b) > maxAnswer {
		a.tooLong = true
	} else {
		a.body.Write(b)
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets deadlines be set through us.
func (a *recordedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
