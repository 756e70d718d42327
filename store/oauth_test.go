package store_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestACredentialIsFoundByItsIDWithAllThatItsTokenMayDo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := tasks.Token{
			Client: w.ada.ID, Protocol: tasks.ASChannel, Ack: tasks.AckExplicit,
			Allow:     []tasks.Permission{{Service: "tracker", Action: "*"}},
			ExpiresAt: time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond),
		}
		secret, err := w.CreateOAuthCredential(w.ctx, tasks.OAuthCredential{Caller: tasks.Caller{Token: token, Client: w.ada}, Secret: sha256.Sum256([]byte("secret"))})
		w.must(err)
		if secret.ID == "" || secret.ID != secret.Caller.Token.ID || secret.Caller.Token.Stream == "" {
			t.Errorf("made %+v", secret)
		}
		key := tasks.OAuthCredential{Caller: tasks.Caller{Token: token, Client: w.ada}, ID: secret.ID, KeyID: "k1", PublicKey: []byte{1, 2, 3}}
		key, err = w.CreateOAuthCredential(w.ctx, key)
		w.must(err)
		for name, list := range map[string]func() ([]tasks.OAuthCredential, error){
			"by the ID":     func() ([]tasks.OAuthCredential, error) { return w.OAuthCredentials(w.ctx, secret.ID) },
			"by the client": func() ([]tasks.OAuthCredential, error) { return w.OAuthCredentialsOf(w.ctx, w.ada.ID) },
			"of all":        func() ([]tasks.OAuthCredential, error) { return w.OAuthCredentialsOf(w.ctx, 0) },
		} {
			got, err := list()
			w.must(err)
			if d := cmp.Diff([]tasks.OAuthCredential{secret, key}, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
		caller, err := w.CallerOf(w.ctx, key.Caller.Token.ID)
		w.must(err)
		if d := cmp.Diff(key.Caller, caller); d != "" {
			t.Error(d)
		}
		_, err = w.CallerOf(w.ctx, "none")
		w.wants(tasks.CodeUnauthorized, err)
		if got, err := w.OAuthCredentials(w.ctx, "none\x00"); err != nil || len(got) != 0 {
			t.Errorf("an unknown ID has %v, %v", got, err)
		}
	})
}

func TestAnOAuthIDBelongsToOneClientAndAKeysIDIsNotUsedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		make := func(c tasks.Client) error {
			_, err := w.CreateOAuthCredential(w.ctx, tasks.OAuthCredential{
				Caller: tasks.Caller{Token: tasks.Token{Client: c.ID, Protocol: tasks.ASStore}}, ID: "robot@example.com", KeyID: "k1", PublicKey: []byte{1},
			})
			return err
		}
		w.must(make(w.ada))
		w.wants(tasks.CodeNotPermitted, make(w.bob))
		w.wants(tasks.CodeUnique, make(w.ada))
		list, err := w.Tokens(w.ctx, 0)
		w.must(err)
		if len(list) != 1 {
			t.Errorf("refused credentials left tokens: %+v", list)
		}
	})
}

func TestAnAssertionIsTakenOnceAndForgottenInTheEnd(t *testing.T) {
	onBoth(t, func(_ *testing.T, w *world) {
		past, ahead := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		first, second := sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2"))
		w.must(w.TakeAssertion(w.ctx, first, ahead))
		w.wants(tasks.CodeUnique, w.TakeAssertion(w.ctx, first, ahead))
		w.must(w.TakeAssertion(w.ctx, second, past))
		w.must(w.TakeAssertion(w.ctx, second, ahead))
		w.wants(tasks.CodeUnique, w.TakeAssertion(w.ctx, second, ahead))
	})
}
