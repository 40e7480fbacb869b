package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/muster-live/muster/attendance"
)

// Limits of a password, in characters.
const (
	MinPassword = 10
	MaxPassword = 200
)

// checkPassword returns an [attendance.Error] that names field if the password is
// not one to choose.
func checkPassword(field, password, username string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword || n > MaxPassword:
		return attendance.BadField(field, fmt.Sprintf("%d to %d characters long", MinPassword, MaxPassword))
	case strings.EqualFold(password, username):
		return attendance.BadField(field, "something else than your username")
	}
	return nil
}

// phc is a password's hash with all that is needed to check one against it. Its
// text is the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$SALT$SUM.
type phc struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
	salt    []byte
	sum     []byte
}

// newPHC has the costs that new passwords are hashed with, and an empty salt and sum.
func newPHC() phc {
	return phc{memory: 19 * 1024, passes: 2, threads: 1, salt: make([]byte, 16), sum: make([]byte, 32)}
}

// compute returns what sum has to be for the password. The password's characters
// are composed first, since keyboards differ in how they write an é.
func (h phc) compute(password string) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), h.salt, h.passes, h.memory, h.threads, uint32(len(h.sum)))
}

func (h phc) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.threads, b64(h.salt), b64(h.sum))
}

var errPHC = errors.New("not an argon2id hash in PHC string format")

// parsePHC is the inverse of [phc.String]. It refuses costs that would exhaust the
// machine.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	memory, passes, threads, ok := parseCosts(parts[3])
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if !ok || err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(sum) < 16 || len(sum) > 64 {
		return phc{}, errPHC
	}
	return phc{memory: memory, passes: passes, threads: threads, salt: salt, sum: sum}, nil
}

// parseCosts reads "m=19456,t=2,p=1".
func parseCosts(s string) (memory, passes uint32, threads uint8, ok bool) {
	limits := [...]struct {
		name     string
		min, max uint64
	}{{"m=", 8, 1 << 20}, {"t=", 1, 64}, {"p=", 1, 64}}
	fields := strings.Split(s, ",")
	if len(fields) != len(limits) {
		return 0, 0, 0, false
	}
	var n [len(limits)]uint64
	for i, l := range limits {
		digits, found := strings.CutPrefix(fields[i], l.name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil || v < l.min || v > l.max {
			return 0, 0, 0, false
		}
		n[i] = v
	}
	return uint32(n[0]), uint32(n[1]), uint8(n[2]), true
}

// Hashing is dear by design: two at once take 38 MiB and, on a small machine, all
// there is of it.
const (
	maxHashing     = 2
	maxHashWaiting = 500 // a lecture hall that signs in at the same moment
)

// hashing makes and checks hashes, a few at a time.
type hashing struct {
	waiting chan struct{} // one for each that waits or runs
	running chan struct{}
}

func newHashing() *hashing {
	return &hashing{waiting: make(chan struct{}, maxHashing+maxHashWaiting), running: make(chan struct{}, maxHashing)}
}

// hash returns the hash of a new password, in PHC string format.
func (h *hashing) hash(ctx context.Context, password string) (string, error) {
	p := newPHC()
	rand.Read(p.salt) // never fails (crypto/rand)
	err := h.do(ctx, func() { p.sum = p.compute(password) })
	return p.String(), err
}

// matches reports whether the password is the one that was hashed. An empty hash
// matches none, and takes as long to say so.
func (h *hashing) matches(ctx context.Context, hash, password string) (bool, error) {
	p := newPHC()
	if hash != "" {
		var err error
		if p, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	same := false
	err := h.do(ctx, func() { same = subtle.ConstantTimeCompare(p.compute(password), p.sum) == 1 })
	return same && hash != "", err
}

// do runs fn when it is its turn.
func (h *hashing) do(ctx context.Context, fn func()) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return &attendance.Error{Code: attendance.CodeBusy, Retry: 3 * time.Second,
			Message: "Very many people are signing in just now. Try again in a few seconds."}
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-ctx.Done():
		return ctx.Err()
	}
	fn()
	return nil
}
