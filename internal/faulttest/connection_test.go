package faulttest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"asapi/internal/client"
	"asapi/internal/testserver"
)

// arrival is one message of a stream as it was read.
type arrival struct {
	Message string
	Task    string
	Chunk   int
	Total   int
	Size    int
}

// number is the stream's own number of the message, by which it is ordered.
func (a arrival) number(t *testing.T) int {
	t.Helper()
	first, _, _ := strings.Cut(a.Message, "-")
	n, err := strconv.Atoi(first)
	if err != nil {
		t.Fatalf("a message_id is %q", a.Message)
	}
	return n
}

// connection is one open stream that is read when the test wants it.
type connection struct {
	t   *testing.T
	one *client.Client
	s   *client.Stream
}

// open connects to a stream at one address, and tries again until that works.
func (c *tenant) open(url, stream string) *connection {
	c.t.Helper()
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), most)
	c.t.Cleanup(stop)
	one, err := client.New(url, c.token)
	if err != nil {
		c.t.Fatal(err)
	}
	conn := &connection{t: c.t, one: one}
	testserver.Eventually(c.t, patience, func() (err error) {
		conn.s, err = one.Stream(ctx, stream)
		return err
	}, "the stream to open")
	c.t.Cleanup(conn.close)
	return conn
}

// close ends the connection at once; what was not read makes it a reset.
func (c *connection) close() {
	_ = c.s.Close()
	c.one.Close()
}

func (c *connection) next() (arrival, error) {
	f, err := c.s.Next()
	return arrival{f.Header.MessageID, f.Header.TaskID, f.Header.Chunk, f.Header.TotalChunks, len(f.Payload)}, err
}

// read reads n messages, which must be in their order.
func (c *connection) read(n int) []arrival {
	c.t.Helper()
	list := c.some(n)
	for i := range list[1:] {
		if list[i+1].number(c.t) <= list[i].number(c.t) {
			c.t.Errorf("message %s came after %s", list[i+1].Message, list[i].Message)
		}
	}
	return list
}

// some reads n messages in any order: those that another connection gives back
// meanwhile come after newer ones.
func (c *connection) some(n int) []arrival {
	c.t.Helper()
	var list []arrival
	for range n {
		a, err := c.next()
		if err != nil {
			c.t.Fatalf("after %d of %d messages: %v", len(list), n, err)
		}
		list = append(list, a)
	}
	return list
}

// rest reads to the end of a connection that is to end without the reader.
func (c *connection) rest() []arrival {
	c.t.Helper()
	var list []arrival
	for {
		a, err := c.next()
		if errors.Is(err, context.DeadlineExceeded) {
			c.t.Fatal("the connection did not end")
		}
		if err != nil {
			return list
		}
		list = append(list, a)
	}
}

// consumed reports messages as consumed.
func (c *tenant) consumed(list []arrival) {
	c.t.Helper()
	var ids []string
	for _, a := range list {
		ids = append(ids, a.Task)
	}
	err := c.insist(c.ctx, func(ctx context.Context, one *client.Client) error {
		_, err := one.Consumed(ctx, ids)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// make submits n tasks that leave results of size bytes.
func (c *tenant) make(n int, key string, size int64) {
	c.t.Helper()
	for i := range n {
		s := client.Submission{Action: "make-bytes", Values: map[string][]string{"size": {strconv.FormatInt(size, 10)}}}
		if err := c.submit(c.ctx, key+strconv.Itoa(i), s); err != nil {
			c.t.Fatal(err)
		}
	}
}

// awaitEnd waits until so many tasks of one tenant have ended.
func (c *tenant) awaitEnd(n int) {
	c.t.Helper()
	testserver.Eventually(c.t, patience, func() bool { ended, _ := c.ended(); return ended >= n }, "tasks to end")
}

// awaitRetrieval waits until so many results of one tenant were retrieved.
func (c *tenant) awaitRetrieval(n int) {
	c.t.Helper()
	testserver.Eventually(c.t, patience, func() bool { _, done := c.ended(); return done >= n }, "results to be retrieved")
}

// checkNothingWaits makes one more task, whose message must be the first that a
// new connection gets.
func (c *tenant) checkNothingWaits(url, stream string) {
	c.t.Helper()
	c.make(1, "last", 10)
	c.mu.Lock()
	want := c.answered[len(c.answered)-1]
	c.mu.Unlock()
	if got := c.open(url, stream).read(1)[0]; got.Task != want {
		c.t.Errorf("what was consumed came again: %+v", got)
	}
}

// sumOf reads r to its end.
func sumOf(r io.Reader) (sum string, n int64, err error) {
	h := sha256.New()
	n, err = io.Copy(h, r)
	return fmt.Sprintf("%x", h.Sum(nil)), n, err
}
