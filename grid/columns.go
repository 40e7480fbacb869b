package grid

import "strings"

// role is what a column of a sheet is.
type role uint8

const (
	idColumn role = iota
	nameColumn
	familyColumn
	givenColumn
	anyStudentColumn // by its place, not by its heading
	sessionColumn
	markColumn
	noteColumn
	passedColumn // known, and not asked: sums, for one
	roleCount
)

// roles are the headings that are known, without capitals, spaces and punctuation.
var roles = map[string]role{
	"ref": idColumn, "reference": idColumn, "id": idColumn, "studentid": idColumn, "sourcedid": idColumn, "userid": idColumn, "number": idColumn,
	"studentnumber": idColumn, "matriculationnumber": idColumn, "matrikel": idColumn, "matrikelnummer": idColumn, "matrikelnr": idColumn,
	"username": idColumn, "email": idColumn, "mail": idColumn, "emailaddress": idColumn, "login": idColumn,
	"name": nameColumn, "fullname": nameColumn, "student": nameColumn, "studentname": nameColumn, "nom": nameColumn,
	"family": familyColumn, "familyname": familyColumn, "lastname": familyColumn, "surname": familyColumn, "nachname": familyColumn, "familienname": familyColumn,
	"given": givenColumn, "givenname": givenColumn, "firstname": givenColumn, "vorname": givenColumn, "prénom": givenColumn, "forename": givenColumn,
	"session": sessionColumn, "date": sessionColumn, "day": sessionColumn, "datum": sessionColumn, "begin": sessionColumn, "starts": sessionColumn, "lecture": sessionColumn,
	"mark": markColumn, "what": markColumn, "attendance": markColumn, "status": markColumn, "anwesenheit": markColumn,
	"note": noteColumn, "reason": noteColumn, "grund": noteColumn, "notes": noteColumn, "comment": noteColumn, "remark": noteColumn, "remarks": noteColumn,
	"present": passedColumn, "late": passedColumn, "absent": passedColumn, "excused": passedColumn, "points": passedColumn, "of": passedColumn,
	"percent": passedColumn, "percentage": passedColumn, "setby": passedColumn, "who": passedColumn, "whymusterrejectedit": passedColumn,
}

// roleOf knows a column by its heading. What is in brackets at its end is left out:
// "Begin (UTC)".
func roleOf(heading string) (role, bool) {
	heading, _, _ = strings.Cut(heading, "(")
	r, ok := roles[strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.:/#", r) {
			return -1
		}
		return r
	}, strings.ToLower(heading))]
	return r, ok
}
