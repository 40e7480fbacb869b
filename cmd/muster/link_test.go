package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/rig"
)

// startPostgres starts a PostgreSQL for one test.
func startPostgres(t *testing.T) *rig.Postgres {
	t.Helper()
	dir, err := os.MkdirTemp("", "muster-link-") // t.TempDir cannot be reached by PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p, err := rig.StartPostgres(t.Context(), dir, rig.ForTests)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

// bundle writes a OneRoster bundle with one student, who may or may not sign in.
func bundle(t *testing.T, enabled string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"manifest.csv": "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.academicSessions,absent\nfile.classes,absent\n" +
			"file.courses,absent\nfile.demographics,absent\nfile.enrollments,absent\nfile.orgs,absent\nfile.users,bulk\n",
		"users.csv": "sourcedId,status,enabledUser,role,username,givenName,familyName,email\nu1,," + enabled + ",student,ada,Ada,Lovelace,\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// listener is a server's node that says who has been signed out.
type listener struct {
	visitor
	out chan attendance.PersonID
}

func (l listener) SignedOut(p attendance.PersonID) { l.out <- p }

func TestAnImportSignsPeopleOutOnServersThatRun(t *testing.T) {
	t.Parallel()
	db := database{Database: startPostgres(t).URL}
	redis, err := rig.StartRedis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Kill)
	for name, via := range map[string]linked{"over PostgreSQL": {}, "over Redis": {Redis: redis.URL}} {
		t.Run(name, func(t *testing.T) {
			flags := []string{"--database", db.Database, "--apply"}
			if via.Redis != "" {
				flags = append(flags, "--redis", via.Redis)
			}
			if code, _, log := runImport(t, append(flags, bundle(t, "true"))...); code != exitOK {
				t.Fatal(log)
			}
			s, err := db.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			link, err := via.dial(t.Context(), db, s, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			server := listener{out: make(chan attendance.PersonID, 1)}
			t.Cleanup(link.Join(server).Close)
			if code, _, log := runImport(t, append(flags, bundle(t, "false"))...); code != exitOK {
				t.Fatal(log)
			}
			select {
			case <-server.out:
			case <-time.After(patience):
				t.Error("nobody was signed out")
			}
		})
	}
}

func TestServersThatCannotBeLinkedDoNotStart(t *testing.T) {
	t.Parallel()
	db := database{Database: startPostgres(t).URL}
	for name, test := range map[string]struct {
		serve serveCmd
		want  string
	}{
		"Redis without PostgreSQL":  {serveCmd{database: database{Data: t.TempDir()}, linked: linked{"redis://127.0.0.1:1"}}, "give --database as well"},
		"a Redis that is not there": {serveCmd{database: db, linked: linked{"redis://:hunter2@127.0.0.1:1"}}, "the Redis of --redis: it cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			test.serve.Listen = "127.0.0.1:0"
			n, err := startNode(t.Context(), &test.serve, slog.New(slog.DiscardHandler))
			if err == nil {
				n.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %q, want something with %q", err, test.want)
			}
		})
	}
}
