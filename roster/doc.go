// Package roster knows the people, the courses, who is what in which course, and the
// sessions that are planned; and how all of that comes in from files, in bulk.
//
// A file is read into a [Bundle]: what should be so, each row with its file and
// line. [Diff] holds it against what is so and gives a [ChangeSet], to be looked at
// and then applied whole.
//
//	files ──ReadOneRoster, ReadSheet──▶ Bundle ──Diff(Current)──▶ ChangeSet ──Apply──▶ store
package roster
