package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/progress"
)

// Queue is what a Runner needs of a store.
type Queue interface {
	Adder
	// JobDue reports whether ClaimJob would find one. It only reads.
	JobDue(ctx context.Context, kinds []Kind, now time.Time) (bool, error)
	// ClaimJob makes the job of these kinds that has been due for longest the node's
	// until a time, and returns it; nil if there is none. One whose lease has run out
	// is due, and has been taken over once more.
	ClaimJob(ctx context.Context, kinds []Kind, node string, now, until time.Time) (*Job, error)
	// RenewJob keeps an attempt's lease until a time and writes down how far it is. It
	// reports whether somebody wants the job cancelled. It returns ErrLost if the
	// attempt is not the one that counts, or not any more.
	RenewJob(ctx context.Context, id ID, attempt int, until time.Time, p progress.State) (stop bool, err error)
	// EndJob ends an attempt, or returns ErrLost.
	EndJob(ctx context.Context, id ID, attempt int, e Ending) error
}

// Adder takes new jobs.
type Adder interface {
	// AddJob adds a job in its state, which is Coming or Waiting. It returns 0 if there
	// is one with its key.
	AddJob(ctx context.Context, j Job) (ID, error)
}

// Ending is how an attempt ends.
type Ending struct {
	State   State     // Waiting: to be tried again at RunAt
	RunAt   time.Time // for Waiting
	At      time.Time
	Result  []byte // JSON
	Summary string // of the result, for people
	Problem string
}

// Desk is what those who ask for jobs, and look after them, need of a store.
type Desk interface {
	Adder
	Shelf
	// Job returns a job; false if there is none.
	Job(ctx context.Context, id ID) (Job, bool, error)
	// Jobs returns jobs without their results, the newest first; none that is Coming.
	Jobs(ctx context.Context, q Query) ([]Job, error)
	// ReleaseJob makes a job that was Coming wait.
	ReleaseJob(ctx context.Context, id ID) error
	// CancelJob cancels a job that waits, and notes for one that runs that it is to
	// stop. It reports false for one that has ended.
	CancelJob(ctx context.Context, id ID, now time.Time) (bool, error)
	// RetryJob makes a job that failed or was cancelled wait again. It reports false
	// for any other.
	RetryJob(ctx context.Context, id ID, now time.Time) (bool, error)
	// CountJobs counts the jobs there are.
	CountJobs(ctx context.Context, now time.Time) (Counts, error)
	// TidyJobs deletes what is kept no longer.
	TidyJobs(ctx context.Context, now time.Time) error
}

// Query asks for jobs.
type Query struct {
	Actor   attendance.PersonID // whose; 0: everybody's
	Routine bool                // also what the program did by itself and well
	Active  bool                // only those that have not ended
	Before  ID                  // older than this; 0: from the newest
	Limit   int
}

// Counts tells how the queue is doing.
type Counts struct {
	Waiting, Running, Failed int           // Failed: those that are still kept
	Oldest                   time.Duration // for how long the one that waits longest has been due
	Longest                  time.Duration // for how long the one that runs longest has run
}

// Use says what a job's file is for.
type Use string

// The uses.
const (
	Input  Use = "input"
	Output Use = "output"
)

// Shelf keeps the files of jobs, in parts, so that any node can read them.
type Shelf interface {
	// WritePart keeps a part of a file. Parts are counted from 0, as are the files of
	// a use.
	WritePart(ctx context.Context, id ID, use Use, p Part) error
	// Files returns the files of a use, in order, without what is in them.
	Files(ctx context.Context, id ID, use Use) ([]FileInfo, error)
	// ReadPart returns what is in a part; nil if there is none.
	ReadPart(ctx context.Context, id ID, use Use, file, part int) ([]byte, error)
	// DropFiles deletes the files of a use.
	DropFiles(ctx context.Context, id ID, use Use) error
	// MoveFiles makes the inputs of one job those of another.
	MoveFiles(ctx context.Context, from, to ID) error
}

// Part is a part of a file.
type Part struct {
	File, Part int
	Name       string
	Data       []byte
}

// FileInfo is what is known of a file.
type FileInfo struct {
	Name string
	Size int64
}

// ErrLost says that an attempt may change nothing any more: its lease ran out and
// another has begun, or the job has ended.
var ErrLost = errors.New("the job is not this node's any more")
