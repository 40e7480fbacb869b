package server_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/cluster/local"
	"github.com/muster-live/muster/identity"
	"github.com/muster-live/muster/jobs"
	"github.com/muster-live/muster/live"
	"github.com/muster-live/muster/recorder"
	"github.com/muster-live/muster/roster"
	"github.com/muster-live/muster/server"
	"github.com/muster-live/muster/store/sqlite"
	"github.com/muster-live/muster/timetable"
	"github.com/muster-live/muster/work"
)

// The people of the campus. Course 1 is Algorithms, with session 10; course 2 is
// Botany, with session 20. Both are open, and everyone in them has a mark.
const (
	admin     attendance.PersonID = iota + 1
	teacher                       // of Algorithms
	assistant                     // of Algorithms
	student                       // of Algorithms: Sam Student
	classmate                     // of Algorithms: Zoe Hidden
	outsider                      // student of Botany: Otto Elsewhere
)

// campus is a whole server with a small university in it.
type campus struct {
	Server   *server.Server
	t        testing.TB
	URL      string
	Accounts *identity.Accounts
	Log      *lockedBuffer
	db       *sql.DB
	store    *sqlite.Store
	client   *http.Client

	mu  sync.Mutex
	now time.Time
}

// newCampus starts a server. Change, which may be nil, may change its configuration.
func newCampus(t testing.TB, change func(*server.Config)) *campus {
	t.Helper()
	c := &campus{t: t, Log: new(lockedBuffer), now: time.Now()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir)
	must(err)
	c.store = store
	c.db, err = sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName)+"?_pragma=busy_timeout(10000)")
	must(err)
	c.seed()

	log := slog.New(slog.NewTextHandler(c.Log, nil))
	var network local.Network
	hub := live.NewHub(store, network.Join, c.Now, log)
	rec := recorder.New(store, hub, c.Now)
	c.Accounts, err = identity.New(t.Context(), store, c.Now, hub.Disconnect)
	must(err)
	cfg := server.Config{Assets: frontEnd, Clock: c.Now, Log: log}
	if change != nil {
		change(&cfg)
	}
	show := func(r changes.Result) { server.Show(rec, hub, r) }
	planner := &timetable.Planner{Store: store, Now: c.Now, Changed: show}
	fetcher := timetable.NewFetcher(planner, true)
	desk := work.New(store, c.Now, show, fetcher)
	runner := jobs.New(store, jobs.Config{Node: "test", Lanes: desk.Lanes(), Clock: c.Now, Log: log})
	key, err := store.Secret(t.Context(), "installation")
	must(err)
	s, err := server.New(cfg, server.Parts{
		Accounts: c.Accounts, Roles: store, Roster: store, Reports: store, Commands: store, Changes: store, Excuses: store, Grids: store, Statuses: store, Audit: store, Answers: store, Calendars: store, Institutions: store, Installation: roster.Installation(key),
		Recorder: rec, Hub: hub, Tickets: attendance.Tickets{Key: []byte("a key")},
		Jobs: store, Runner: runner,
		Planner: planner, Fetcher: fetcher, Scheduler: timetable.NewScheduler(store, rec.Do, c.Now, log),
	})
	must(err)
	working, stop := context.WithCancel(context.Background())
	var worker sync.WaitGroup
	worker.Go(func() { runner.Run(working) })
	web := httptest.NewUnstartedServer(s)
	web.Config = s.HTTPServer()
	web.Listener = s.Front(web.Listener)
	web.Start()
	c.URL, c.Server = web.URL, s
	c.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		c.client.CloseIdleConnections()
		hub.Close()
		web.Close()
		stop()
		worker.Wait()
		rec.Close()
		must(c.db.Close())
		must(store.Close())
	})
	return c
}

// frontEnd stands in for the built one, whose files change with each build.
var frontEnd fs.FS = fstest.MapFS{
	"student.html":         {Data: []byte(`<!doctype html><title>student</title><style>b{}</style><body><div id="app">needs scripts</div><script>later()</script>`)},
	"signin.html":          {Data: []byte("<!doctype html><title>signin</title>")},
	"kiosk.html":           {Data: []byte("<!doctype html><title>kiosk</title>")},
	"display.html":         {Data: []byte("<!doctype html><title>display</title>")},
	"teacher.html":         {Data: []byte("<!doctype html><title>teacher</title>")},
	"admin.html":           {Data: []byte("<!doctype html><title>admin</title>")},
	"favicon.svg":          {Data: []byte("<svg/>")},
	"assets/app-1a2b3c.js": {Data: bytes.Repeat([]byte("console.log('muster');\n"), 100)},
}

