package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/muster-live/muster/rig"
	"github.com/muster-live/muster/store/postgres"
)

// emptyPostgres starts a PostgreSQL and returns the URL of a database in it.
func emptyPostgres(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "muster-move-") // t.TempDir cannot be reached by PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	p, err := rig.StartPostgres(t.Context(), dir, rig.ForTests)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		os.RemoveAll(dir)
	})
	return p.URL
}

// moves runs `muster move` and returns its exit code and all that it printed.
func moves(t *testing.T, dir, url string, more ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), append([]string{"move", "--data", dir, "--database", url}, more...), &out, &out)
	return code, out.String()
}

func TestALectureGoesOnAfterTheMoveToPostgreSQL(t *testing.T) {
	t.Parallel()
	dir, url := t.TempDir(), emptyPostgres(t)
	if code, out := moves(t, dir, url); code != exitFailed || !strings.Contains(out, "nothing to move") {
		t.Errorf("without a database: code %d, %s", code, out)
	}
	session := loadOneSession(t, dir, "20")
	early, late := phonesOf(session)[:10], phonesOf(session)[10:]
	// attend has phones check in, until each is answered and sees so many present.
	attend := func(url string, phones []*phone, present int) {
		together(phones, func(p *phone) {
			p.join(t, url)
			if p.conn == nil {
				return
			}
			p.checkIn(t)
			for answered := false; !answered || p.counts[0] < present; {
				m, err := p.hear(t)
				if err != nil || m.T == "error" {
					t.Errorf("student %d, who sees %d present: %+v, %v", p.Person, p.counts[0], m, err)
					return
				}
				answered = answered || m.T == "ack"
			}
		})
	}
	server := serveProcess(t, dir)
	attend(server.url, early, 10)
	if code, out := moves(t, dir, url); code != exitFailed || !strings.Contains(out, "stop it first") {
		t.Errorf("while a server runs: code %d, %s", code, out)
	}
	server.kill()
	server.wait()
	if code, out := moves(t, dir, url); code != exitOK || !strings.Contains(out, "Everything is in PostgreSQL") {
		t.Fatalf("code %d, %s", code, out)
	}
	if code, out := moves(t, dir, url); code != exitOK || !strings.Contains(out, "nothing to do") {
		t.Errorf("again: code %d, %s", code, out)
	}
	// Everybody's tickets and sign-ins are as good as before. Who is in, is in, and gets
	// the answer of then.
	server = startProcess(t, exec.Command(self(t), "serve", "--database", url, "--listen", "127.0.0.1:0"))
	attend(server.url, early, 10)
	attend(server.url, late, 20)
	server.terminate()
	if code, out := moves(t, dir, url); code != exitFailed || !strings.Contains(out, "--replace") {
		t.Errorf("over what was recorded since: code %d, %s", code, out)
	}
}

func TestAMoveThatWasKilledCanBeRunAgain(t *testing.T) {
	t.Parallel()
	dir, url := t.TempDir(), emptyPostgres(t)
	const students = 200
	loadOneSession(t, dir, fmt.Sprint(students))
	to, err := postgres.Open(t.Context(), url) // which makes the tables
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	count := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRow(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// A move has the database go on counting once it has copied all, and waits for this.
	if _, err := db.Exec(t.Context(), `BEGIN; ALTER SEQUENCE people_id_seq CACHE 1`); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	move := exec.Command(self(t), "move", "--data", dir, "--database", url)
	move.Stdout, move.Stderr = &out, &out
	if err := move.Start(); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(patience); count(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'people_id_seq'::regclass`) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it does not get to the end of its copying")
		}
	}
	if err := move.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := move.Wait(); move.ProcessState.Success() {
		t.Fatalf("it was done before it could be killed: %v, %s", err, &out)
	}
	if _, err := db.Exec(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if n := count(`SELECT count(*) FROM people`); n != 0 {
		t.Errorf("it left %d people", n)
	}
	if code, out := moves(t, dir, url); code != exitOK {
		t.Fatalf("again: code %d, %s", code, out)
	}
	if n := count(`SELECT count(*) FROM people`); n < students {
		t.Errorf("there are %d people", n)
	}
}
