// Package direct calls the kernel without telling Go's scheduler: to read and write
// sockets, and to let others go first.
//
// The scheduler wants to hear of each system call, since most may wait. In a process in
// which nothing happens just then, it wakes a thread of its own to look after the call
// (sysmon), and on a virtual machine, to wake another processor takes longer than
// most of what a check-in takes: 75 µs, three times in a row. Calls on a socket that does
// not wait need none of that; where there is nothing to read yet, the runtime's poller
// waits, as for any connection.
package direct
