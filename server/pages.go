package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed notfound.html
var notFoundPage []byte

// pages is the front end, ready to be sent.
type pages struct {
	files   map[string]*file // by path
	student *studentPage
	// The hashes of what stands in <style> and <script>, for the content policy.
	styles, scripts string
}

// file is one file of the front end.
type file struct {
	kind  string // Content-Type
	etag  string
	plain []byte
	gzip  []byte // nil if that is not shorter
}

// loadPages reads and compresses the whole front end; it is a few hundred kB.
func loadPages(assets fs.FS) (*pages, error) {
	p := &pages{files: make(map[string]*file)}
	if assets == nil {
		return p, nil
	}
	err := fs.WalkDir(assets, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(assets, name)
		if err != nil {
			return err
		}
		p.files[name] = newFile(name, body)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the front end: %w", err)
	}
	p.student = cutStudentPage(p.files["student.html"])
	for name, f := range p.files {
		if path.Ext(name) == ".html" {
			p.styles += hashes(f.plain, "style")
			p.scripts += hashes(f.plain, "script")
		}
	}
	return p, nil
}

// hashes returns what a content policy says to allow what a page itself has in a tag.
func hashes(page []byte, tag string) (allow string) {
	for {
		_, rest, ok := bytes.Cut(page, []byte("<"+tag+">"))
		text, rest, closed := bytes.Cut(rest, []byte("</"+tag+">"))
		if !ok || !closed {
			return allow
		}
		sum := sha256.Sum256(text)
		allow += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		page = rest
	}
}

// kinds is there because what mime knows depends on the machine.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	f := &file{plain: body, etag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	ext := path.Ext(name)
	if f.kind = kinds[ext]; f.kind == "" {
		f.kind = mime.TypeByExtension(ext)
	}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails for an unknown level only
	_, _ = z.Write(body)                                  // cannot fail, nor can Close: it writes to memory
	_ = z.Close()
	if b.Len() < len(body)*9/10 {
		f.gzip = b.Bytes()
	}
	return f
}

// page answers with one of the front end's entry pages.
func (s *Server) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f := s.pages.files[name]
		if f == nil {
			s.pages.notFound(w, r)
			return
		}
		// The page names its scripts by their hashes: an old page would want old scripts.
		w.Header().Set("Cache-Control", "no-cache")
		f.serve(w, r)
	}
}

// asset answers with a file of the front end that is not an entry page, or else with
// a page that says so.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	f := s.pages.files[name]
	switch {
	case f == nil || path.Ext(name) == ".html":
		s.pages.notFound(w, r)
		return
	case strings.HasPrefix(name, "assets/"): // has its hash in its name
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	default:
		w.Header().Set("Cache-Control", "no-cache")
	}
	f.serve(w, r)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.etag)
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	if f.gzip != nil && takesGzip(r) {
		body = f.gzip
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client may be gone; for HEAD, net/http leaves it out
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			weight = strings.ReplaceAll(weight, " ", "")
			return strings.Trim(weight, "q=0.") != "" || weight == ""
		}
	}
	return false
}

// notFound answers with a page that says so.
func (p *pages) notFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(notFoundPage) // the client may be gone
}
