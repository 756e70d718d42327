package asapi

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A client that reads events comes back with the id of the last one that it has
// (Last-Event-ID). What stood before that on the connection it came on, the client
// has too. Older messages that came on another connection it has not: several may
// share a stream. So what a connection was told is remembered in its order, in this
// process only; what is forgotten is told again, which is the safe side.

// Bounds of what is remembered.
const (
	maxRuns   = 2048 // of one connection; then the older half is forgotten
	maxTrails = 1000 // of connections that ended
	maxPairs  = 1 << 16
)

// numbers is the messages with the numbers lo to hi.
type numbers struct{ lo, hi int64 }

// told is what a client has: whole messages, in the order in which they came, and
// of the last one the chunks up to one.
type told struct {
	runs  []numbers
	seq   int64
	chunk int
}

func (t *told) has(seq int64, chunk int) bool {
	return seq == t.seq && chunk <= t.chunk || t.find(seq) >= 0
}

// find gives the run that a message is in; below 0: none.
func (t *told) find(seq int64) int {
	return slices.IndexFunc(t.runs, func(n numbers) bool { return n.lo <= seq && seq <= n.hi })
}

// add tells one chunk of a message.
func (t *told) add(seq int64, chunk, of int) {
	if t.find(seq) >= 0 {
		return
	}
	t.seq, t.chunk = seq, chunk
	n := len(t.runs)
	switch {
	case chunk < of:
	case n > 0 && t.runs[n-1].hi+1 == seq:
		t.runs[n-1].hi = seq
	case n == maxRuns:
		t.runs = append(t.runs[:0], t.runs[n/2:]...)
		fallthrough
	default:
		t.runs = append(t.runs, numbers{seq, seq})
	}
}

// upTo gives what had been told when a chunk of a message was the last; false
// when it was not told.
func (t *told) upTo(seq int64, chunk int) (told, bool) {
	if !t.has(seq, chunk) {
		return told{}, false
	}
	before := told{seq: seq, chunk: chunk}
	i := t.find(seq)
	if i < 0 { // it is the one that is being told
		before.runs = slices.Clone(t.runs)
		return before, true
	}
	before.runs = slices.Clone(t.runs[:i])
	if lo := t.runs[i].lo; lo < seq {
		before.runs = append(before.runs, numbers{lo, seq - 1})
	}
	return before, true
}

// both gives what is in two that end with the same message. Where that is much
// work, it is little.
func both(a, b told) told {
	c := told{seq: a.seq, chunk: a.chunk}
	if len(a.runs)*len(b.runs) > maxPairs {
		return c
	}
	for _, x := range a.runs {
		for _, y := range b.runs {
			if lo, hi := max(x.lo, y.lo), min(x.hi, y.hi); lo <= hi {
				c.runs = append(c.runs, numbers{lo, hi})
			}
		}
	}
	return c
}

// trail is what one connection was told. The connection's goroutine adds to it.
type trail struct {
	before told // what the client had when it came
	mu     sync.Mutex
	told   told // that, and what it was told since
}

// tell reports whether the client has a chunk of a message already; from now on
// it has.
func (t *trail) tell(seq int64, chunk, of int) (already bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told.add(seq, chunk, of)
	return t.before.has(seq, chunk)
}

func (t *trail) upTo(seq int64, chunk int) (told, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told.upTo(seq, chunk)
}

// trails are those of open connections and of the last ones that ended, by their
// stream.
type trails struct {
	mu       sync.Mutex
	byStream map[string][]*trail
	ended    []endedTrail // oldest first
}

type endedTrail struct {
	stream string
	trail  *trail
}

func newTrails() *trails { return &trails{byStream: map[string][]*trail{}} }

// begin gives a connection that comes with a Last-Event-ID its trail. Where several
// connections were told that message, the client has for certain only what all of
// them were told before it; where none is known, only the message.
func (s *trails) begin(stream, lastID string) *trail {
	t := &trail{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq, chunk, ok := splitMessageID(lastID); ok {
		known := false
		for _, other := range s.byStream[stream] {
			had, ok := other.upTo(seq, chunk)
			switch {
			case !ok:
			case known:
				t.before = both(t.before, had)
			default:
				t.before, known = had, true
			}
		}
		if !known {
			t.before = told{seq: seq, chunk: chunk}
		}
	}
	t.told = told{runs: slices.Clone(t.before.runs), seq: t.before.seq, chunk: t.before.chunk}
	s.byStream[stream] = append(s.byStream[stream], t)
	return t
}

// end keeps the trail of a connection that ended for when its client comes back.
func (s *trails) end(stream string, t *trail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.told.seq == 0 { // it was told nothing
		s.drop(stream, t)
		return
	}
	s.ended = append(s.ended, endedTrail{stream, t})
	if len(s.ended) > maxTrails {
		oldest := s.ended[0]
		s.ended = slices.Delete(s.ended, 0, 1)
		s.drop(oldest.stream, oldest.trail)
	}
}

func (s *trails) drop(stream string, t *trail) {
	left := slices.DeleteFunc(s.byStream[stream], func(other *trail) bool { return other == t })
	if s.byStream[stream] = left; len(left) == 0 {
		delete(s.byStream, stream)
	}
}

// splitMessageID reads the number of a message and that of its chunk.
func splitMessageID(id string) (seq int64, chunk int, ok bool) {
	first, second, ok := strings.Cut(id, "-")
	seq, seqErr := strconv.ParseInt(first, 10, 64)
	chunk, chunkErr := strconv.Atoi(second)
	return seq, chunk, ok && seqErr == nil && chunkErr == nil && seq > 0 && chunk > 0
}
