package modeltest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"asapi/tasks"
)

// blocks is how many blocks of a result are told apart by ranges.
const blocks = 8

// ask is one thing that is asked about a stored result.
type ask struct {
	Do        string
	Result    int // which
	From, To  int // blocks
	Server    int
	Hasty     bool // close as soon as the last byte is read
	OtherTag  bool // If-Range names another version
	Stranger  bool // with another client's token
	ReadFirst int  // blocks that are read before a broken download breaks
}

var asks = rapid.Custom(func(t *rapid.T) ask {
	a := ask{
		Do: rapid.SampledFrom([]string{
			"publish", "fetch", "fetch", "fetch part", "fetch part", "fetch part", "break", "break", "resume", "resume", "describe", "status", "consume", "beyond",
		}).Draw(t, "do"),
		Result:    rapid.IntRange(0, 2).Draw(t, "result"),
		From:      rapid.IntRange(0, blocks-1).Draw(t, "from"),
		Server:    rapid.IntRange(0, 1).Draw(t, "server"),
		Hasty:     rapid.Bool().Draw(t, "hasty"),
		OtherTag:  rapid.IntRange(0, 4).Draw(t, "other tag") == 0,
		Stranger:  rapid.IntRange(0, 9).Draw(t, "stranger") == 0,
		ReadFirst: rapid.IntRange(0, blocks-1).Draw(t, "read first"),
	}
	a.To = rapid.IntRange(a.From+1, blocks).Draw(t, "to")
	return a
})

// TestAStoredResultIsFetchedOnceWhateverHappensAtOnce lets several actors fetch,
// break off, resume, describe and report the same results at once. What they saw
// has to be explained by some order of what they did.
func TestAStoredResultIsFetchedOnceWhateverHappensAtOnce(t *testing.T) {
	onBoth(t, 60, 15, func(t *testing.T, w *world) {
		rapid.Check(t, func(rt *rapid.T) {
			m, err := w.member(t.Context(), tasks.AckAuto)
			stranger, strangerErr := w.member(t.Context(), tasks.AckAuto)
			if err = errors.Join(err, strangerErr); err != nil {
				rt.Fatal(err)
			}
			c := &counter{m: m, stranger: stranger}
			for range rapid.IntRange(1, 3).Draw(rt, "results") {
				size := blocks * rapid.SampledFrom([]int{1, 100, 40 << 10}).Draw(rt, "block")
				one, err := m.submit(t.Context(), 0, tasks.ASStore, size, false)
				if err != nil {
					rt.Fatal(err)
				}
				c.shelf = append(c.shelf, one)
			}
			var busy errgroup.Group
			for id := range rapid.IntRange(1, 4).Draw(rt, "actors") {
				program := rapid.SliceOfN(asks, 2, 7).Draw(rt, "program")
				busy.Go(func() error { return c.run(t.Context(), id, program) })
			}
			if err := busy.Wait(); err != nil {
				rt.Fatal(err)
			}
			if err := c.lastFetch(t.Context()); err != nil {
				rt.Fatal(err)
			}
			for i, history := range c.histories() {
				if porcupine.CheckOperationsTimeout(shelfModel, history, patience) != porcupine.Ok {
					rt.Errorf("no order explains what was seen of task %s:\n%s", c.shelf[i].id, describe(history))
				}
			}
		})
	})
}

// counter is where results are handed out, and the book of who saw what.
type counter struct {
	m, stranger *member
	shelf       []*item

	mu  sync.Mutex
	ops [][]porcupine.Operation // by result
}

// seen is what an actor saw.
type seen struct {
	status   int
	code     string // of an answer that is no result
	complete bool   // all announced bytes came
	left     bool   // the client did not wait until the server was done
	read     int64  // bytes of a broken download
	yes      bool   // retrieved
	expired  bool
}

