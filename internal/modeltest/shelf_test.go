package modeltest_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/anishathalye/porcupine"

	"asapi/tasks"
)

// asked is an operation's input: what was asked of a result of so many bytes.
type asked struct {
	ask
	size    int64
	settles bool // time that passes without a reset proves what was acknowledged
}

// shelf is the state of one stored result.
type shelf struct {
	ready   bool
	gone    bool  // consumed
	expired bool  // deleted unconsumed
	parts   uint8 // the blocks that are known to be delivered
}

func (s shelf) available() bool { return s.ready && !s.gone && !s.expired }

// shelfModel is a register that is taken once. Where the server's knowledge of
// what arrived is open, every state that it may have is a next one.
var shelfModel = func() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{shelf{}} },
		Step:  func(state, in, out any) []any { return state.(shelf).step(in.(asked), out.(seen)) },
		Equal: func(a, b any) bool { return a == b },
	}
	return m.ToModel()
}()

// step gives the states after an operation; none when it cannot have been so.
func (s shelf) step(in asked, out seen) []any {
	only := func(yes bool) []any {
		if yes {
			return []any{s}
		}
		return nil
	}
	if in.Stranger && isDownload(in.Do) {
		return only(out.status == http.StatusNotFound && (in.Do == "describe" || out.code == string(tasks.CodeResultNotFound)))
	}
	switch in.Do {
	case "publish":
		if out.status == http.StatusOK {
			return []any{shelf{ready: true}}
		}
		return only(true) // lost against another one, which has begun and may not have ended
	case "status":
		return only(out.yes == s.gone && out.expired == s.expired && (out.code == tasks.Published.Sentence()) == s.ready)
	case "consume":
		if out.yes != s.ready {
			return nil
		}
		s.gone = s.ready // also where it expired: the client's word counts
		return []any{s}
	case "expire":
		if !s.available() {
			return []any{s}
		}
		expired := s
		expired.expired = true
		return []any{s, expired} // what somebody is fetching stays
	}
	switch out.status {
	case http.StatusNotFound:
		if in.Do == "describe" {
			return only(!s.available())
		}
		return only(!s.ready && out.code == string(tasks.CodeResultNotReady) || s.ready && !s.available() && out.code == string(tasks.CodeResultNotFound))
	case http.StatusConflict:
		return only(s.available() && out.code != "")
	case http.StatusRequestedRangeNotSatisfiable:
		return only(s.available() && in.Do == "beyond")
	}
	if !s.available() {
		return nil
	}
	if in.Do == "describe" {
		return only(out.status == http.StatusOK)
	}
	return s.delivered(in, out)
}

func isDownload(do string) bool {
	switch do {
	case "fetch", "fetch part", "break", "resume", "describe", "beyond":
		return true
	}
	return false
}

// delivered gives the states after bytes went out.
func (s shelf) delivered(in asked, out seen) []any {
	block := in.size / blocks
	wantStatus := http.StatusOK
	from, to := int64(0), in.size
	switch {
	case in.Do == "fetch part" && !in.OtherTag:
		wantStatus, from, to = http.StatusPartialContent, int64(in.From)*block, int64(in.To)*block
	case in.Do == "resume":
		wantStatus, from = http.StatusPartialContent, int64(in.From)
	case in.Do == "beyond":
		return nil
	}
	if out.status != wantStatus {
		return nil
	}
	if out.complete {
		return []any{s.with(from/block, to/block)}
	}
	// Broken off: what its peer's TCP had acknowledged counts, but for the end, for
	// a client that goes on from there; all of it where it was broken off too late.
	states := []any{s}
	for n := int64(1); n < blocks; n++ {
		states = append(states, s.with(0, n))
	}
	if in.settles {
		states = append(states, s.with(0, blocks))
	}
	return states
}

// with adds delivered blocks; the last one that completes the whole uses it up.
func (s shelf) with(from, to int64) shelf {
	for b := from; b < to; b++ {
		s.parts |= 1 << b
	}
	if s.parts == 1<<blocks-1 {
		s.gone, s.parts = true, 0
	}
	return s
}

func tagOf(one *item) string { return fmt.Sprintf(`"%x"`, sha256.Sum256(one.payload)) }
