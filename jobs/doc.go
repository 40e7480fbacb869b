// Package jobs knows the work that outlives a request: imports, exports, fetches by the
// clock.
//
// A [Job] is a row in the store. A [Runner] on each node claims one that is due, by a
// lease that it renews while the job's handler runs. When the node dies, the lease runs
// out, and the next node that looks claims the job anew. Each claim is one more attempt,
// and the number of the attempt is the fence: no transaction of an attempt is committed
// once another has begun.
//
//	waiting ──Claim──▶ running ──▶ done, failed, cancelled
//	   ▲                  │
//	   └── tried again, or the node is told to stop; or the lease runs out
//
// docs/decisions/0001-jobs.md says why this is no library.
package jobs
