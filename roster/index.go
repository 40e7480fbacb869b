package roster

import "hash/maphash"

// index finds things of a list by their keys. For a million of them it takes a tenth
// of the memory of a map, since the keys are where they were already.
type index[K comparable] struct {
	slots []int32 // 1 + where in the list; 0: free
	used  int
	seed  maphash.Seed
	key   func(i int) K // of a thing in the list
}

// newIndex returns an empty index with room for n things, whose keys key tells.
func newIndex[K comparable](n int, key func(i int) K) *index[K] {
	x := &index[K]{seed: maphash.MakeSeed(), key: key}
	x.slots = make([]int32, sizeFor(n))
	return x
}

// sizeFor returns a power of two that n things fill by half at the most.
func sizeFor(n int) int {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return size
}

// slot returns where a key is, or where it would be.
func (x *index[K]) slot(k K) int {
	mask := len(x.slots) - 1
	at := int(maphash.Comparable(x.seed, k)) & mask
	for x.slots[at] != 0 && x.key(int(x.slots[at]-1)) != k {
		at = (at + 1) & mask
	}
	return at
}

// get returns where in the list the thing with a key is, or -1.
func (x *index[K]) get(k K) int { return int(x.slots[x.slot(k)]) - 1 }

// add takes in the thing at i of the list. If there is one with the same key, that one
// stays, and add returns where it is; else i.
func (x *index[K]) add(i int) int {
	at := x.slot(x.key(i))
	if x.slots[at] != 0 {
		return int(x.slots[at]) - 1
	}
	x.slots[at] = int32(i) + 1
	if x.used++; 2*x.used > len(x.slots) {
		x.grow()
	}
	return i
}

func (x *index[K]) grow() {
	old := x.slots
	x.slots = make([]int32, 2*len(old))
	for _, s := range old {
		if s != 0 {
			x.slots[x.slot(x.key(int(s-1)))] = s
		}
	}
}
