package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/identity"
)

// tokenCmd is `muster token`.
type tokenCmd struct {
	Make   tokenMake   `cmd:"" help:"Make an API token and print it; it is told only now."`
	List   tokenList   `cmd:"" help:"List API tokens, newest first."`
	Revoke tokenRevoke `cmd:"" help:"Revoke an API token. It ends at once."`
}

// commandLine is who does what is done here, as the audit has it.
var commandLine = attendance.Author{From: "command line"}

// withAccounts opens the database and has fn use its accounts.
func (d database) withAccounts(ctx context.Context, fn func(store, *identity.Accounts) error) (err error) {
	s, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	accounts, err := identity.New(ctx, s, time.Now, nil)
	if err != nil {
		return err
	}
	return readable(fn(s, accounts))
}

type tokenMake struct {
	database
	For    string   `help:"For whom it acts: a reference or username, or # and the person's number." required:"" placeholder:"PERSON"`
	Name   string   `help:"What it is for." required:""`
	Scopes []string `help:"What it may do, as far as its person may: of roster:read, roster:write, marks:read, marks:write, sessions:write, reports:read and admin." required:""`
	Days   int      `help:"For how long it counts." default:"90"`
}

// Run makes a token.
func (c *tokenMake) Run(ctx context.Context, stdout io.Writer) error {
	return c.withAccounts(ctx, func(s store, accounts *identity.Accounts) error {
		person, err := findPerson(ctx, s, c.For)
		if err != nil {
			return err
		}
		scopes, err := identity.ParseScopes(strings.Join(c.Scopes, " "))
		if err != nil {
			return err
		}
		secret, _, err := accounts.MakeToken(ctx, identity.NewToken{Person: person, Name: c.Name, Scopes: scopes, Days: c.Days}, commandLine)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, secret)
		return err
	})
}

type tokenList struct {
	database
	For string `help:"Only those of this person." placeholder:"PERSON"`
	All bool   `help:"Those that have ended too."`
}

// Run lists tokens.
func (c *tokenList) Run(ctx context.Context, stdout io.Writer) error {
	return c.withAccounts(ctx, func(s store, accounts *identity.Accounts) error {
		var person attendance.PersonID
		if c.For != "" {
			var err error
			if person, err = findPerson(ctx, s, c.For); err != nil {
				return err
			}
		}
		t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "number\tperson\tname\tscopes\tcounts until\tlast used")
		const page = 100
		for before := int64(0); ; {
			some, err := accounts.Tokens(ctx, person, before, page)
			if err != nil {
				return err
			}
			for i := range some {
				one := &some[i]
				before = one.ID
				if c.All || one.Counts(time.Now()) {
					fmt.Fprintf(t, "%d\t%s %s\t%s\t%s\t%s\t%s\n", one.ID, one.Given, one.Family, one.Name, one.Scopes, ends(one), dayOr(one.Used, "never"))
				}
			}
			if len(some) < page {
				return t.Flush()
			}
		}
	})
}

func ends(t *identity.APIToken) string {
	if !t.Revoked.IsZero() {
		return "revoked " + dayOr(t.Revoked, "")
	}
	return dayOr(t.Expires, "")
}

func dayOr(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return t.Format(time.DateOnly)
}

type tokenRevoke struct {
	database
	Number int64 `arg:"" help:"Number of the token, as the list has it."`
}

// Run revokes a token.
func (c *tokenRevoke) Run(ctx context.Context, stdout io.Writer) error {
	return c.withAccounts(ctx, func(_ store, accounts *identity.Accounts) error {
		if err := accounts.RevokeToken(ctx, 0, c.Number, commandLine); err != nil {
			return err
		}
		_, err := fmt.Fprintln(stdout, "The token is revoked.")
		return err
	})
}
