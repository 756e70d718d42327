package store_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestATokenIsFoundByItsHashWithAllItMayDo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		hash := sha256.Sum256([]byte("secret"))
		made, err := w.CreateToken(w.ctx, tasks.Token{
			Client: w.ada.ID, Protocol: tasks.ASChannel, Ack: tasks.AckExplicit, Admin: true,
			Allow:     []tasks.Permission{{Service: "tracker", Action: "import-trackers", Parameter: "provider", Value: "myanimelist"}},
			Limits:    tasks.Limits{OpenTasks: 5, SubmitsPerSecond: 2.5},
			ExpiresAt: time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond),
		}, hash)
		w.must(err)
		got, err := w.Authenticate(w.ctx, hash)
		w.must(err)
		if d := cmp.Diff(tasks.Caller{Token: made, Client: w.ada}, got); d != "" {
			t.Error(d)
		}
		_, err = w.Authenticate(w.ctx, sha256.Sum256([]byte("other")))
		w.wants(tasks.CodeUnauthorized, err)
		ended := func() int {
			list, err := w.EndedTokens(w.ctx, []string{made.ID, "none"})
			w.must(err)
			return len(list)
		}
		if ended() != 0 {
			t.Error("a token that lasts is told as ended")
		}
		w.must(w.RevokeToken(w.ctx, made.ID))
		w.must(w.RevokeToken(w.ctx, made.ID))
		if ended() != 1 {
			t.Error("a revoked token is not told as ended")
		}
		w.wants(tasks.CodeNotFound, w.RevokeToken(w.ctx, "none"))
		if got, err = w.Authenticate(w.ctx, hash); err != nil || got.Token.Valid(time.Now()) {
			t.Errorf("the revoked token is %+v, %v", got.Token, err)
		}
		list, err := w.Tokens(w.ctx, w.ada.ID)
		w.must(err)
		if len(list) != 1 || list[0].Token.ID != made.ID {
			t.Errorf("listed %+v", list)
		}
	})
}

func TestAStreamBelongsToOneClient(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		owner, err := w.StreamOwner(w.ctx, stream)
		w.must(err)
		if owner != w.ada.ID {
			t.Errorf("the stream is %d's", owner)
		}
		_, err = w.CreateToken(w.ctx, tasks.Token{Client: w.bob.ID, Protocol: tasks.ASChannel, Stream: stream}, sha256.Sum256([]byte("b")))
		w.wants(tasks.CodeNotPermitted, err)
		_, err = w.CreateToken(w.ctx, tasks.Token{Client: w.ada.ID, Protocol: tasks.ASChannel, Stream: stream}, sha256.Sum256([]byte("a")))
		w.must(err)
		_, err = w.StreamOwner(w.ctx, "none\x00")
		w.wants(tasks.CodeNotFound, err)
	})
}

func TestAClientsNameIsTakenOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		_, err := w.CreateClient(w.ctx, "ada")
		w.wants(tasks.CodeUnique, err)
		got, err := w.ClientByName(w.ctx, "ada")
		w.must(err)
		if d := cmp.Diff(w.ada, got); d != "" {
			t.Error(d)
		}
		_, err = w.ClientByName(w.ctx, "eve")
		w.wants(tasks.CodeNotFound, err)
	})
}
