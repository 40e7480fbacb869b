package roster

import (
	"testing"

	"pgregory.net/rapid"
)

func TestIndexFindsWhatAMapFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(0, 50), 0, 200).Draw(t, "keys")
		x := newIndex(rapid.IntRange(0, 100).Draw(t, "room"), func(i int) int { return keys[i] })
		first := make(map[int]int)
		for i, k := range keys {
			want, known := first[k]
			if !known {
				want, first[k] = i, i
			}
			if got := x.add(i); got != want {
				t.Fatalf("adding %d at %d: got %d, want %d", k, i, got, want)
			}
		}
		for k := range 60 {
			want, known := first[k]
			if !known {
				want = -1
			}
			if got := x.get(k); got != want {
				t.Fatalf("looking for %d: got %d, want %d", k, got, want)
			}
		}
	})
}
