package attendance

import (
	"strings"
	"unicode/utf8"
)

// IsText reports whether s can be kept as text by every store: proper UTF-8 without
// the character U+0000.
func IsText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
