package attendance

// A PersonID names a person: a student, a teacher, anyone who can sign in.
type PersonID int64

// A CourseID names a course: what is taught to one group in one term.
type CourseID int64

// A SessionID names a session: one meeting of a course.
type SessionID int64

// Role is what a person is in a course. The zero value is no role at all.
type Role uint8

// The roles of a course. Whoever administers the whole installation needs none.
const (
	NoRole Role = iota
	Student
	Assistant
	Teacher
)

var roleNames = [...]string{"", "student", "assistant", "teacher"}

// String returns the role's name as it stands in the API and in files.
func (r Role) String() string { return roleNames[r] }

// ParseRole is the inverse of [Role.String]. It reports false for any other text,
// the empty one included.
func ParseRole(s string) (Role, bool) {
	for r := Student; r <= Teacher; r++ {
		if roleNames[r] == s {
			return r, true
		}
	}
	return NoRole, false
}
