// Package work is what jobs do: it has the handlers that package jobs calls, and what
// each of them is told.
package work
