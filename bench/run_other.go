//go:build !linux

package bench

import (
	"context"
	"errors"
	"runtime"
)

// Do measures on Linux only.
func (r Run) Do(context.Context) (Result, error) {
	return Result{}, errors.New("load tests run on Linux only: they use epoll and /proc")
}

// ThisMachine describes the machine as far as it matters to the figures.
func ThisMachine() Machine {
	return Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), OS: runtime.GOOS}
}
