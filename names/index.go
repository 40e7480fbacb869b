package names

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/muster-live/muster/attendance"
)

// Person is somebody who may be meant.
type Person struct {
	ID       attendance.PersonID
	Ref      string // the institution's own id
	Given    string
	Family   string
	Username string
	Email    string
}

// How says in which way a person was found, the surest first.
type How uint8

// The ways.
const (
	NotFound   How = iota
	ByID           // the id, username or address, as it is
	ByLooseID      // the id but for zeros before it, capitals and spaces
	ByName         // the whole name, in any order
	ByPart         // a part of the name, or initials
	ByLikeness     // the name with a mistake in it
)

var howNames = [...]string{"unknown", "id", "loose_id", "name", "part", "likeness"}

// String returns the way's name as it stands in the API.
func (h How) String() string { return howNames[h] }

// Sure reports whether somebody found like this, and nobody else, is surely meant.
func (h How) Sure() bool { return h >= ByID && h <= ByName }

// Index finds people. Make one with NewIndex.
type Index struct {
	people []Person
	ids    map[string][]int
	users  map[string][]int // by username, which may be a name as others have it
	loose  map[string][]int
	whole  map[string][]int // by family and given name, "|" between them
	joined map[string][]int // by the name without spaces, in either order
	sorted map[string][]int // by the words of the name in the order of the alphabet
	words  map[string][]int
	vocab  []word
	names  [][]string // each person's words, in all spellings
	family [][]string // those of the family name
}

type word struct {
	text    string
	length  int
	letters uint64
}

// NewIndex returns an index of people.
func NewIndex(people []Person) *Index {
	x := &Index{
		people: people, names: make([][]string, len(people)), family: make([][]string, len(people)),
		ids: map[string][]int{}, users: map[string][]int{}, loose: map[string][]int{}, whole: map[string][]int{}, joined: map[string][]int{}, sorted: map[string][]int{}, words: map[string][]int{},
	}
	for i := range people {
		x.add(i, &people[i])
	}
	for w := range x.words {
		x.vocab = append(x.vocab, word{w, utf8.RuneCountInString(w), letters(w)})
	}
	slices.SortFunc(x.vocab, func(a, b word) int { return cmp.Compare(a.text, b.text) })
	return x
}

func (x *Index) add(i int, p *Person) {
	put(x.ids, exact(p.Ref), i)
	put(x.ids, exact(p.Email), i)
	put(x.users, exact(p.Username), i)
	if p.Ref != "" {
		put(x.loose, loose(p.Ref), i)
	}
	families, givens := spellings(p.Family), spellings(p.Given)
	for k := range max(len(families), len(givens)) {
		f, g := families[min(k, len(families)-1)], givens[min(k, len(givens)-1)]
		put(x.whole, compact(f)+"|"+compact(g), i)
		put(x.joined, compact(f+g), i)
		put(x.joined, compact(g+f), i)
		put(x.sorted, sortedWords(f+" "+g), i)
		for _, w := range strings.Fields(f) {
			put(x.words, w, i)
			x.family[i] = append(x.family[i], w)
		}
		for _, w := range strings.Fields(g) {
			put(x.words, w, i)
		}
		x.names[i] = append(x.names[i], strings.Fields(f+" "+g)...)
	}
	slices.Sort(x.names[i])
	x.names[i] = slices.Compact(x.names[i])
}

// put notes that i has the key, once.
func put(index map[string][]int, key string, i int) {
	if all := index[key]; key != "" && (len(all) == 0 || all[len(all)-1] != i) {
		index[key] = append(all, i)
	}
}

func sortedWords(folded string) string {
	words := strings.Fields(folded)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// Find returns those who may be meant by the cells of a line, in the order in which
// the index was given them, and how they were found. Several are an ambiguity, even if
// each was found by an id: then the line contradicts itself.
func (x *Index) Find(cells []string) ([]Person, How) {
	for _, by := range []struct {
		how  How
		find func(string) []int
	}{{ByID, x.byID}, {ByLooseID, x.byLooseID}, {ByName, x.byName}, {ByPart, x.byPart}, {ByLikeness, x.byLikeness}} {
		var found []int
		texts := cells
		if by.how > ByLooseID {
			texts = together(cells)
		}
		for _, text := range texts {
			found = append(found, by.find(text)...)
		}
		if by.how == ByID && len(cells) == 1 {
			found = append(found, x.users[exact(cells[0])]...)
		}
		if len(found) == 0 {
			continue
		}
		if by.how <= ByLooseID { // an id with somebody else's name beside it
			for _, text := range together(cells) {
				found = append(found, x.byName(text)...)
			}
		}
		return x.those(found), by.how
	}
	return nil, NotFound
}

// together returns the texts in which a name may be: single cells, pairs of
// neighbours, and all of them.
func together(cells []string) []string {
	texts := slices.Clone(cells)
	for i := 1; i < len(cells); i++ {
		texts = append(texts, cells[i-1]+", "+cells[i], cells[i]+", "+cells[i-1])
	}
	if len(cells) > 2 {
		texts = append(texts, strings.Join(cells, " "))
	}
	return texts
}

func (x *Index) those(found []int) []Person {
	slices.Sort(found)
	var people []Person
	for _, i := range slices.Compact(found) {
		people = append(people, x.people[i])
	}
	return people
}

// exact is an id as it is, but for capitals.
func exact(id string) string { return strings.ToLower(strings.TrimSpace(id)) }

func (x *Index) byID(text string) []int {
	text = exact(text)
	if found := x.ids[text]; found != nil {
		return found
	}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("<>()[], ;", r) }) {
		if strings.Contains(part, "@") && x.ids[part] != nil { // Ada Lovelace <ada@example.edu>
			return x.ids[part]
		}
	}
	return nil
}