func (c *counter) run(ctx context.Context, id int, program []ask) error {
	resume := map[int]int64{} // where the actor's last download of a result broke
	for i, a := range program {
		a.Result %= len(c.shelf)
		if a.Do == "resume" {
			at, ok := resume[a.Result]
			if !ok {
				a.Do = "fetch"
			}
			a.From = int(at)
		}
		call := c.m.w.now()
		s, err := c.do(ctx, a)
		if err != nil {
			return fmt.Errorf("step %d of actor %d, %+v: %w", i, id, a, err)
		}
		if a.Do == "break" && s.left {
			resume[a.Result] = s.read
		}
		c.add(a, id, call, s)
	}
	return nil
}

// forever is later than every logical time.
const forever = 1 << 62

// add keeps an operation. The server learns when it likes of a client that did not
// wait for it, so that such an operation ends with the history.
func (c *counter) add(a ask, id int, call int64, s seen) {
	returned := c.m.w.now()
	if s.left {
		returned = forever
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ops == nil {
		c.ops = make([][]porcupine.Operation, len(c.shelf))
	}
	size := int64(len(c.shelf[a.Result].payload))
	op := porcupine.Operation{ClientId: id, Input: asked{a, size}, Call: call, Output: s, Return: returned}
	if s.left {
		op.ClientId = 100 + len(c.ops[a.Result]) // its actor goes on meanwhile
	}
	c.ops[a.Result] = append(c.ops[a.Result], op)
}

func (c *counter) histories() [][]porcupine.Operation { return c.ops }

func describe(history []porcupine.Operation) string {
	var b bytes.Buffer
	for _, op := range history {
		fmt.Fprintf(&b, "%d: %d to %d: %+v saw %+v\n", op.ClientId, op.Call, op.Return, op.Input, op.Output)
	}
	return b.String()
}

// lastFetch fetches every result in the end, as often as it is busy.
func (c *counter) lastFetch(ctx context.Context) error {
	for i := range c.shelf {
		a := ask{Do: "fetch", Result: i}
		err := eventually(ctx, func() error {
			call := c.m.w.now()
			s, err := c.do(ctx, a)
			if err != nil {
				return err
			}
			if s.status == http.StatusConflict {
				return errors.New("a result is busy, and nobody fetches it")
			}
			c.add(a, 99, call, s)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *counter) do(ctx context.Context, a ask) (seen, error) {
	one := c.shelf[a.Result]
	switch a.Do {
	case "publish":
		err := c.m.publish(ctx, one, false)
		if tasks.CodeOf(err) == tasks.CodeNotFound { // another actor did
			return seen{status: http.StatusNotFound}, nil
		}
		return seen{status: http.StatusOK}, err
	case "status":
		_, answer, err := c.m.post(ctx, a.Server, tasks.ASStore, "/task-status/", ids([]*item{one}))
		e, _ := answer[one.id.String()].(map[string]any)
		yes, ok := e["result_retrieved"].(bool)
		if err == nil && !ok {
			err = fmt.Errorf("no status: %v", answer)
		}
		return seen{status: http.StatusOK, yes: yes, expired: e["result_expired"] == true, code: fmt.Sprint(e["status"])}, err
	case "consume":
		_, answer, err := c.m.post(ctx, a.Server, tasks.ASStore, "/results-consumed/", ids([]*item{one}))
		e, _ := answer[one.id.String()].(map[string]any)
		return seen{status: http.StatusOK, yes: e["success"] == true}, err
	}
	return c.download(ctx, a, one)
}

// download fetches as asked and compares the bytes.
func (c *counter) download(ctx context.Context, a ask, one *item) (seen, error) {
	size := int64(len(one.payload))
	block := size / blocks
	from, to := int64(0), size
	method, header := http.MethodGet, ""
	switch a.Do {
	case "fetch part":
		from, to = int64(a.From)*block, int64(a.To)*block
		header = fmt.Sprintf("Range: bytes=%d-%d\r\n", from, to-1)
	case "resume":
		from = int64(a.From)
		header = fmt.Sprintf("Range: bytes=%d-\r\nIf-Range: %s\r\n", from, tagOf(one))
	case "beyond":
		header = fmt.Sprintf("Range: bytes=%d-\r\n", size)
	case "describe":
		method = http.MethodHead
	}
	if a.OtherTag && a.Do == "fetch part" {
		header += "If-Range: \"another\"\r\n"
		from, to = 0, size
	}
	who := c.m
	if a.Stranger {
		who = c.stranger
	}
	w := wire{addr: c.m.w.addrs[a.Server], head: fmt.Sprintf("%s /fetch/%s/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token %s\r\n%s", method, one.id, who.secrets[tasks.ASStore], header)}
	if a.Do == "break" {
		return w.broken(ctx, one.payload, int64(a.ReadFirst)*block)
	}
	return w.fetch(ctx, method, one.payload[from:to], a.Hasty)
}

// wire makes one request on a socket of its own.
type wire struct {
	addr string
	head string
}

// fetch reads the whole answer. A patient client waits until the server, which was
// asked to, closes the connection: then the server is done with the request.
func (w wire) fetch(ctx context.Context, method string, want []byte, hasty bool) (s seen, err error) {
	head := w.head
	if !hasty {
		head += "Connection: close\r\n"
	}
	tcp, resp, err := w.request(ctx, method, head, 0) //nolint:bodyclose // the connection is closed instead: closing a body reads it to its end
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, tcp.Close()) }()
	s.status = resp.StatusCode
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return s, fmt.Errorf("an answer with status %d broke off: %w", s.status, err)
	}
	switch {
	case s.status >= http.StatusBadRequest:
		var fault struct{ Error string }
		_ = json.Unmarshal(got, &fault) // HEAD has none
		s.code = fault.Error
	case method == http.MethodHead:
	case !bytes.Equal(got, want):
		return s, fmt.Errorf("status %d and %d bytes, which are not the %d that were asked for", s.status, len(got), len(want))
	default:
		s.complete, s.left = true, hasty
	}
	if !hasty {
		_, err = io.Copy(io.Discard, tcp)
	}
	return s, err
}

// broken reads n bytes of the result and breaks the connection off.
func (w wire) broken(ctx context.Context, payload []byte, n int64) (s seen, err error) {
	tcp, resp, err := w.request(ctx, http.MethodGet, w.head, 4<<10) //nolint:bodyclose // the connection is closed instead: closing a body reads it to its end
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, tcp.Close()) }()
	s.status = resp.StatusCode
	if s.status >= http.StatusBadRequest {
		text, err := io.ReadAll(resp.Body)
		var fault struct{ Error string }
		_ = json.Unmarshal(text, &fault)
		s.code = fault.Error
		return s, err
	}
	got := make([]byte, n)
	if _, err := io.ReadFull(resp.Body, got); err != nil {
		return s, err
	}
	if !bytes.Equal(got, payload[:n]) {
		return s, errors.New("the download began with other bytes")
	}
	s.read, s.left = n, true
	return s, tcp.SetLinger(0)
}

func (w wire) request(ctx context.Context, method, head string, buffer int) (*net.TCPConn, *http.Response, error) {
	d := net.Dialer{Timeout: patience}
	if buffer > 0 {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			var inner error
			err := raw.Control(func(fd uintptr) {
				inner = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, buffer)
			})
			return errors.Join(err, inner)
		}
	}
	dialled, err := d.DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return nil, nil, err
	}
	tcp, _ := dialled.(*net.TCPConn)
	err = tcp.SetDeadline(time.Now().Add(patience))
	if err == nil {
		_, err = tcp.Write([]byte(head + "\r\n"))
	}
	var resp *http.Response
	if err == nil {
		var r *http.Request
		if r, err = http.NewRequestWithContext(ctx, method, "http://"+w.addr, nil); err == nil {
			resp, err = http.ReadResponse(bufio.NewReaderSize(tcp, 512), r)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, tcp.Close())
	}
	return tcp, resp, nil
}
