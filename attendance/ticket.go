package attendance

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// TicketLife is how long the ticket for a scanned code is good: long enough to sign
// in on a bad line.
const TicketLife = 5 * time.Minute

// Tickets issues and checks tickets with a key of the installation. A ticket proves
// that its bearer saw a session's code while it was on the screen; it checks one
// person in, once.
type Tickets struct {
	Key []byte
}

// A ticket is session, expiry, a random id and the MAC of these, in base64url.
const (
	ticketIDSize  = 12
	ticketMACSize = 16
	ticketHead    = 8 + 8 + ticketIDSize
	ticketSize    = ticketHead + ticketMACSize
)

// Issue returns a new ticket for the session that is good until expires.
func (t Tickets) Issue(session SessionID, expires time.Time) string {
	b := make([]byte, 0, ticketSize)
	b = binary.BigEndian.AppendUint64(b, uint64(session))
	b = binary.BigEndian.AppendUint64(b, uint64(expires.UnixMilli()))
	b = b[:ticketHead]
	rand.Read(b[16:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(t.appendMAC(b))
}

// Check returns the ticket's id if it is good for the session at time now, else an
// [Error] with CodeTicketWrong or CodeTicketOld.
func (t Tickets) Check(ticket string, session SessionID, now time.Time) (id string, err error) {
	wrong := &Error{Code: CodeTicketWrong, Field: "ticket", Message: "That scan is not for this session. Scan the code on the screen in the room."}
	if len(ticket) != base64.RawURLEncoding.EncodedLen(ticketSize) {
		return "", wrong
	}
	b, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || !hmac.Equal(t.appendMAC(b[:ticketHead:ticketHead]), b) {
		return "", wrong
	}
	if SessionID(binary.BigEndian.Uint64(b)) != session {
		return "", wrong
	}
	if now.UnixMilli() > int64(binary.BigEndian.Uint64(b[8:])) {
		return "", &Error{Code: CodeTicketOld, Field: "ticket", Message: "That scan has run out. Scan the code on the screen again."}
	}
	return base64.RawURLEncoding.EncodeToString(b[16:ticketHead]), nil
}

func (t Tickets) appendMAC(head []byte) []byte {
	mac := hmac.New(sha256.New, t.Key)
	mac.Write([]byte("muster ticket "))
	mac.Write(head)
	return append(head, mac.Sum(nil)[:ticketMACSize]...)
}
