package api_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"asapi/tasks"
)

func TestAnOpenStreamEndsWhenItsTokenIsRevoked(t *testing.T) {
	w := newWorld(t)
	m := w.member("ada")
	other := w.member("bob")
	r, kept := m.open(""), other.open("")
	began := time.Now()
	w.must(w.store.RevokeToken(t.Context(), m.channel.ID))
	w.must(r.conn.SetReadDeadline(began.Add(20 * time.Second)))
	for {
		if _, err := r.frames.Next(); err != nil {
			var late interface{ Timeout() bool }
			if errors.As(err, &late) && late.Timeout() {
				t.Fatal("the stream goes on with a revoked token")
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Logf("the stream ended with: %v", err)
			}
			break
		}
	}
	id := other.published(tasks.ASChannel, []byte("still here"))
	if got := kept.tasks(1); got[0] != id.String() {
		t.Errorf("the other client's stream gave %v", got)
	}
}
