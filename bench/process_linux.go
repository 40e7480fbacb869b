package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what processes have used: CPU time since they started, and memory now.
type usage struct {
	cpu time.Duration
	rss int64 // bytes
}

// tick is what /proc counts CPU time in: USER_HZ, the same on all of Linux.
const tick = time.Second / 100

// usageOf sums up the usage of processes, to the tick.
func usageOf(pids []int) (sum usage, err error) {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return sum, fmt.Errorf("CPU time of process %d: %w", pid, err)
		}
		// The name, in parentheses, may hold anything. utime and stime are the 12th
		// and 13th field after it, rss the 22nd.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		var n [3]int64
		for i, at := range []int{11, 12, 21} {
			if at < len(fields) {
				n[i], err = strconv.ParseInt(fields[at], 10, 64)
			}
			if at >= len(fields) || err != nil {
				return sum, fmt.Errorf("CPU time of process %d: /proc says %q", pid, stat)
			}
		}
		sum.cpu += time.Duration(n[0]+n[1]) * tick
		sum.rss += n[2] * int64(os.Getpagesize())
	}
	return sum, nil
}

// ownCPU returns the CPU time that this process has used.
func ownCPU() (time.Duration, error) {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("own CPU time: %w", err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// machineCPU returns the CPU time that everything on this machine has used.
func machineCPU() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("CPU time of the machine: %w", err)
	}
	first, _, _ := strings.Cut(string(stat), "\n")
	var sum time.Duration
	for i, text := range strings.Fields(first) {
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case i == 0 || i == 4 || i == 5 || i > 8: // the name; idle, waiting for a disk; guests, who are in user
		case err != nil:
			return 0, fmt.Errorf("CPU time of the machine: /proc/stat says %q", first)
		default:
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

// ThisMachine describes the machine as far as it matters to the figures.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), CPU: cpuModel(), OS: runtime.GOOS}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.OS = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
	}
	return m
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
