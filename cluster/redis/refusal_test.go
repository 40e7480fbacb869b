package redis_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/cluster/redis"
	"github.com/muster-live/muster/rig"
)

func TestARedisThatCannotBeUsedIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	open := startRedis(t)
	locked := startRedis(t)
	ask(t, locked, "ACL", "SETUSER", "muster", "on", ">hunter2", "resetchannels", "&other_*", "+@all")
	ask(t, locked, "ACL", "SETUSER", "few", "on", ">hunter2", "&*", "+hello", "+ping")
	ask(t, locked, "ACL", "SETUSER", "admin", "on", ">x", "+@all")
	ask(t, locked, "ACL", "SETUSER", "default", ">hunter2") // from here on it asks for a password
	_, nobody := unused(t)
	for name, test := range map[string]struct{ url, want string }{
		"no URL":                         {"", "write it like redis://"},
		"another scheme":                 {"postgres://u:hunter2@" + open.Addr, "write it like redis://"},
		"a password that breaks the URL": {"redis://u:hunter2/%zz@" + open.Addr, "special character"},
		"nobody there":                   {"redis://:hunter2@" + nobody, "see that it runs"},
		"no such host":                   {"redis://:hunter2@redis.invalid:6379", "redis.invalid"},
		"a wrong password":               {"redis://muster:hunter3@" + locked.Addr, "correct them in the URL"},
		"no password":                    {"redis://" + locked.Addr, "put it into the URL"},
		"TLS to a server without":        {"rediss://:hunter2@" + open.Addr, "redis:// instead of rediss://"},
		"channels not allowed":           {"redis://muster:hunter2@" + locked.Addr, "ACL SETUSER name &muster_*"},
		"commands not allowed":           {"redis://few:hunter2@" + locked.Addr, "ACL SETUSER name &muster_*"},
		"no Sentinel":                    {"redis://:hunter2@" + open.Addr + "?master_set=main", "it is no Sentinel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			m, err := redis.Open(context.Background(), test.url)
			if err == nil {
				m.Close()
				t.Fatal("it is taken")
			}
			if d := time.Since(start); d > patience {
				t.Errorf("refused after %v", d)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("refused with %q, want something with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

// unused returns a port that nobody listens on.
func unused(t *testing.T) (port, addr string) {
	ports, err := rig.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	port = strconv.Itoa(ports[0])
	return port, net.JoinHostPort("127.0.0.1", port)
}

func TestAUserWithWhatTheAdviceAllowsCanLink(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	ask(t, r, "ACL", "SETUSER", "muster", "on", ">hunter2", "resetchannels", "&muster_*",
		"+hello", "+ping", "+publish", "+subscribe", "+unsubscribe", "+spublish", "+ssubscribe", "+sunsubscribe")
	hearEachOther(t, "redis://muster:hunter2@"+r.Addr)
}
