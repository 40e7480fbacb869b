package attendance

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// CodeSecretSize is how many random bytes a session's secret has.
const CodeSecretSize = 32

// CodePair is what a display shows during one step, in its two forms.
type CodePair struct {
	QR     string // 8 characters of Crockford's base32: 40 bits
	Digits string // six decimal digits, for typing
}

// Codes makes and checks the codes of one session. They follow from the session's
// secret and the time alone, so any process can check what another one showed.
type Codes struct {
	Secret []byte
	Step   time.Duration // how long a code is shown
	Grace  int           // for how many steps more it is taken
}

// Codes returns the maker of the session's codes under its course's rules.
func (s *Session) Codes(r Rules) Codes {
	return Codes{Secret: s.Secret, Step: r.CodeStep, Grace: r.CodeGrace}
}

// At returns the codes shown at time t, and when they were first shown.
func (c Codes) At(t time.Time) (CodePair, time.Time) {
	n := c.step(t)
	return c.pair(n), time.UnixMilli(n * c.Step.Milliseconds()).UTC()
}

// rememberedSteps is how far back a code that has run out is still recognised, so
// that its bearer is told "too late" and not "wrong".
const rememberedSteps = 30

// Check returns nil if code, in either form, may be used at time now; else an
// [Error] with CodeCodeOld or CodeCodeWrong. How the code is typed (spaces, small
// letters, O for 0) does not matter.
func (c Codes) Check(code string, now time.Time) error {
	code = cleanCode(code)
	n := c.step(now)
	age := -1
	// No early return: how long this takes tells nothing about the code.
	for back := rememberedSteps; back >= 0; back-- {
		p := c.pair(n - int64(back))
		if equal(code, p.QR)|equal(code, p.Digits) == 1 {
			age = back
		}
	}
	switch {
	case age < 0:
		return &Error{Code: CodeCodeWrong, Field: "code", Message: "That is not the code of this session. Check it against the screen in the room."}
	case age > c.Grace:
		return &Error{Code: CodeCodeOld, Field: "code", Message: "That code has run out. Use the one on the screen now."}
	}
	return nil
}

func (c Codes) step(t time.Time) int64 { return t.UnixMilli() / c.Step.Milliseconds() }

// crockford is base32 without the letters that look like others.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

func (c Codes) pair(step int64) CodePair {
	mac := hmac.New(sha256.New, c.Secret)
	mac.Write(binary.BigEndian.AppendUint64([]byte("muster code "), uint64(step)))
	sum := mac.Sum(nil)
	// Dynamic truncation as in RFC 4226, section 5.3.
	at := sum[len(sum)-1] & 0xf
	digits := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff % 1_000_000
	return CodePair{QR: crockford.EncodeToString(sum[20:25]), Digits: fmt.Sprintf("%06d", digits)}
}

func equal(a, b string) int { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) }

var lookalikes = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1")

func cleanCode(s string) string {
	const longest = 64 // nobody types more, and nobody should make us work on more
	return lookalikes.Replace(strings.ToUpper(s[:min(len(s), longest)]))
}
