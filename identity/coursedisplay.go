package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/muster-live/muster/attendance"
)

// CourseDisplayLife is how long the token of a course's display is good: for a term.
const CourseDisplayLife = 200 * 24 * time.Hour

// The token of a course's display is the course's id, the second in which it runs out,
// the issue of the course's links that it belongs to, and a MAC of these, in base64url.
const (
	courseDisplayClaims    = 24
	courseDisplayTokenSize = courseDisplayClaims + displayMACSize
)

// DisplayStore is where it is kept which links to courses' displays stand.
type DisplayStore interface {
	// DisplayIssue returns which issue of a course's links stands.
	DisplayIssue(context.Context, attendance.CourseID) (int64, error)
	// RenewDisplayIssue ends all links to a course's display, by going on to the next
	// issue, and says so in the audit.
	RenewDisplayIssue(ctx context.Context, course attendance.CourseID, by attendance.Author, now time.Time) error
}

// CourseDisplayToken returns a token that shows the displays of all sessions of a
// course, and nothing else, on the computer of its room; and when it runs out.
func (a *Accounts) CourseDisplayToken(ctx context.Context, course attendance.CourseID) (token string, until time.Time, err error) {
	issue, err := a.store.DisplayIssue(ctx, course)
	if err != nil {
		return "", until, err
	}
	until = a.now().Add(CourseDisplayLife).Truncate(time.Second)
	b := binary.BigEndian.AppendUint64(nil, uint64(course))
	b = binary.BigEndian.AppendUint64(b, uint64(until.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(issue))
	return base64.RawURLEncoding.EncodeToString(appendCourseDisplayMAC(a.displayKey, b)), until, nil
}

// CourseDisplayOf returns the viewer who shows a course's displays by the token; false if
// it is not such a token of this installation, has run out or has been ended.
func (a *Accounts) CourseDisplayOf(ctx context.Context, token string) (Viewer, bool, error) {
	v, ok := checkCourseDisplayToken(a.displayKey, token, a.now())
	if !ok {
		return Viewer{}, false, nil
	}
	stands, err := a.DisplayStands(ctx, v)
	if err != nil || !stands {
		return Viewer{}, false, err
	}
	return v, true, nil
}

// DisplayStands reports whether a course's links of the issue by which a viewer came
// still stand.
func (a *Accounts) DisplayStands(ctx context.Context, v Viewer) (bool, error) {
	issue, err := a.store.DisplayIssue(ctx, v.CourseDisplay)
	return issue == v.DisplayIssue, err
}

// EndCourseDisplays ends all links to a course's display. Displays that are on end within
// seconds.
func (a *Accounts) EndCourseDisplays(ctx context.Context, course attendance.CourseID, by attendance.Author) error {
	return a.store.RenewDisplayIssue(ctx, course, by, a.now())
}

func checkCourseDisplayToken(key []byte, token string, now time.Time) (v Viewer, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(courseDisplayTokenSize) {
		return v, false
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	const n = courseDisplayClaims
	if err != nil || !hmac.Equal(appendCourseDisplayMAC(key, b[:n:n]), b) {
		return v, false
	}
	v = Viewer{
		CourseDisplay: attendance.CourseID(binary.BigEndian.Uint64(b)),
		Until:         time.Unix(int64(binary.BigEndian.Uint64(b[8:])), 0),
		DisplayIssue:  int64(binary.BigEndian.Uint64(b[16:])),
	}
	return v, now.Before(v.Until)
}

func appendCourseDisplayMAC(key, claims []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("muster course display "))
	mac.Write(claims)
	return append(claims, mac.Sum(nil)[:displayMACSize]...)
}
