package postgres

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// explain says what to do about an error from opening a database.
func explain(err error, c *pgx.ConnConfig) error {
	where := fmt.Sprintf("PostgreSQL at %s", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))))
	if strings.HasPrefix(c.Host, "/") {
		where = fmt.Sprintf("PostgreSQL at the socket in %s", c.Host)
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		if advice := adviceFor(answer.Code, c); advice != "" {
			return fmt.Errorf("%s says: %s: %s", where, answer.Message, advice)
		}
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) && answer == nil {
		attempts := slices.Compact(strings.Split(errors.Unwrap(connect).Error(), "\n")) // with TLS and without
		return fmt.Errorf("%s cannot be reached: %s: see that it runs, that host and port are right, "+
			"and that it takes connections from here (listen_addresses, pg_hba.conf, sslmode)", where, strings.Join(attempts, "; "))
	}
	return fmt.Errorf("open database %q of %s: %w", c.Database, where, err)
}

// adviceFor says what to do about an answer of the server; "" if it says it itself.
func adviceFor(code string, c *pgx.ConnConfig) string {
	switch code {
	case "28P01": // invalid password
		return fmt.Sprintf("put the right password of user %q into the database URL", c.User)
	case "28000": // not allowed in
		return fmt.Sprintf("see that user %q exists and that pg_hba.conf lets it in from here", c.User)
	case "3D000": // unknown database
		return fmt.Sprintf("make it with CREATE DATABASE %s OWNER %s", pgx.Identifier{c.Database}.Sanitize(), pgx.Identifier{c.User}.Sanitize())
	case "42501": // missing privilege
		return fmt.Sprintf("muster makes its tables itself, so let it: ALTER DATABASE %s OWNER TO %s",
			pgx.Identifier{c.Database}.Sanitize(), pgx.Identifier{c.User}.Sanitize())
	case "53300": // too many connections
		return fmt.Sprintf("a process of muster takes up to %d; raise max_connections, or say pool_max_conns in the database URL", maxConns+maxLogConns)
	case "57P03": // starting up
		return "wait until it has started"
	}
	return ""
}
