package channel_test

import (
	"net"
	"testing"

	"github.com/redis/go-redis/v9"

	"asapi/channel"
	"asapi/tasks"
)

// silentRedis gives a client of a server that takes connections and never answers,
// as one that is frozen, until it is killed.
func silentRedis(t *testing.T) (client redis.UniversalClient, kill func()) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: l.Addr().String(), MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = c.Close() })
	return c, func() { _ = l.Close() } // who was not accepted is reset
}

func TestPartsThatCoverTheWholeUseTheResultUpWhileRedisDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	id := w.end(tasks.ASStore, "", []byte("0123456789")).ID
	silent, kill := silentRedis(t)
	defer kill()
	h := w.hub(func(c *channel.Config) { c.Redis = silent })
	took := &connection{w: w, status: tasks.PeerClosed}
	for _, part := range [][2]int64{{0, 4}, {4, 10}} {
		d, err := h.Fetch(t.Context(), w.client.ID, id)
		w.must(err)
		w.must(d.Done(t.Context(), took, part[0], part[1]))
		d.Abort(t.Context())
	}
	if !w.retrieved(id) {
		t.Error("it is not used up")
	}
}
