package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/client"
	"github.com/muster-live/muster/store/sqlite"
)

// asProgram, in the environment, makes the test binary the program itself: bench
// starts a server as a process of its own.
const asProgram = "MUSTER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Setenv(asProgram, "1")
	os.Exit(m.Run())
}

// program is the real program, running in this process.
type program struct {
	t     *testing.T
	lines chan string // of its standard output
	stop  context.CancelFunc
	ended chan int // exit code
	log   *bytes.Buffer
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{t: t, lines: make(chan string, 100), stop: cancel, ended: make(chan int, 1), log: new(bytes.Buffer)}
	r, w := io.Pipe()
	go func() {
		p.ended <- run(ctx, args, w, p.log)
		w.Close()
	}()
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			select {
			case p.lines <- s.Text():
			default: // nobody wants so much
			}
		}
	}()
	t.Cleanup(cancel)
	return p
}

// startPatience is how long a program, or several with a database, may take to be there.
const startPatience = 5 * time.Minute

// line waits for a line of output that fits, and returns what the groups match.
func (p *program) line(pattern string) []string {
	p.t.Helper()
	fits := regexp.MustCompile(pattern)
	limit := time.After(startPatience)
	for {
		select {
		case l := <-p.lines:
			if found := fits.FindStringSubmatch(l); found != nil {
				return found[1:]
			}
		case code := <-p.ended:
			p.t.Fatalf("the program ended with code %d before it printed %q; its log:\n%s", code, pattern, p.log)
		case <-limit:
			p.t.Fatalf("the program has not printed %q", pattern)
		}
	}
}

// end stops the program, and fails the test if it does not end well.
func (p *program) end() {
	p.t.Helper()
	p.stop()
	select {
	case code := <-p.ended:
		if code != exitOK {
			p.t.Errorf("the program ended with code %d; its log:\n%s", code, p.log)
		}
	case <-time.After(startPatience):
		p.t.Fatal("the program has not stopped")
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]struct {
		code   int
		output string
	}{
		"--version":                         {exitOK, "\n"},
		"--help":                            {exitOK, "load-session"},
		"":                                  {exitUsage, "muster --help"},
		"fly":                               {exitUsage, "fly"},
		"load-session --students 0":         {exitUsage, "--students"},
		"load-session --held -1":            {exitUsage, "--held"},
		"bench --students 1":                {exitUsage, "2 students"},
		"bench --rate 0":                    {exitUsage, "rate"},
		"bench --url http://127.0.0.1:1":    {exitUsage, "--identities"},
		"serve --data /dev/null/not-a-path": {exitFailed, "data directory"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), &out, &out); code != want.code || !strings.Contains(out.String(), want.output) {
			t.Errorf("muster %s: code %d, want %d, with %q in %q", args, code, want.code, want.output, out.String())
		}
	}
}

func TestBenchOfAServerOfItsOwn(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	if code := run(t.Context(), strings.Fields("bench --students 20 --sessions 2 --runs 2 --scenario storm --json"), &out, &log); code != exitOK {
		t.Fatalf("code %d: %s", code, &log)
	}
	var r bench.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) != 2 {
		t.Fatalf("%d runs, want 2", len(r.Runs))
	}
	for _, run := range r.Runs {
		// 40 check-ins; each is seen by the other 19 students and the board.
		if run.Connections != 42 || run.Acked != 40 || run.Expected != 800 || run.Delivered != 800 || len(run.Trouble) > 0 {
			t.Errorf("got %+v, want 800 updates delivered", run)
		}
		if run.Server == nil || run.Server.Memory == 0 {
			t.Error("the server's memory is not there")
		}
	}
}

func TestBenchOfARunningServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := start(t, "serve", "--data", dir, "--listen", "127.0.0.1:0")
	url := server.line(`(http://\S+)`)[0]
	var ids, out, log bytes.Buffer
	if code := run(t.Context(), []string{"load-session", "--data", dir, "--students", "10"}, &ids, &log); code != exitOK {
		t.Fatalf("code %d: %s", code, &log)
	}
	file := filepath.Join(t.TempDir(), "identities.json")
	if err := os.WriteFile(file, ids.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"bench", "--url", url, "--identities", file, "--students", "10", "--scenario", "burst", "--duration", "1s", "--pid", fmt.Sprint(os.Getpid())}
	if code := run(t.Context(), args, &out, &log); code != exitOK {
		t.Fatalf("code %d: %s", code, &log)
	}
	for _, want := range []string{"10 of 10 check-ins acknowledged; 100 of 100 updates delivered", "no errors", "server:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	server.end()
}

