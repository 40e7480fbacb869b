package main

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/muster-live/muster/client"
	"github.com/muster-live/muster/store/sqlite"
)

func TestStoppedInABurst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serveProcess(t, dir)
	s := loadOneSession(t, dir, "100")
	phones := phonesOf(s)
	together(phones, func(p *phone) { p.join(t, server.url) })
	if t.Failed() {
		return
	}
	var first sync.Once
	together(phones, func(p *phone) {
		p.checkIn(t)
		byes := 0
		for {
			m, err := p.hear(t)
			if err != nil {
				var closed *client.CloseError
				if !errors.As(err, &closed) || closed.Code != 1001 || byes != 1 {
					t.Errorf("student %d heard %d byes, and then %v", p.Person, byes, err)
				}
				return
			}
			switch m.T {
			case "ack":
				first.Do(func() {
					if err := server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
						t.Error(err)
					}
				})
			case "bye":
				byes++
				if m.Reason != "stopping" || m.Retry <= 0 {
					t.Errorf("bye said %+v", m)
				}
			case "error":
				if m.Code != "busy" {
					t.Errorf("student %d: %s", p.Person, m.Code)
				}
			}
		}
	})
	if code := server.wait(); code != exitOK {
		t.Errorf("the server ended with code %d; its log:\n%s", code, server.log)
	}
	mustHold(t, checkIns(t, dir, s.ID), phones)
}

func TestDataOfANewerVersionIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	loadOneSession(t, dir, "1")
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	code := run(t.Context(), []string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, &log, &log)
	if code != exitFailed || !strings.Contains(log.String(), "version 9999") || !strings.Contains(log.String(), "use a newer muster") {
		t.Errorf("code %d: %s", code, &log)
	}
}
