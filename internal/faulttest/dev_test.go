package faulttest_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"asapi/internal/testserver"

	"golang.org/x/sync/errgroup"
)

// TestTheEmbeddedDefaultLosesNothingWhenItIsKilledAndStartedAgain kills it while
// tasks are submitted and while they run, and once ends it in order.
func TestTheEmbeddedDefaultLosesNothingWhenItIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	const count = 300
	data := filepath.Join(t.TempDir(), "data")
	p := newProcess(t, []string{"ASAPI_BENCH_SERVICE=true", "ASAPI_DATA=" + data}, "--listen", "dev")
	p.start()
	p.await()
	c, stream := devTenant(t, data, p.url())
	c.register(c.ctx)
	group, ctx := errgroup.WithContext(c.ctx)
	group.Go(func() error {
		inner, ctx := errgroup.WithContext(ctx)
		inner.SetLimit(4)
		for i := range count {
			inner.Go(func() error { return c.submit(ctx, strconv.Itoa(i), pauseFor("20")) })
		}
		return inner.Wait()
	})
	for _, n := range []int{30, 120, 200} {
		testserver.Eventually(t, patience, func() bool { ended, _ := c.ended(); return ended >= n }, "tasks to end")
		if n == 120 {
			p.terminate()
		} else {
			p.kill()
		}
		p.start()
		p.await()
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	received, stop := c.receiving(stream)
	testserver.Eventually(t, patience, func() bool { _, retrieved := c.ended(); return retrieved >= count }, "results to be retrieved")
	c.check(count)
	stop()
	<-received
}

// devTenant takes the client that asapi dev made.
func devTenant(t *testing.T, data, url string) (c *tenant, stream string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "dev-tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Channel struct{ Token, Stream string } `json:"aschannel"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithTimeout(t.Context(), most)
	t.Cleanup(end)
	return &tenant{t: t, ctx: ctx, name: "dev", token: file.Channel.Token, urls: []string{url}, messages: map[string]map[string]bool{}}, file.Channel.Stream
}
