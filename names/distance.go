package names

// near reports whether two folded words differ by what a slip of the fingers does: one
// letter more, less, other or swapped with its neighbour; two such in long words.
func near(a, b string) bool {
	x, y := []rune(a), []rune(b)
	limit := slips(min(len(x), len(y)))
	return limit > 0 && distance(x, y, limit) <= limit
}

// slips is how many mistakes a word of so many letters may have and still be known.
func slips(letters int) int {
	switch {
	case letters < 4:
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

// distance counts the letters to insert, delete, replace or swap with their neighbours
// to make b of a. It gives up beyond the limit.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// letters is a set of letters of a word: words whose sets differ much differ much.
func letters(word string) (set uint64) {
	for _, r := range word {
		set |= 1 << (uint32(r) % 64)
	}
	return set
}
