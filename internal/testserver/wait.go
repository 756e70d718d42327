package testserver

import (
	"testing"
	"time"
)

// pollEvery is the pause between two looks at a condition.
const pollEvery = 5 * time.Millisecond

// Eventually looks at cond until it is true (or gives no error) and fails the
// test when that takes longer than within. what ends the sentence "waited for".
// cond runs on the calling goroutine, so it may use tb.
func Eventually[C func() bool | func() error](tb testing.TB, within time.Duration, cond C, what string) {
	tb.Helper()
	met, why := look(cond)
	if met {
		return
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for end := time.Now().Add(within); time.Now().Before(end); {
		<-ticker.C
		if met, why = look(cond); met {
			return
		}
	}
	if why != nil {
		tb.Fatalf("waited %v for %s: %v", within, what, why)
	}
	tb.Fatalf("waited %v for %s", within, what)
}

func look[C func() bool | func() error](cond C) (met bool, why error) {
	switch c := any(cond).(type) {
	case func() bool:
		return c(), nil
	case func() error:
		why = c()
		return why == nil, why
	}
	panic("unreachable: the constraint has two members")
}
