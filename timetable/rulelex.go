package timetable

import (
	"fmt"
	"strings"
	"unicode"
)

// RuleError says where a rule cannot be understood.
type RuleError struct {
	At      int // in characters from the start of the rule
	Length  int
	Problem string // in whole sentences, with what to write instead
}

// Error implements the error interface.
func (e *RuleError) Error() string { return fmt.Sprintf("at character %d: %s", e.At+1, e.Problem) }

// tokenKind is what a token of a rule is.
type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // letters
	numberToken           // digits
	signToken             // one character
	quoteToken            // something in quotation marks, without these
	clauseToken           // a semicolon or a new line
)

// token is a piece of a rule.
type token struct {
	kind   tokenKind
	text   string // of a word: in small letters; of a dash: "-"
	number int
	at     int // in characters
	length int
	spaced bool // there is space before it
}

// MaxRule is how many characters a rule may have.
const MaxRule = 2000

// lex cuts a rule into tokens, the last of which is an endToken.
func lex(rule string) ([]token, error) {
	runes := []rune(rule)
	if len(runes) > MaxRule {
		return nil, &RuleError{MaxRule, len(runes) - MaxRule, fmt.Sprintf("A rule has %d characters at the most. Use a file for more.", MaxRule)}
	}
	var all []token
	spaced := false
	for i := 0; i < len(runes); {
		r, start := runes[i], i
		t := token{at: i, spaced: spaced}
		spaced = false
		while := func(is func(rune) bool) string {
			for i < len(runes) && is(runes[i]) {
				i++
			}
			return string(runes[start:i])
		}
		switch {
		case r == ';' || r == '\n':
			t.kind = clauseToken
			i++
		case unicode.IsSpace(r):
			i++
			spaced = true
			continue
		case r >= '0' && r <= '9':
			t.kind, t.text = numberToken, while(func(r rune) bool { return r >= '0' && r <= '9' })
			if len(t.text) > 8 {
				return nil, &RuleError{start, i - start, "That is too large a number."}
			}
			for _, d := range t.text {
				t.number = 10*t.number + int(d-'0')
			}
		case unicode.IsLetter(r):
			t.kind, t.text = wordToken, strings.ToLower(while(func(r rune) bool { return unicode.IsLetter(r) || r == '\'' || unicode.IsMark(r) }))
		case strings.ContainsRune(`"“”„«»`, r):
			for i++; i < len(runes) && !strings.ContainsRune(`"“”«»`, runes[i]); i++ {
			}
			if i == len(runes) {
				return nil, &RuleError{start, i - start, "The quotation mark is not closed."}
			}
			t.kind, t.text = quoteToken, string(runes[start+1:i])
			i++
		default:
			i++
			t.kind, t.text = signToken, string(r)
			if strings.ContainsRune("-–—−‐‑~", r) {
				t.text = "-"
			}
		}
		t.length = i - start
		all = append(all, t)
	}
	return append(all, token{kind: endToken, at: len(runes), spaced: true}), nil
}

// The words that rules are made of, in English and German.
var (
	weekdays = wordTable(map[int]string{
		1: "mon monday mondays mo montag montags montage",
		2: "tue tues tuesday tuesdays tu di dienstag dienstags dienstage",
		3: "wed weds wednesday wednesdays we mi mittwoch mittwochs mittwoche",
		4: "thu thur thurs thursday thursdays th do donnerstag donnerstags donnerstage",
		5: "fri friday fridays fr freitag freitags freitage",
		6: "sat saturday saturdays sa samstag samstags samstage sonnabend sonnabends",
		7: "sun sunday sundays su so sonntag sonntags sonntage",
	})
	months = wordTable(map[int]string{
		1: "jan january januar jänner", 2: "feb february februar", 3: "mar march mär märz mrz", 4: "apr april", 5: "may mai", 6: "jun june juni",
		7: "jul july juli", 8: "aug august", 9: "sep sept september", 10: "oct october okt oktober", 11: "nov november", 12: "dec december dez dezember",
	})
	keywords = wordTable(map[int]string{
		wordAnd:      "and und as well sowie",
		wordTo:       "to bis until till through ending",
		wordFrom:     "from ab von starting since beginning",
		wordExcept:   "except without not außer ausser ohne nicht excluding",
		wordOn:       "on am",
		wordWeeks:    "week weeks wk wks woche wochen",
		wordCalendar: "kw kws kalenderwoche kalenderwochen calendar iso",
		wordOdd:      "odd ungerade ungeraden ungerader",
		wordEven:     "even gerade geraden gerader",
		wordEvery:    "every each jede jeden jeder jedes alle",
		wordOther:    "other second zweite zweiten zweiter",
		wordBiweekly: "fortnightly biweekly zweiwöchentlich zweiwöchig",
		wordWeekly:   "weekly wöchentlich",
		wordDaily:    "daily täglich",
		wordWorkdays: "weekdays workdays werktags wochentags",
		wordRoom:     "room raum hörsaal hs saal",
		wordIn:       "in im",
		wordAt:       "at um",
		wordFor:      "for für",
		wordMinutes:  "min mins minute minutes minuten",
		wordHours:    "h hour hours stunde stunden std",
		wordOClock:   "uhr o'clock",
		wordPM:       "pm",
		wordNoise:    "the of term der die den dem des day days tag tage semester semesters",
	})
)

const (
	wordAnd = iota + 1
	wordTo
	wordFrom
	wordExcept
	wordOn
	wordWeeks
	wordCalendar
	wordOdd
	wordEven
	wordEvery
	wordOther
	wordBiweekly
	wordWeekly
	wordDaily
	wordWorkdays
	wordRoom
	wordIn
	wordAt
	wordFor
	wordMinutes
	wordHours
	wordOClock
	wordPM
	wordNoise
)

// wordTable turns what each meaning is written as into the meaning of each word.
func wordTable(by map[int]string) map[string]int {
	all := make(map[string]int)
	for meaning, words := range by {
		for w := range strings.FieldsSeq(words) {
			if all[w] == 0 || all[w] > meaning {
				all[w] = meaning
			}
		}
	}
	return all
}

// nearest returns the known word that is most like one that is not, if any is alike.
func nearest(word string) string {
	best, least := "", 3
	if len([]rune(word)) <= 4 {
		least = 2
	}
	for _, table := range []map[string]int{weekdays, keywords, months} {
		for known := range table {
			d := distance(word, known)
			better := d < least || d == least && best != "" && (len(known) > len(best) || len(known) == len(best) && known < best)
			if better && len([]rune(known)) > 3 {
				best, least = known, d
			}
		}
	}
	return best
}

// distance is how many letters have to be changed, added, left out or swapped with
// their neighbour to make b of a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}
