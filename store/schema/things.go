// Package schema is what the stores have in common: which things change sets keep
// track of, and in which columns. The stores' tables are the same, so that a store
// makes its statements of this.
package schema

// Thing is a kind of things that change sets keep track of.
type Thing struct {
	What    string // what rows of change sets call it
	Table   string
	Key     []string // columns of whole numbers
	Columns []string // what is kept of a thing, and put back by an undo

	// Unique are columns, which may be NULL, that no two things share: they are
	// emptied before things are put back, since two may have swapped theirs.
	Unique []string

	// What an undo does to a thing that was added: it sets a time, or turns a flag
	// off, or deletes the row; nothing of it: the thing stays.
	EndedAt, Flag string
	Delete        bool
}

// The things, those that others refer to first.
var (
	Term      = Thing{What: "term", Table: "terms", Key: []string{"id"}, Columns: []string{"ref", "title", "starts", "ends"}, Unique: []string{"ref"}}
	Course    = Thing{What: "course", Table: "courses", Key: []string{"id"}, Columns: []string{"ref", "code", "title", "term_id", "active", "late_after", "on_close", "code_step", "code_grace", "status_set"}, Unique: []string{"ref"}, Flag: "active"}
	Person    = Thing{What: "person", Table: "people", Key: []string{"id"}, Columns: []string{"ref", "given", "family", "email", "username", "active", "merged_into"}, Unique: []string{"ref", "username"}, Flag: "active"}
	Enrolment = Thing{What: "enrolment", Table: "enrolments", Key: []string{"course_id", "person_id"}, Columns: []string{"ref", "role", "ended_at"}, Unique: []string{"ref"}, EndedAt: "ended_at"}
	Excuse    = Thing{What: "excuse", Table: "excuses", Key: []string{"id"}, Columns: []string{"person_id", "course_id", "starts_at", "ends_at", "reason", "status", "withdrawn_at"}, EndedAt: "withdrawn_at"}
	Timing    = Thing{What: "timing", Table: "courses", Key: []string{"id"}, Columns: []string{"auto_open", "open_before", "auto_close", "close_after"}}
	// Session has its status among its columns so that an undo leaves one alone that was opened since.
	Session = Thing{What: "session", Table: "sessions", Key: []string{"id"}, Columns: []string{"title", "location", "starts_at", "ends_at", "source", "ref", "said",
		"cancelled_at", "auto_open", "auto_close", "late_after", "on_close", "closes_at", "planned_at", "status"}, EndedAt: "cancelled_at"}
	Institution = Thing{What: "institution", Table: "institution", Key: []string{"id"}, Columns: []string{"zone"}, Delete: true}
	Holiday     = Thing{What: "holiday", Table: "holidays", Key: []string{"id"}, Columns: []string{"first", "last", "name"}, Delete: true}
	StatusSet   = Thing{What: "status set", Table: "status_sets", Key: []string{"id"}, Columns: []string{"name", "meanings"}, Delete: true}
	Group       = Thing{What: "group", Table: "people_groups", Key: []string{"id"}, Columns: []string{"course_id", "name", "ended_at"}, EndedAt: "ended_at"}
	GroupMember = Thing{What: "group member", Table: "group_members", Key: []string{"group_id", "person_id"}, Columns: []string{"added_at"}, Delete: true}

	// Mark is put back by commands, so that the log has it.
	Mark = Thing{What: "mark", Table: "marks", Key: []string{"session_id", "person_id"}, Columns: []string{"mark", "at", "source", "actor_id", "note", "status"}}
)

// Things are all but Mark that an undo puts back, in order.
var Things = []Thing{Term, Course, Timing, Person, Enrolment, Session, Excuse, Institution, Holiday, StatusSet, Group, GroupMember}
