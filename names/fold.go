package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// spelledOut is how letters are written where they cannot be typed, and are no letter
// with a mark on it.
var spelledOut = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ł", "l", "þ", "th", "ı", "i")

// umlauts is the other way to write these, without marks.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "å", "aa", "ø", "oe")

// fold makes spellings of a name equal: no capitals, no marks on letters, words
// parted by single spaces.
func fold(s string) string { return plain(strings.ToLower(s)) }

// foldWide is fold with the other way to write umlauts.
func foldWide(s string) string { return plain(umlauts.Replace(norm.NFC.String(strings.ToLower(s)))) }

func plain(lower string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFKD.String(spelledOut.Replace(lower)) {
		switch {
		case unicode.Is(unicode.M, r) || r == '\'' || r == '’' || r == '`' || r == '´' || r == '.' && b.Len() == 0:
			// O'Neill is ONeill
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(unicode.ToLower(r))
		default:
			space = true
		}
	}
	return b.String()
}

// compact takes the spaces out of folded text.
func compact(folded string) string { return strings.ReplaceAll(folded, " ", "") }

// spellings returns the different ways to fold a text.
func spellings(s string) []string {
	narrow, wide := fold(s), foldWide(s)
	if narrow == wide {
		return []string{narrow}
	}
	return []string{narrow, wide}
}

// loose makes ids equal that differ in what spreadsheets do to them: capitals, spaces,
// zeros before a number, ".0" after it.
func loose(id string) string {
	id = strings.ToLower(strings.TrimSpace(id))
	if whole, ok := strings.CutSuffix(id, ".0"); ok && digits(whole) {
		id = whole
	}
	id = compact(plain(id))
	if digits(id) {
		if id = strings.TrimLeft(id, "0"); id == "" {
			id = "0"
		}
	}
	return id
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
