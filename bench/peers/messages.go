package main

import (
	"fmt"
	"sync/atomic"
)

// The messages of muster.v1 that the servers send, as long as muster's are.

const snapshot = `{"t":"snapshot","audience":"student","session":1,"seq":0}`

func delta(from, to int64) []byte {
	return fmt.Appendf(nil, `{"t":"delta","from":%d,"to":%d,"status":"open","opened":1764040000000,"closed":0,"counts":[%[2]d,0,0,0,300]}`, from, to)
}

func ack(seq int64) []byte {
	return fmt.Appendf(nil, `{"t":"ack","id":"bench","from":%d,"to":%[1]d,"mark":"present","at":1764040000000,"source":"code"}`, seq)
}

// numbers are what a server gives to check-ins. Those of two servers are odd and even,
// so that they need not agree on them.
type numbers struct{ next atomic.Int64 }

func newNumbers(node int) *numbers {
	n := new(numbers)
	n.next.Store(int64(node) - 1)
	return n
}

func (n *numbers) take() int64 { return n.next.Add(2) }
