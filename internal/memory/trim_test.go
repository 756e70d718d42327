package memory_test

import (
	"context"
	"runtime/metrics"
	"testing"
	"time"

	"asapi/internal/memory"
)

func TestAProcessThatWaitsGivesBackWhatItDoesNotUse(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- memory.Trim(ctx) }()
	garbage := make([][]byte, 64)
	for i := range garbage {
		garbage[i] = make([]byte, 1<<20)
	}
	before := released()
	clear(garbage)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for released() < before+48<<20 {
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal("nothing was given back")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// released is how many bytes of the heap the system has back.
func released() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
