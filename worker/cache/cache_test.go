package cache_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"asapi/worker/cache"
)

func TestWhatIsKeptIsThereForItsTimeAndNoLonger(t *testing.T) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	c := cache.New(client)
	if _, known, err := c.Get(t.Context(), "a"); known || err != nil {
		t.Errorf("known %v, %v", known, err)
	}
	for _, value := range []string{"", "something"} {
		if err := c.Put(t.Context(), "a", value, time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, known, err := c.Get(t.Context(), "a"); !known || got != value || err != nil {
			t.Errorf("%q, known %v, %v", got, known, err)
		}
	}
	server.FastForward(time.Minute)
	if _, known, err := c.Get(t.Context(), "a"); known || err != nil {
		t.Errorf("later: known %v, %v", known, err)
	}
	server.Close()
	if _, _, err := c.Get(t.Context(), "a"); err == nil {
		t.Error("nothing was said of a Redis that is gone")
	}
}
