package postgres

import (
	"net/url"
	"strings"
	"sync"
	"testing"
)

// with returns a URL with some of its parts changed.
func with(t *testing.T, database string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

func setting(name, value string) func(*url.URL) {
	return func(u *url.URL) {
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
	}
}

func run(t *testing.T, database string, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := server.Query(t.Context(), database, s); err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever cannot open the database is told what to do, and never the password.
func TestOpeningSaysWhatToDo(t *testing.T) {
	t.Parallel()
	fresh := newDatabase(t)
	made := newDatabase(t)
	if err := open(t, made).Close(); err != nil {
		t.Fatal(err)
	}
	future := newDatabase(t)
	if err := open(t, future).Close(); err != nil {
		t.Fatal(err)
	}
	run(t, future, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	run(t, fresh, `CREATE ROLE guest LOGIN PASSWORD 'hush-hush'`, `CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
	guest := func(u *url.URL) { u.User = url.UserPassword("guest", "hush-hush") }

	for _, tt := range []struct {
		name, url, want string
	}{
		{"no URL", "", "postgres://user:password@host:5432/database"},
		{"not a URL", "postgres://muster:hush-hush@ho st:x/", "postgres://user:password@host:5432/database"},
		{"a password with special characters", "postgres://muster:hush-hush%@localhost/muster", "%XX"},
		{"wrong password", with(t, fresh, func(u *url.URL) { u.User = url.UserPassword("muster", "hush-hush") }), `put the right password of user "muster" into the database URL`},
		{"unknown user", with(t, fresh, func(u *url.URL) { u.User = url.UserPassword("nobody", "hush-hush") }), `put the right password of user "nobody"`},
		{"unknown database", with(t, fresh, func(u *url.URL) { u.Path = "/nowhere" }), `make it with CREATE DATABASE "nowhere" OWNER "muster"`},
		{"nothing there", with(t, fresh, func(u *url.URL) { u.Host = "127.0.0.1:1" }), "PostgreSQL at 127.0.0.1:1 cannot be reached"},
		{"TLS where there is none", with(t, fresh, setting("sslmode", "require")), "sslmode"},
		{"may not make tables", with(t, fresh, guest), "ALTER DATABASE … OWNER TO this user"},
		{"may not read the tables", with(t, made, guest), "OWNER TO"},
		{"read-only", with(t, fresh, setting("default_transaction_read_only", "on")), "give the URL of the primary"},
		{"another encoding", with(t, fresh, func(u *url.URL) { u.Path = "/latin" }), "ENCODING 'UTF8'"},
		{"commits that do not wait", with(t, fresh, setting("synchronous_commit", "off")), "SET synchronous_commit = on"},
		{"a newer schema", future, "use a newer muster"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(t.Context(), tt.url)
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got:  %v\nwant: …%s…", err, tt.want)
			}
			password, _ := mustParse(t, fresh).User.Password()
			if strings.Contains(err.Error(), "hush-hush") || strings.Contains(err.Error(), password) {
				t.Errorf("it says the password: %v", err)
			}
		})
	}
}

func mustParse(t *testing.T, database string) *url.URL {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTablesOfAnotherUserMustBeWritable(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	open(t, database)
	run(t, database, `CREATE ROLE reader LOGIN PASSWORD 'reader'`, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`)
	s, err := Open(t.Context(), with(t, database, func(u *url.URL) { u.User = url.UserPassword("reader", "reader") }))
	if err == nil {
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "REASSIGN OWNED") {
		t.Errorf("got %v", err)
	}
}

func TestProcessesThatStartAtOnceMakeTheSchemaOnce(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	var starting sync.WaitGroup
	for range 6 {
		starting.Go(func() {
			s, err := Open(t.Context(), database)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { s.Close() })
		})
	}
	starting.Wait()
}

func TestOneConnectionIsEnoughToOpen(t *testing.T) {
	t.Parallel()
	open(t, with(t, newDatabase(t), setting("pool_max_conns", "1")))
}

func TestAURLMaySayHowManyConnectionsThereAre(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int32{"": maxConns, "?pool_max_conns=33": 33} {
		c, err := parseURL("postgres://muster:secret@db.example.org/muster" + query)
		if err != nil || c.MaxConns != want {
			t.Errorf("%q: %+v, error %v; want %d", query, c, err, want)
		}
	}
}
