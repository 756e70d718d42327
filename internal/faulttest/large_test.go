package faulttest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"strconv"
	"testing"

	"asapi/internal/testserver"
)

// largeVariable names how many bytes the large results have; `make large` sets it.
const largeVariable = "LARGE_BYTES"

// memoryBound is by how much a process may grow, whatever the size of a result:
// some buffers, and what the collector leaves lying about.
const memoryBound = 48 << 20

// TestALargeResultGoesThroughEverythingInConstantMemory makes one for the stream
// and one for the store, reads the first in chunks and the second in two parts.
func TestALargeResultGoesThroughEverythingInConstantMemory(t *testing.T) {
	size := int64(64 << 20)
	if v := os.Getenv(largeVariable); v != "" {
		var err error
		if size, err = strconv.ParseInt(v, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	w := newStage(t, testserver.Postgres(t), 1, 1)
	api, worker := w.serve[0], w.work[0]
	alice, bob := w.join("alice", "--protocol", "aschannel"), w.join("bob", "--protocol", "asstore")
	worker.start()
	worker.await()
	api0, worker0 := api.memory(), worker.memory()
	alice.make(1, "", size)
	alice.awaitEnd(1)
	bob.make(1, "", size)
	bob.awaitEnd(1)

	id := bob.answered[0]
	first := bob.fetch(api.url(), id)
	first.read(size / 3)
	_ = first.resp.Body.Close()
	rest := first.resume(bob, api.url(), id)
	if got := bob.fetchStatus(api.url(), id); got != http.StatusConflict {
		t.Errorf("a fetch beside another is answered with %d", got)
	}
	rest.finish()
	bob.awaitRetrieval(1)

	conn := alice.open(api.url(), streamOf(t, w.env, "alice"))
	if sum := conn.chunks(size); sum != rest.sum {
		t.Errorf("the chunks have the sum %s, not %s", sum, rest.sum)
	}
	alice.awaitRetrieval(1)

	for _, p := range []struct {
		*process
		before int64
	}{{api, api0}, {worker, worker0}} {
		grown := p.peak() - p.before
		t.Logf("%s had %d MiB and grew by at most %d MiB", p.name, p.before>>20, grown>>20)
		if grown > memoryBound {
			t.Errorf("%s grew by %d MiB with a result of %d MiB", p.name, grown>>20, size>>20)
		}
	}
}

// chunks reads the one result of a stream and gives the SHA-256 of its bytes.
func (c *connection) chunks(size int64) string {
	c.t.Helper()
	h := sha256.New()
	var read int64
	for chunk := 1; read < size; chunk++ {
		f, err := c.s.Next()
		if err != nil {
			c.t.Fatal(err)
		}
		if f.Header.Chunk != chunk || f.Header.ChunkSize*int64(chunk-1) != read {
			c.t.Fatalf("after %d bytes came chunk %d of %d with a chunk size of %d", read, f.Header.Chunk, f.Header.TotalChunks, f.Header.ChunkSize)
		}
		h.Write(f.Payload)
		read += int64(len(f.Payload))
		if last := f.Header.Chunk == f.Header.TotalChunks; last != (read == size) {
			c.t.Fatalf("chunk %d of %d ends at byte %d of %d", chunk, f.Header.TotalChunks, read, size)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
