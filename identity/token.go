package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// TokenHash names a token without giving it away. The zero TokenHash names none.
type TokenHash [sha256.Size]byte

const tokenSize = 32 // bytes

// newToken returns a random token, as its bearer gets it, and its hash.
func newToken() (string, TokenHash) {
	b := make([]byte, tokenSize)
	rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b), sha256.Sum256(b)
}

// parseToken returns the hash of a token, or false for a text that never was one.
func parseToken(s string) (TokenHash, bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return TokenHash{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tokenSize {
		return TokenHash{}, false
	}
	return sha256.Sum256(b), true
}
