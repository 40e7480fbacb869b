// Package attendance is what muster is about, with no I/O and no clock: sessions,
// marks, check-ins, events, codes, and the rules that tie them together.
//
// A [Command] asks for a change to a session. [Decide] looks at the session's
// [State] and turns the command into [Event]s, or refuses it with an [Error].
// Whoever calls Decide commits the events, each with the next sequence number of
// its session, together with the marks that they change; the log of events is the
// truth, and everything a screen shows follows from it.
//
//	Command ──Decide(State)──▶ []Event ──commit──▶ log ──▶ Roll, frames, reports
package attendance
