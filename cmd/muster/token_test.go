package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestTokensFromTheCommandLine(t *testing.T) {
	t.Parallel()
	dir := heldTerm(t)
	token := func(args ...string) (code int, stdout, stderr string) {
		t.Helper()
		var out, errs bytes.Buffer
		code = run(t.Context(), append(append([]string{"token"}, args...), "--data", dir), &out, &errs)
		return code, out.String(), errs.String()
	}
	code, secret, errs := token("make", "--for", "ada", "--name", "sync", "--scopes", "roster:read,reports:read")
	if code != exitOK || !strings.HasPrefix(secret, "muster_") {
		t.Fatalf("%d %s %s", code, secret, errs)
	}
	if _, list, _ := token("list", "--for", "007"); !strings.Contains(list, "1       Ada Lovelace  sync  roster:read reports:read  20") || !strings.Contains(list, "never") {
		t.Errorf("%s", list)
	}
	if code, out, errs := token("revoke", "1"); code != exitOK || out != "The token is revoked.\n" {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, _, errs := token("revoke", "1"); code != exitFailed || !strings.Contains(errs, "ended already") {
		t.Errorf("again: %d %s", code, errs)
	}
	if _, list, _ := token("list"); strings.Count(list, "\n") != 1 {
		t.Errorf("those that count: %s", list)
	}
	if _, list, _ := token("list", "--all"); !strings.Contains(list, "revoked 20") {
		t.Errorf("all: %s", list)
	}
	for args, want := range map[string]string{"make --for nobody --name x --scopes admin": "nobody has", "make --for ada --name x --scopes admin": "no administrator", "make --for ada --name x --scopes all": "scopes must be"} {
		if code, _, errs := token(strings.Fields(args)...); code != exitFailed || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", args, code, errs)
		}
	}
}
