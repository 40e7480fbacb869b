// Package cluster says how nodes tell each other what happens: a bus for committed
// events and a registry of who is connected. Both are hints: the record does not
// depend on them (rule 2 of ARCHITECTURE.md).
package cluster

import "github.com/muster-live/muster/attendance"

// Link is a node's connection to the others. Its methods do not block for longer
// than a local call takes; what cannot be delivered is lost, and found by those who
// miss it.
type Link interface {
	// Watch asks for the news of a session. The node is told of everyone who is
	// connected to it: through this node at once, through others as soon as they say
	// so. Each Watch is ended by one Unwatch; the session is watched until the last.
	Watch(attendance.SessionID)
	Unwatch(attendance.SessionID)
	// Publish passes on events that this node has committed, those of a session in
	// order of seq, to the other nodes that watch their sessions.
	Publish([]attendance.Event)
	// RosterChanged passes on that enrolments or names of courses have changed.
	RosterChanged([]attendance.CourseID)
	// SignedOut passes on that sign-ins of a person have ended.
	SignedOut(attendance.PersonID)
	// Arrive and Leave say that this node now has a first connection of a person to
	// a session, or no longer has any. Said twice is once.
	Arrive(attendance.SessionID, attendance.PersonID)
	Leave(attendance.SessionID, attendance.PersonID)
	// Close ends the link. Within 10 s the others show as gone whoever was connected
	// through this node and has not come back through another.
	Close()
}

// Node is what a Link tells its node. The methods must not block.
type Node interface {
	// Receive takes in events that another node has committed. Some may be missing,
	// repeated or out of order.
	Receive([]attendance.Event)
	// RosterChanged takes in that courses' enrolments or names have changed.
	RosterChanged([]attendance.CourseID)
	// SignedOut takes in that sign-ins of a person have ended.
	SignedOut(attendance.PersonID)
	// Present takes in that somebody is connected to a watched session through some
	// node, or through none any more. It must not call the Link.
	Present(s attendance.SessionID, p attendance.PersonID, here bool)
}