func (x *Index) byLooseID(text string) []int { return x.loose[loose(text)] }

// byName takes a comma at its word: what is before it is the family name.
func (x *Index) byName(text string) (found []int) {
	family, given, ordered := strings.Cut(text, ",")
	for _, spell := range []func(string) string{fold, foldWide} {
		if ordered {
			found = append(found, x.whole[compact(spell(family))+"|"+compact(spell(given))]...)
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, folded := range spellings(text) {
		if folded != "" {
			found = append(found, x.joined[compact(folded)]...)
			found = append(found, x.sorted[sortedWords(folded)]...)
		}
	}
	return found
}

// byPart finds people each of whose written words begins a word of the name, if one
// of them is a whole family name or two of them are whole words.
func (x *Index) byPart(text string) (found []int) {
	for _, folded := range spellings(text) {
		written := strings.Fields(folded)
		for _, i := range x.someOf(written) {
			whole, ofFamily := 0, false
			for _, w := range written {
				if slices.Contains(x.names[i], w) && utf8.RuneCountInString(w) > 1 {
					whole++
					ofFamily = ofFamily || slices.Contains(x.family[i], w)
				}
			}
			if (ofFamily || whole > 1) && fits(written, x.names[i], initial) {
				found = append(found, i)
			}
		}
	}
	return found
}

// someOf returns those who have at least one of the words in their names.
func (x *Index) someOf(written []string) (some []int) {
	for _, w := range written {
		some = append(some, x.words[w]...)
	}
	slices.Sort(some)
	return slices.Compact(some)
}

// byLikeness finds people whose names have a word like each of those written.
func (x *Index) byLikeness(text string) (found []int) {
	for _, folded := range spellings(text) {
		written := strings.Fields(folded)
		if len(written) == 0 || len(written) > 8 {
			continue
		}
		longest := slices.MaxFunc(written, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
		for i := range x.alike(longest) {
			if (len(written) > 1 || x.likeFamily(written[0], i)) && fits(written, x.names[i], like) {
				found = append(found, i)
			}
		}
	}
	return found
}

func (x *Index) likeFamily(w string, i int) bool {
	return slices.ContainsFunc(x.family[i], func(f string) bool { return f == w || near(w, f) })
}

// alike returns those who have w in their names, perhaps with a mistake.
func (x *Index) alike(w string) map[int]bool {
	n, set := utf8.RuneCountInString(w), letters(w)
	people := make(map[int]bool)
	for _, v := range x.vocab {
		limit := slips(min(n, v.length))
		if v.length-n > limit || n-v.length > limit || bits.OnesCount64(v.letters^set) > 2*limit {
			continue
		}
		if v.text != w && !near(w, v.text) {
			continue
		}
		for _, i := range x.words[v.text] {
			people[i] = true
		}
	}
	return people
}

// initial reports whether a written word stands for a word of a name.
func initial(written, name string) bool {
	return written == name || utf8.RuneCountInString(written) == 1 && strings.HasPrefix(name, written)
}

// like is initial, and lets mistakes pass.
func like(written, name string) bool { return initial(written, name) || near(written, name) }

// fits reports whether each written word can stand for a word of the name, no two for
// the same.
func fits(written, name []string, stands func(written, name string) bool) bool {
	if len(written) > len(name) {
		return false
	}
	taken := make([]int, len(name)) // by which word, plus 1
	var place func(i int, tried []bool) bool
	place = func(i int, tried []bool) bool {
		for j := range name {
			if tried[j] || !stands(written[i], name[j]) {
				continue
			}
			tried[j] = true
			if taken[j] == 0 || place(taken[j]-1, tried) {
				taken[j] = i + 1
				return true
			}
		}
		return false
	}
	for i := range written {
		if !place(i, make([]bool, len(name))) {
			return false
		}
	}
	return true
}

// ByRef finds the one person whose reference a card says: as it is, or else but for
// capitals, spaces and zeros before it.
func ByRef(people []Person, card string) (Person, bool) {
	for _, same := range []func(string) string{exact, loose} {
		found := -1
		for i := range people {
			if people[i].Ref == "" || same(people[i].Ref) != same(card) {
				continue
			}
			if found >= 0 {
				return Person{}, false // two of them: nobody knows whose card it is
			}
			found = i
		}
		if found >= 0 {
			return people[found], true
		}
	}
	return Person{}, false
}
