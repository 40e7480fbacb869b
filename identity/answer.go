package identity

import (
	"crypto/sha256"
	"time"
)

// Answer is what was answered to a request that its sender gave a key, so that they may
// send it again without having it carried out again.
type Answer struct {
	Request     [sha256.Size]byte // a hash of the request and what came with it
	At          time.Time         // when it came
	Status      int               // as HTTP has it; 0: it is still being carried out
	ContentType string
	Body        []byte
	Secret      bool // the body is not kept
}
