// Package memory gives the memory back that a process used in a rush and does
// not need while it waits.
package memory

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What tells a process that waits from one that works, and what is worth a
// collection: one of thousands of open streams takes some 20 ms.
const (
	trimEvery = 5 * time.Second
	calm      = 2 << 20 // bytes allocated a second, at most
	worth     = 8 << 20 // bytes that may be garbage, and of free memory that is still held
	helped    = 1 << 20 // bytes given back, after which it is tried once more
)

// Trim looks every five seconds, until ctx ends, whether the process allocates
// little and yet holds much that it may not use, and then gives that back: free
// memory, and what was allocated since the last time, of which nobody knows yet how
// much is garbage. It does so again as long as that helps: a collection halves the
// stacks that are four times as large as what is used of them, once. The garbage
// collector alone would let the heap be twice as large as it needs to be, and the
// stacks of goroutines as deep as they were once, for as long as little happens.
func Trim(ctx context.Context) error {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	last := read()
	var trimmed usage
	var again bool
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := read()
		waits := now.allocated-last.allocated < calm*uint64(trimEvery/time.Second)
		if waits && (again || now.free+now.allocated-trimmed.allocated > worth) {
			before := now.held
			debug.FreeOSMemory()
			now = read()
			again, trimmed = now.held+helped < before, now
		}
		last = now
	}
}

// usage is what the runtime knows of the heap, in bytes.
type usage struct {
	allocated uint64 // since the process began
	free      uint64 // held for reuse
	held      uint64 // all that the system has not got back
}

func read() usage {
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 { return samples[i].Value.Uint64() }
	return usage{allocated: value(0), free: value(1), held: value(2) - value(3)}
}
