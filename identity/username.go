package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
)

// MaxUsername is how long a username may be, in characters.
const MaxUsername = 100

// CheckUsername returns an [attendance.Error] if nobody may be called so: a username
// has 2 to [MaxUsername] characters, none of them a space or one that cannot be seen.
func CheckUsername(username string) error {
	n := utf8.RuneCountInString(username)
	odd := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError }
	if n < 2 || n > MaxUsername || strings.ContainsFunc(username, odd) {
		return attendance.BadField("username", "2 to 100 characters long, without spaces")
	}
	return nil
}