func TestACourseForLoadTestsHasHeldSessions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out, log bytes.Buffer
	if code := run(t.Context(), []string{"load-session", "--data", dir, "--students", "10", "--held", "2"}, &out, &log); code != exitOK {
		t.Fatalf("code %d: %s", code, &log)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got, want struct{ held, present, open int }
	want.held, want.present, want.open = 2, 20, 1
	row := db.QueryRow(`SELECT count(*) FILTER (WHERE status = 'closed'), (SELECT count(*) FROM marks WHERE mark = 'present'), count(*) FILTER (WHERE status = 'open') FROM sessions`)
	if err := row.Scan(&got.held, &got.present, &got.open); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// api calls the REST API and decodes the answer.
func api[T any](t *testing.T, method, url, token string, body string) (answer T, cookie string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode >= 400 || json.Unmarshal(b, &answer) != nil {
		t.Fatalf("%s %s: %s %s", method, url, resp.Status, b)
	}
	for _, c := range resp.Cookies() {
		cookie = c.Value
	}
	return answer, cookie
}

type session struct {
	ID     int64
	Status string
}

type demoRun struct {
	*program
	url, password    string
	board            string // id of the lecture's session
	teacher, courses string // token, and address of the course's sessions
}

func startDemo(t *testing.T, dir string) demoRun {
	p := start(t, "demo", "--data", dir, "--listen", "127.0.0.1:0", "--length", "10m")
	d := demoRun{program: p}
	d.url = p.line(`(http://\S+)`)[0]
	d.password = p.line(`password is (\S+)`)[0]
	d.board = p.line(`/board/(\d+)`)[0]
	me, token := api[struct {
		Person struct{ Courses []struct{ ID, Students int } }
	}](t, "POST", d.url+"/api/v1/signin", "", fmt.Sprintf(`{"username":"teacher","password":%q}`, d.password))
	d.teacher = token
	for _, c := range me.Person.Courses {
		if c.Students == 300 {
			d.courses = fmt.Sprintf("%s/api/v1/courses/%d/sessions", d.url, c.ID)
		}
	}
	return d
}

func (d demoRun) sessions() map[int64]string {
	found, _ := api[struct{ Sessions []session }](d.t, "GET", d.courses, d.teacher, "")
	all := make(map[int64]string)
	for _, s := range found.Sessions {
		all[s.ID] = s.Status
	}
	return all
}

// checkIns waits until the board shows so many check-ins.
func (d demoRun) checkIns(n int) {
	d.t.Helper()
	session, err := strconv.ParseInt(d.board, 10, 64)
	if err != nil {
		d.t.Fatal(err)
	}
	c, err := connect(d.t, d.url, d.teacher, client.Room{Session: attendance.SessionID(session), Audience: "board"})
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	for n > 0 {
		b, err := c.next()
		if err != nil {
			d.t.Fatalf("%d check-ins still to come: %v", n, err)
		}
		n -= strings.Count(string(b), `"code"`) // the source of a mark
	}
}

func TestDemoIsAliveAndKeepsItsData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "university")
	first := startDemo(t, dir)
	_, admin := api[struct{}](t, "POST", first.url+"/api/v1/signin", "", fmt.Sprintf(`{"username":"admin","password":%q}`, first.password))
	all, _ := api[struct {
		Courses []struct{ Students int }
	}](t, "GET", first.url+"/api/v1/courses", admin, "")
	students := make(map[int]bool)
	for _, c := range all.Courses {
		students[c.Students] = true
	}
	if len(all.Courses) != 3 || !students[30] || !students[120] || !students[300] {
		t.Errorf("courses %+v, want three of 30, 120 and 300 students", all.Courses)
	}
	first.checkIns(20)
	before := first.sessions()
	if len(before) != 28+1+11 {
		t.Errorf("%d sessions, want 28 of the past term, a lecture and 11 to come", len(before))
	}
	first.end()

	second := startDemo(t, dir)
	if second.password != first.password {
		t.Error("the password has changed")
	}
	after := second.sessions()
	for id, was := range before {
		if after[id] != "closed" && was != "scheduled" {
			t.Errorf("session %d is %q after the restart, want closed", id, after[id])
		}
	}
	if len(after) != len(before)+1 || second.board == first.board {
		t.Errorf("%d sessions after the restart, %d before: want a new lecture", len(after), len(before))
	}
	second.checkIns(1)
	second.end()
}

func TestLinksOfADemoForTheWholeNetworkNameThisMachine(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"http://[::]:8080", "http://0.0.0.0:8080"} {
		got, err := reachable(at)
		if err != nil || !strings.HasSuffix(got, ":8080") || strings.Contains(got, "[::]") || strings.Contains(got, "0.0.0.0") {
			t.Errorf("%s: %q, %v, want an address that a phone can open", at, got, err)
		}
	}
	if got, err := reachable("http://127.0.0.1:8080"); err != nil || got != "http://127.0.0.1:8080" {
		t.Errorf("got %q, %v, want it as it was", got, err)
	}
}

func TestDemoLeavesOtherDataAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--data", dir, "--listen", "127.0.0.1:0"}, io.Discard, &log); code != exitFailed || !strings.Contains(log.String(), "--data") {
		t.Errorf("code %d: %s", code, &log)
	}
	if there, _ := os.ReadDir(dir); len(there) != 1 {
		t.Errorf("the directory holds %v now", there)
	}
}
