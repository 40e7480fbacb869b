package roster

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkAccount finds fault with what a person would sign in with. The rule for
// usernames is that of identity.CheckUsername.
func (r *record) checkAccount(p PersonRow) {
	if p.Username != "" {
		n := utf8.RuneCountInString(p.Username)
		if n < 2 || n > 100 || strings.ContainsFunc(p.Username, unicode.IsSpace) {
			r.fail("username", "It must be 2 to 100 characters long, without spaces.")
		}
	}
	if p.Email != "" && !strings.Contains(p.Email, "@") {
		r.fail("email", "It must be an address with an @.")
	}
}
