package main

import (
	"runtime"
	"testing"
	"time"
)

func TestASmallHeapMayGrowToItsSizeAndALargeOneDouble(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 1000, 2 << 20: 1000, 4 << 20: 700, 8 << 20: 300, 16 << 20: 100, 4 << 30: 100,
	} {
		if got := growth(live); got != want {
			t.Errorf("%d MiB may grow by %d %%, want %d", live>>20, got, want)
		}
	}
}

func TestEachCollectionIsNoticed(t *testing.T) {
	noticed := make(chan uint64, 10)
	eachCollection(func(live uint64) {
		select {
		case noticed <- live:
		default:
		}
	})
	<-noticed // at the beginning
	for range 3 {
		for told := false; !told; {
			runtime.GC() // too soon, perhaps: while the last one is being told, another is not noticed
			select {
			case live := <-noticed:
				if told = true; live == 0 {
					t.Error("nothing was in use")
				}
			case <-time.After(time.Second):
			}
		}
	}
}