func (c *campus) seed() {
	c.exec(`INSERT INTO people (id, given, family, username, admin, created_at, updated_at) VALUES
		(1, 'Ada', 'Admin', 'ada', 1, 0, 0), (2, 'Alan', 'Teacher', 'alan', 0, 0, 0), (3, 'Tess', 'Tutor', 'tess', 0, 0, 0),
		(4, 'Sam', 'Student', 'sam', 0, 0, 0), (5, 'Zoe', 'Hidden', 'zoe', 0, 0, 0), (6, 'Otto', 'Elsewhere', 'otto', 0, 0, 0)`)
	c.exec(`INSERT INTO courses (id, code, title, late_after, on_close, code_step, code_grace) VALUES
		(1, 'CS101', 'Algorithms', 15, 'absent', 5000, 1), (2, 'BIO', 'Botany', 15, 'absent', 5000, 1)`)
	c.exec(`INSERT INTO enrolments (course_id, person_id, role) VALUES
		(1, 2, 'teacher'), (1, 3, 'assistant'), (1, 4, 'student'), (1, 5, 'student'), (2, 6, 'student')`)
	at := c.now.UnixMilli()
	c.exec(`INSERT INTO sessions (id, course_id, title, status, opened_at, secret, seq) VALUES
		(10, 1, 'Week 7', 'open', ?1, zeroblob(32), 3), (20, 2, 'Mosses', 'open', ?1, zeroblob(32), 2)`, at)
	c.exec(`INSERT INTO events (session_id, seq, at, kind, person_id, mark, source, actor_id, note) VALUES
		(10, 1, ?1, 'open', 0, '', 'hand', 2, ''), (10, 2, ?1, 'mark', 4, 'present', 'code', 4, ''),
		(10, 3, ?1, 'mark', 5, 'excused', 'hand', 2, '=cmd|calc'), (20, 1, ?1, 'open', 0, '', 'hand', 1, ''), (20, 2, ?1, 'mark', 6, 'late', 'hand', 1, '')`, at)
	c.exec(`INSERT INTO jobs (id, kind, title, actor_id, origin, args, state, run_at, attempts, summary, result, created_at, ended_at) VALUES
		(30, 'export', 'Marks of CS101', 2, '127.0.0.1', '{}', 'done', ?1, 1, 'attendance-marks.csv, 0.0 MB', '{"file":"attendance-marks.csv","size":4}', ?1, ?1)`, at)
	c.exec(`INSERT INTO job_files (job_id, use, file, part, name, data) VALUES (30, 'output', 0, 0, 'attendance-marks.csv', CAST('file' AS BLOB))`)
	c.exec(`INSERT INTO marks (session_id, person_id, mark, at, source, actor_id, note) SELECT session_id, person_id, mark, at, source, actor_id, note FROM events WHERE kind = 'mark'`)
}

func (c *campus) exec(query string, args ...any) {
	c.t.Helper()
	if _, err := c.db.ExecContext(c.t.Context(), query, args...); err != nil {
		c.t.Fatal(err)
	}
}

// Now is the server's clock.
func (c *campus) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *campus) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// token signs a person in anew; 0 is nobody.
func (c *campus) token(p attendance.PersonID) string {
	c.t.Helper()
	if p == 0 {
		return ""
	}
	tokens, err := c.Accounts.NewSignIns(c.t.Context(), []attendance.PersonID{p}, "test")
	if err != nil {
		c.t.Fatal(err)
	}
	return tokens[0]
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// problem is the error that came back.
type problem struct {
	Status int
	Code   string
	Detail string
	Field  string
	Retry  int64 `json:"retry_ms"`
}

func (a answer) problem(t testing.TB) (p problem) {
	t.Helper()
	a.json(t, &p)
	if p.Status != a.StatusCode || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s is no proper problem: %s", a.StatusCode, a.Header.Get("Content-Type"), a.body)
	}
	return p
}

func (a answer) json(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("%d %q: %v", a.StatusCode, a.body, err)
	}
}

// call makes a request with a JSON body, if there is one, as the bearer of a token,
// if there is one. Edit may change the request first.
func (c *campus) call(token, method, path, body string, edit ...func(*http.Request)) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, e := range edit {
		e(r)
	}
	w, err := c.client.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer w.Body.Close()
	return answer{w, c.read(w)}
}

// read reads a whole answer, or the first message of one that has no end.
func (c *campus) read(w *http.Response) string {
	c.t.Helper()
	var b []byte
	var err error
	if strings.HasPrefix(w.Header.Get("Content-Type"), "text/event-stream") {
		b = make([]byte, 1<<16)
		var n int
		n, err = w.Body.Read(b)
		b = b[:n]
	} else {
		b, err = io.ReadAll(w.Body)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
