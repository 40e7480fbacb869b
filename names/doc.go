// Package names finds out who is meant by what people write of them: an id, a name in
// any order and spelling, with initials, with a mistake in it.
//
// An [Index] knows some people. It tries the strictest way of reading a line first
// and goes on to a laxer one only if that found nobody, so that a guess never wins
// over what fits exactly. Who reads the answer applies nothing by a guess: that is for
// a person to confirm.
package names
