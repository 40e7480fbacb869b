package bench

import "os/exec"

// Apart is a part of a run's connections that another process makes and listens to, since
// one may not have as many files open as there are to be. None of them checks in.
type Apart struct {
	Command  *exec.Cmd // that process, which calls [Listen] with its standard input and output
	Sessions []Session // the run's, with the students who are connected there; boards are not
}

// part is what that process is told.
type part struct {
	URLs     []string
	Sessions []Session
	Dialect  Dialect
}

// heard is what came of it.
type heard struct {
	Delivered uint64         `json:"delivered"`
	Again     int            `json:"again"`
	Trouble   map[string]int `json:"trouble"`
}
