package rig

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Postgres is a PostgreSQL server that syncs every commit to disk, unless told not to.
type Postgres struct {
	*Program
	URL string // of its database "muster", with the password in it

	dir      string
	port     int
	settings []string
	as       *syscall.Credential // nil: whoever we are
}

// ForTests is the setting of a server whose data is thrown away: what is committed
// outlives its processes, and need not outlive a power cut.
const ForTests = "fsync=off"

// postgresFolders is where Debian keeps what is not in the search path.
const postgresFolders = "/usr/lib/postgresql/*/bin"

// StartPostgres starts a server with its data in dir, which it makes and sets up if
// need be. PostgreSQL refuses to run as root; then it runs as the user postgres, who
// must be able to reach dir. Settings are what postgresql.conf would have, such as
// [ForTests].
func StartPostgres(ctx context.Context, dir string, settings ...string) (*Postgres, error) {
	p := &Postgres{dir: dir, settings: settings}
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	p.port = ports[0]
	if err := p.makeFolder(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	password, fresh, err := p.setUp(ctx)
	if err != nil {
		return nil, fmt.Errorf("set PostgreSQL up in %s: %w", dir, err)
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword("muster", password), Host: "127.0.0.1:" + strconv.Itoa(p.port), Path: "/muster", RawQuery: "sslmode=disable"}
	p.URL = u.String()
	if fresh {
		u.Path = "/postgres"
	}
	if err := p.start(ctx, u.String()); err != nil || !fresh {
		return p, err
	}
	return p, p.Query(ctx, u.String(), "CREATE DATABASE muster")
}

// makeFolder makes the data folder and gives it to whoever the server runs as.
func (p *Postgres) makeFolder() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("as root, a user postgres is needed (Debian: apt-get install postgresql): %w", err)
	}
	uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("user postgres has id %s and group %s", who.Uid, who.Gid)
	}
	p.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return errors.Join(reachable(p.dir), os.Chown(p.dir, int(uid), int(gid)))
}

// reachable refuses a folder that only root can get to.
func reachable(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		const othersEnter = 0o001
		info, err := os.Stat(parent)
		if err != nil {
			return err
		}
		if info.Mode()&othersEnter == 0 {
			return fmt.Errorf("PostgreSQL does not run as root, and its user postgres cannot get through %s: choose a folder elsewhere, such as in /var/tmp", parent)
		}
		if parent == filepath.Dir(parent) {
			return nil
		}
	}
}

// setUp makes the cluster unless there is one, and returns the password of its user.
func (p *Postgres) setUp(ctx context.Context) (password string, fresh bool, err error) {
	file := filepath.Join(p.dir, "password")
	if b, err := os.ReadFile(file); err == nil {
		return string(b), false, nil
	}
	initdb, err := Find("initdb", "postgresql", postgresFolders)
	if err != nil {
		return "", false, err
	}
	password = rand.Text()
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return "", false, err
	}
	if p.as != nil {
		if err := os.Chown(file, int(p.as.Uid), int(p.as.Gid)); err != nil {
			return "", false, err
		}
	}
	cmd := exec.CommandContext(ctx, initdb, "--pgdata="+p.data(), "--username=muster", "--pwfile="+file,
		"--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions")
	p.prepare(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.Remove(file)
		return "", false, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return password, true, nil
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

// prepare has a command run in the data folder, as the right user.
func (p *Postgres) prepare(cmd *exec.Cmd) {
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as, Setpgid: true} // ^C is for us to pass on
}

func (p *Postgres) start(ctx context.Context, u string) error {
	path, err := Find("postgres", "postgresql", postgresFolders)
	if err != nil {
		return err
	}
	cmd := exec.Command(path, "-D", p.data(), "-p", strconv.Itoa(p.port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "timezone=UTC", "-c", "log_timezone=UTC")
	for _, s := range p.settings {
		cmd.Args = append(cmd.Args, "-c", s)
	}
	p.prepare(cmd)
	if p.Program, err = Start(cmd, filepath.Join(p.dir, "postgres.log")); err != nil {
		return err
	}
	return p.waitUntil(func() error { return p.Query(ctx, u, "SELECT 1") })
}

// Query runs a statement in the database that u names.
func (p *Postgres) Query(ctx context.Context, u, statement string) error {
	conn, err := pgx.Connect(ctx, u)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// NewDatabase makes an empty database and returns its URL.
func (p *Postgres) NewDatabase(ctx context.Context, name string) (string, error) {
	if err := p.Query(ctx, p.URL, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", fmt.Errorf("make database %s: %w", name, err)
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// Stop ends the server as an operator would, without waiting for its clients.
func (p *Postgres) Stop() error { return p.finish(syscall.SIGINT) }

// Crash ends the server at once and all its processes with it; what was committed
// is found again by recovery.
func (p *Postgres) Crash() { _ = p.finish(syscall.SIGQUIT) }

// Restart starts the server again on the same port, after it was stopped.
func (p *Postgres) Restart(ctx context.Context) error { return p.start(ctx, p.URL) }
