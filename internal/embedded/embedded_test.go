package embedded_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"asapi/internal/embedded"
	"asapi/internal/testserver"

	"github.com/redis/go-redis/v9"
)

func TestKeysOfTheInProcessRedisExpireWhileItRuns(t *testing.T) {
	r, err := embedded.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	c := dial(t, r.URL())
	if err := c.Set(t.Context(), "k", "v", 100*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, 30*time.Second, func() bool {
		return errors.Is(c.Get(t.Context(), "k").Err(), redis.Nil)
	}, "the key to expire")
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTheInProcessRedisRefusesWhoeverDoesNotKnowItsPassword(t *testing.T) {
	r, err := embedded.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	o, err := redis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	o.Password = ""
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err == nil {
		t.Error("it took a key without a password")
	}
}

func TestOneProcessHoldsAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	one, err := embedded.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Hold(path); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the second holder got %v", err)
	}
	if err := one.Release(); err != nil {
		t.Fatal(err)
	}
	two, err := embedded.Hold(path)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	if err := two.Release(); err != nil {
		t.Error(err)
	}
}

func TestLookingAtAFolderWithoutADatabaseSaysWhatToDo(t *testing.T) {
	if _, err := embedded.LookAt(t.TempDir()); err == nil || !strings.Contains(err.Error(), "asapi dev --data") {
		t.Errorf("got %v", err)
	}
}

func TestTheSecretKeyIsMadeOnceAndKeptForItsOwner(t *testing.T) {
	path := t.TempDir()
	f, err := embedded.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Release() })
	made := 0
	generate := func() string { made++; return "key" }
	for range 2 {
		key, err := f.SecretKey(generate)
		if err != nil || key != "key" {
			t.Fatalf("got %q, %v", key, err)
		}
	}
	if made != 1 {
		t.Errorf("the key was made %d times", made)
	}
	info, err := os.Stat(filepath.Join(path, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("its mode is %o", mode)
	}
}

func dial(t *testing.T, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
