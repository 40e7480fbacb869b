// Package timetable plans sessions: it reads them from calendars, sheets and rules in
// words, finds what is different from the record, and opens and closes sessions when
// their time has come.
//
// Whatever the source, what it plans becomes a list of [Planned] sessions, and a plan
// of changes comes from comparing that list with the sessions there are:
//
//	iCalendar ─┐
//	sheet ─────┼─▶ [Reading] ─▶ [Diff] ─▶ [Plan] ─▶ Store.ApplyTimetable
//	rule ──────┘
//
// Three rules decide every comparison:
//
//   - A session that was opened, or has anything in its log, is never touched.
//   - What somebody changed by hand stays, until the source itself says something new.
//   - The same input a second time changes nothing.
//
// Times in files are mostly what a clock on the wall shows. A time that a clock skips
// when summer time begins is taken by the offset from before, so that 2:30 becomes
// 3:30; a time that it shows twice is the first of the two (RFC 5545, 3.3.5).
package timetable
