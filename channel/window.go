package channel

import (
	"time"

	"asapi/tasks"
)

// entry is what is remembered of a message that is not consumed yet.
type entry struct {
	seq    int64
	task   tasks.ID
	client tasks.ClientID
	blob   string
	size   int64
}

// group is messages of one claim that were handed to the kernel together.
type group struct {
	claim   int64
	entries []entry
	at      time.Time
}

// mark is a heartbeat that proves what was written at least the settling time
// before it.
type mark struct {
	pos int64     // Written after it
	of  time.Time // groups written at or before this time are proved
}

// window holds what was claimed for a connection and is not consumed.
type window struct {
	claims  map[int64]int // open claims, with their unconsumed messages
	number  int
	bytes   int64
	written []group // oldest first
	marks   []mark
}

func newWindow() *window { return &window{claims: map[int64]int{}} }

// count is the number of unconsumed messages, written or not.
func (w *window) count() int { return w.number }

// full reports whether no more may be claimed. A single message may be larger
// than the window.
func (w *window) full(cfg *Config) bool {
	return w.number >= cfg.WindowMessages || w.bytes >= cfg.WindowBytes
}

func (w *window) claim(id int64, n int, bytes int64) {
	w.claims[id] = n
	w.number += n
	w.bytes += bytes
}

func (w *window) wrote(g group) { w.written = append(w.written, g) }

// unproved gives the time of the oldest group that no mark proves.
func (w *window) unproved() (time.Time, bool) {
	var of time.Time
	if n := len(w.marks); n > 0 {
		of = w.marks[n-1].of
	}
	for _, g := range w.written {
		if g.at.After(of) {
			return g.at, true
		}
	}
	return time.Time{}, false
}

// take removes the groups written at or before t, to be consumed.
func (w *window) take(t time.Time) []group {
	n := 0
	for n < len(w.written) && !w.written[n].at.After(t) {
		n++
	}
	taken := w.written[:n:n]
	w.written = w.written[n:]
	if len(w.written) == 0 {
		w.written = nil
	}
	return taken
}

// putBack undoes take.
func (w *window) putBack(groups []group) {
	w.written = append(groups, w.written...)
}

// forget counts a group's messages as consumed and reports whether its claim
// has none left.
func (w *window) forget(g group) (ended bool) {
	for _, e := range g.entries {
		w.bytes -= e.size
	}
	w.number -= len(g.entries)
	left := w.claims[g.claim] - len(g.entries)
	if left > 0 {
		w.claims[g.claim] = left
		return false
	}
	delete(w.claims, g.claim)
	return true
}

// results names a group's messages for the store.
func (g group) results(stream string) []tasks.Result {
	list := make([]tasks.Result, len(g.entries))
	for i, e := range g.entries {
		list[i] = tasks.Result{Seq: e.seq, Task: e.task, Client: e.client, Stream: stream, Blob: e.blob, Size: e.size}
	}
	return list
}

func entryOf(r *tasks.Result) entry {
	return entry{seq: r.Seq, task: r.Task, client: r.Client, blob: r.Blob, size: r.Size}
}
