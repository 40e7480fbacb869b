package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/muster-live/muster/direct"
)

//go:embed migrations/*.sql
var migrations embed.FS

// oldestServer is the oldest version of PostgreSQL that this is written for.
const oldestServer = 14

// Limits of waiting for the server. Who waits longer has a dead connection, or nearly.
const (
	connectLimit = 5 * time.Second // for a connection to be made
	pingLimit    = 2 * time.Second // for a connection that was idle to show that it lives
	attemptLimit = 3 * time.Second // for one attempt to record a group
	idleLimit    = 2 * time.Second // for us to go on in a transaction of Append, before others may
	briefLimit   = time.Second     // for an attempt to read little
)

// migrationLock is the advisory lock that a process holds while it changes the
// schema: the letters of "muster".
const migrationLock = 0x6d7573746572

// parseURL returns what a URL says, with our defaults. The parser's own errors are
// not passed on: in what cannot be parsed, a password may be anywhere.
func parseURL(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if url == "" || err != nil {
		return nil, errors.New("the database URL cannot be read: write it like postgres://user:password@host:5432/database, " +
			"with every special character of the password as %XX")
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectLimit
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = maxConns
	}
	config.PingTimeout = pingLimit
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return direct.Conn(c), nil
	}
	return config, nil
}

// logSettings are for the connections of Append. All its statements find rows by
// their keys, so their plans are made once and for good, and stay right however fast
// the tables grow. And a process that stops in the middle of a transaction loses its
// lock of the session, so that others can go on.
var logSettings = fmt.Sprintf(`SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
	SET enable_mergejoin = off; SET jit = off; SET idle_in_transaction_session_timeout = %d`, idleLimit.Milliseconds())

// logStatements are those that nearly every group needs.
var logStatements = []string{"BEGIN", lockSessions, lockedSessions, doneCommands, someStudents, usedTickets,
	insertCommands, insertTickets, insertEvents, setMarks, updateSession, "COMMIT", recordCheckIns}

// logConfig is for the pool of Append. One connection is kept ready, with its
// statements prepared and run once. It is used without asking whether it lives, which saves a round
// trip: Append tries again anyway.
func logConfig(config *pgxpool.Config) *pgxpool.Config {
	config = config.Copy()
	config.MinConns, config.MaxConns = 1, maxLogConns
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.PgConn().Exec(ctx, logSettings).ReadAll(); err != nil {
			return err
		}
		for _, q := range logStatements {
			if _, err := c.Prepare(ctx, q, q); err != nil {
				return fmt.Errorf("prepare %s: %w", q, err)
			}
		}
		return warm(ctx, c)
	}
	return config
}

// setUp checks that the server is one we can rely on and brings the schema up to date.
func (s *Store) setUp(ctx context.Context) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := checkServer(ctx, conn); err != nil {
		return err
	}
	skew, err := measureSkew(ctx, conn, time.Now)
	if err == nil {
		err = CheckSkew(skew)
	}
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return fmt.Errorf("wait for other processes to bring the schema up to date: %w", err)
	}
	err = migrate(ctx, s.pool)
	if _, unlock := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, migrationLock); err == nil {
		err = unlock
	}
	if err != nil {
		return err
	}
	return checkPrivileges(ctx, conn)
}

func checkServer(ctx context.Context, q queryer) error {
	var version int
	var encoding, commit, readOnly string
	var mayMake bool
	err := q.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
		current_setting('synchronous_commit'), current_setting('transaction_read_only'),
		to_regclass('sessions') IS NOT NULL OR coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)`).
		Scan(&version, &encoding, &commit, &readOnly, &mayMake)
	switch {
	case err != nil:
		return err
	case version/10000 < oldestServer:
		return fmt.Errorf("it runs PostgreSQL %d, which is too old: muster needs %d or newer", version/10000, oldestServer)
	case encoding != "UTF8":
		return fmt.Errorf("its encoding is %s: make a database for muster with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", encoding)
	case readOnly == "on":
		return errors.New("it is read-only: give the URL of the primary (of several hosts: with target_session_attrs=read-write), " +
			"and a user who may write")
	case !mayMake:
		return errors.New("muster makes its tables itself, and this user may not: run ALTER DATABASE … OWNER TO this user")
	case commit == "off":
		return errors.New("synchronous_commit is off, so a crash could lose check-ins that were acknowledged: " +
			"turn it on with ALTER DATABASE … SET synchronous_commit = on, and for this user")
	}
	return nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*pool.Config().ConnConfig) // not from the pool, which may be for one connection alone
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("its schema is version %d, this program knows up to %d: use a newer muster", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}

// checkPrivileges looks whether we may write to tables that somebody else may own.
func checkPrivileges(ctx context.Context, q queryer) error {
	var may bool
	err := q.QueryRow(ctx, `SELECT has_table_privilege('sessions', 'UPDATE') AND has_table_privilege('events', 'INSERT')
		AND has_table_privilege('marks', 'DELETE')`).Scan(&may)
	if err != nil {
		return fmt.Errorf("read privileges: %w", err)
	}
	if !may {
		return errors.New("its tables belong to another user and this one may not write to them: " +
			"use the user that muster was set up with, or run REASSIGN OWNED BY that user TO this one")
	}
	return nil
}
