package faulttest_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"asapi/internal/testserver"
)

// TestAFrozenReaderIsCutOffAndHoldsNobodyUp freezes a client's process (SIGSTOP)
// before more comes than the kernel keeps for it. Its messages go to another
// connection once it is cut off; other streams go on meanwhile, and the API's
// memory does not grow with what the frozen one did not take.
func TestAFrozenReaderIsCutOffAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const count = 64
	w := newStage(t, testserver.Postgres(t), 1, 1, "ASAPI_WRITE_TIMEOUT=3s")
	api := w.serve[0]
	alice, bob := w.join("alice", "--protocol", "aschannel", "--ack", "explicit"), w.join("bob", "--protocol", "aschannel")
	stream := streamOf(t, w.env, "alice")
	w.work[0].start()
	alice.make(1, "first", 10)
	reader, ended := startReader(t, api.url(), alice.token, stream)
	before := api.memory()
	if err := reader.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	alice.make(count, "", 1<<20)
	alice.awaitEnd(1 + count)
	w.receive(bob)
	bob.make(50, "", 10_000)
	bob.awaitRetrieval(50)
	bob.check(50)
	other := alice.open(api.url(), stream)
	other.some(1 + count)
	grown := api.peak() - before
	t.Logf("the API's memory was %d MiB and grew by at most %d MiB", before>>20, grown>>20)
	if grown > count<<20 {
		t.Errorf("the API's memory grew by %d MiB", grown>>20)
	}
	if err := reader.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the frozen reader found its stream whole")
	}
}

// startReader runs "asapi stream" and returns when it has printed a message;
// ended gets how it ended.
func startReader(t *testing.T, url, token, stream string) (reader *os.Process, ended <-chan error) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.WithoutCancel(t.Context()), most)
	t.Cleanup(stop) // kills it
	cmd := exec.CommandContext(ctx, testserver.Binary(t, "cmd/asapi"), "stream", stream, "--url", url)
	cmd.Env = testserver.Environment("ASAPI_TOKEN=" + token)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		done <- cmd.Wait()
	}()
	return cmd.Process, done
}

// TestAFrozenAPIDoesNotGoOnWithWhatOthersDeliveredMeanwhile freezes a process
// that writes to a stream and to a download for longer than its lease lasts.
// Another one takes both over; awake, the first ends them where they were.
func TestAFrozenAPIDoesNotGoOnWithWhatOthersDeliveredMeanwhile(t *testing.T) {
	t.Parallel()
	const count, first, size = 200, 5, 512 << 10
	w := newStage(t, testserver.Postgres(t), 2, 1)
	frozen, other := w.serve[0], w.serve[1]
	alice := w.join("alice", "--protocol", "aschannel", "--ack", "explicit")
	bob := w.join("bob", "--protocol", "asstore")
	stream := streamOf(t, w.env, "alice")
	w.work[0].start()
	alice.make(count, "", size)
	bob.make(1, "", count*size)
	alice.awaitEnd(count)
	bob.awaitEnd(1)
	result := bob.answered[0]

	one := alice.open(frozen.url(), stream)
	before := one.read(first)
	download := bob.fetch(frozen.url(), result)
	download.read(size)
	frozen.signal(syscall.SIGSTOP)
	alice.urls, bob.urls = []string{other.url()}, []string{other.url()}

	// What the frozen one holds comes last, when its lease is over.
	two := alice.open(other.url(), stream)
	all := two.some(count)
	for _, a := range before {
		if !slices.Contains(all, a) {
			t.Errorf("message %+v did not come again as it was", a)
		}
	}
	alice.consumed(all)
	two.close()
	bob.fetch(other.url(), result).finish()
	bob.awaitRetrieval(1)

	frozen.signal(syscall.SIGCONT)
	late := len(one.rest())
	rest, err := download.drain()
	t.Logf("%d messages and %d MiB were on their way when it froze", late, rest>>20)
	if late >= count-first {
		t.Errorf("the frozen process delivered all %d messages", late)
	}
	if err == nil || rest >= (count-1)*size {
		t.Errorf("the frozen process delivered all of the result: %v", err)
	}
	frozen.await()
	alice.checkNothingWaits(frozen.url(), stream)
	if got := bob.fetchStatus(frozen.url(), result); got != http.StatusNotFound {
		t.Errorf("a fetch answers %d", got)
	}
}
