// Package bench puts a load on a muster server and measures what its clients see.
//
// Every student of some sessions connects as a phone would and, at a time planned
// beforehand, checks in with a ticket; each session has a board besides. The
// question is how long it takes from the moment at which a check-in was meant to be
// sent until each other connection of the room has received it. A server (or a load
// generator) that falls behind can so not hide it.
//
//	Identities + Load ──Run.Do──▶ connect ─▶ send on time, note receipts ─▶ Result
//
// The generator shares its machine with the server, so it is frugal: one thread
// reads all connections by epoll, looks at a few bytes of each frame, and notes
// event numbers and the time; everything else is worked out afterwards.
package bench
