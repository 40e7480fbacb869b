package live

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// heldUp is a transport that is busy with what it is given until it is let go on, as a
// worker is whose processor has been given to others.
type heldUp struct {
	nowhere
	begun chan<- int
	name  int
	goOn  <-chan struct{}
}

func (h heldUp) tryWrite(b []byte) (int, error) {
	h.begun <- h.name
	<-h.goOn
	return len(b), nil
}

// heldUpShards returns shards of a connection each that has something to be told. Who is
// being told is sent to begun.
func heldUpShards(f *flusher, n int, begun chan<- int, goOn <-chan struct{}) []*shard {
	shards := make([]*shard, n)
	for i := range shards {
		c := &Conn{out: heldUp{begun: begun, name: i, goOn: goOn}, done: make(chan struct{})}
		c.enqueue(frameOf("news"))
		shards[i] = &shard{flusher: f}
		shards[i].add(c)
	}
	return shards
}

func TestTheOtherProcessorsWriteNewsWhileOneIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, goOn := make(chan int, 8), make(chan struct{})
		defer close(goOn)
		for _, s := range heldUpShards(&flusher{processors: 3}, 4, begun, goOn) {
			s.wake()
		}
		synctest.Wait()
		if n := len(begun); n != 3 {
			t.Errorf("%d of 4 shards are written to by 3 processors, all of which are held up: want 3", n)
		}
	})
}

func TestALargeRoomLeavesHalfOfTheProcessorsToOthers(t *testing.T) {
	for _, tt := range []struct{ processors, want int }{{1, 1}, {2, 1}, {3, 1}, {4, 2}, {8, 4}} {
		t.Run(fmt.Sprint(tt.processors, " processors"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun, goOn := make(chan int, 128), make(chan struct{})
				defer close(goOn)
				shards := heldUpShards(&flusher{processors: tt.processors}, 2*fewShards*tt.processors, begun, goOn)
				for _, s := range shards {
					s.wake()
				}
				synctest.Wait()
				for range tt.processors { // each is done with one, and may begin another
					goOn <- struct{}{}
				}
				synctest.Wait()
				if n := len(begun) - tt.processors; n != tt.want {
					t.Errorf("while much waits, %d processors write: want %d", n, tt.want)
				}
				for range len(shards) - tt.processors {
					goOn <- struct{}{}
				}
				synctest.Wait()
				if n := len(begun); n != len(shards) {
					t.Errorf("%d of %d shards have been written to", n, len(shards))
				}
			})
		})
	}
}
