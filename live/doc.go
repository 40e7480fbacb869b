// Package live shows sessions while they happen. It keeps a room for each session
// that somebody on this node is looking at, brings the room up to date with every
// committed event, and sends each connection what its audience may see.
//
//	events ─▶ Hub ─▶ room ─┬▶ shard ─▶ conn, conn, conn …   boards and displays
//	                       ├▶ shard ─▶ conn, conn, conn …   up to 64 students each
//	                       └▶ shard ─▶ …
//
// A room is a copy of the record as of some seq. What an audience sees of the events
// since then is encoded and framed once, and the same bytes go to every connection
// that has seen as much. The connections of a room are split into shards, which are
// flushed in turn: at once when nothing else is; what arrives while a shard is being
// flushed goes into its next flush. Writes do not block, and where the system can do so,
// one call makes many of them. A connection that cannot take more keeps what was left of
// one frame and, when it has drained, continues from the newest state; one that stays
// behind is closed, to come back with its last seq.
//
// Rooms follow the log, whatever the bus does: an event that leaves a gap makes the
// room read the log, and once a second the hub compares its rooms with the log.
package live
