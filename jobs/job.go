package jobs

import (
	"encoding/json"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/progress"
)

// ID is a job's.
type ID int64

// Kind says which handler runs a job.
type Kind string

// State is what has become of a job.
type State string

// The states. The last three are ends.
const (
	Coming    State = "coming" // its files are still being sent; nobody sees it yet
	Waiting   State = "waiting"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Ended reports whether the state is an end.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Job is a piece of work.
type Job struct {
	ID    ID
	Kind  Kind
	Title string // what people call it: "roster.zip"
	// Key, if it is not empty, is that of no other job: periodic work has its period
	// in it, so that a cluster does it once.
	Key   string
	Actor attendance.PersonID // who asked for it; 0: the program itself
	// ActorName is read with the job.
	ActorName string
	From      string          // where it was asked for: an address, "schedule"
	Args      json.RawMessage // what the handler is told

	State     State
	RunAt     time.Time // not before then
	Attempts  int       // how often it was claimed
	Takeovers int       // how often its node died
	Stop      bool      // somebody wants it cancelled
	Node      string    // which runs it, or did last
	Lease     time.Time // until when it is that node's
	Progress  progress.State
	Result    json.RawMessage // of one that is done; of one that failed, a Failure
	Summary   string          // of the result, for people
	Problem   string          // why it failed, or has to be tried again; for people
	// Set is the change set that it became, by which it can be taken back; 0: it has
	// changed nothing. It is read with the job.
	Set int64

	Created, Started, Ended time.Time
}

// Failure is the result of a job that failed, with the code of its problem.
type Failure struct {
	Code string `json:"code"`
}

// Lease is how long a node that says nothing keeps a job, Renewal how often it says
// that it lives.
const (
	Lease   = 8 * time.Second
	Renewal = 2 * time.Second
)

// How often a job is tried.
const (
	MaxAttempts  = 10 // failures that may pass, and restarts
	MaxTakeovers = 3  // nodes that died of it, perhaps
)

// How long what has ended is kept.
const (
	KeepFiles   = 24 * time.Hour      // uploads and outputs
	KeepJobs    = 30 * 24 * time.Hour // what people asked for, and what failed
	KeepRoutine = 24 * time.Hour      // what the program did by itself and well
)

// Backoff returns how long to wait after so many attempts have failed.
func Backoff(attempts int) time.Duration {
	return min(2*time.Second<<min(attempts, 10), 10*time.Minute)
}
