package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/muster-live/muster/attendance"
)

// A display token is its session's id and a MAC of it, in base64url: any process
// that has the installation's key can check it. It does not run out, since all it
// shows is counts and codes of one session.
const (
	displayMACSize   = 16
	displayTokenSize = 8 + displayMACSize
)

// DisplayToken returns the token that shows the display of a session, and nothing
// else, on a computer where nobody is signed in.
func (a *Accounts) DisplayToken(session attendance.SessionID) string {
	return base64.RawURLEncoding.EncodeToString(appendDisplayMAC(a.displayKey, binary.BigEndian.AppendUint64(nil, uint64(session))))
}

// DisplayOf returns the session whose display the token shows. It reports false if
// it is not a display token of this installation.
func (a *Accounts) DisplayOf(token string) (attendance.SessionID, bool) {
	return checkDisplayToken(a.displayKey, token)
}

func checkDisplayToken(key []byte, token string) (attendance.SessionID, bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(displayTokenSize) {
		return 0, false
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || !hmac.Equal(appendDisplayMAC(key, b[:8:8]), b) {
		return 0, false
	}
	return attendance.SessionID(binary.BigEndian.Uint64(b)), true
}

func appendDisplayMAC(key, session []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("muster display "))
	mac.Write(session)
	return append(session, mac.Sum(nil)[:displayMACSize]...)
}
