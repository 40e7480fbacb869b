package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/muster-live/muster/attendance"
)

// KioskLife is how long a kiosk token is good: for a day's lectures, but not for
// whoever finds the link next week.
const KioskLife = 24 * time.Hour

// kioskSlack is by how much the clock of the server that made a token may be ahead of ours.
const kioskSlack = time.Minute

// A kiosk token is its session's id, the second in which it runs out, and a MAC of
// both, in base64url.
const kioskTokenSize = 16 + displayMACSize

// KioskToken returns a token by which a card reader at the door checks students in to
// a session, and does nothing else, and when it runs out.
func (a *Accounts) KioskToken(session attendance.SessionID) (token string, until time.Time) {
	until = a.now().Add(KioskLife).Truncate(time.Second)
	b := binary.BigEndian.AppendUint64(nil, uint64(session))
	b = binary.BigEndian.AppendUint64(b, uint64(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(appendKioskMAC(a.displayKey, b)), until
}

// KioskOf returns the session whose cards the token takes. It reports false if it is
// not a kiosk token of this installation, or has run out.
func (a *Accounts) KioskOf(token string) (attendance.SessionID, bool) {
	return checkKioskToken(a.displayKey, token, a.now())
}

func checkKioskToken(key []byte, token string, now time.Time) (attendance.SessionID, bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(kioskTokenSize) {
		return 0, false
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	// The time first: a sign-in's token has none there, and needs no HMAC to be told apart.
	left := time.Unix(int64(binary.BigEndian.Uint64(b[8:])), 0).Sub(now)
	if left <= 0 || left > KioskLife+kioskSlack || !hmac.Equal(appendKioskMAC(key, b[:16:16]), b) {
		return 0, false
	}
	return attendance.SessionID(binary.BigEndian.Uint64(b)), true
}

func appendKioskMAC(key, claims []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("muster kiosk "))
	mac.Write(claims)
	return append(claims, mac.Sum(nil)[:displayMACSize]...)
}
