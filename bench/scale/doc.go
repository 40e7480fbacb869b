// Package scale says what a university and a country would take: a model from costs that
// were measured, and a simulation of the bus and the registry at that size, which runs
// the real links of all nodes in one process in fake time and holds the model to it.
// docs/scale.md has what they print.
package scale
