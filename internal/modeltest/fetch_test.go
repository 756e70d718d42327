package modeltest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
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

// flavours are what the actors of an interleaving do. Where everything may happen,
// most results are soon gone; the others look closer.
var flavours = [][]string{
	{"publish", "fetch", "fetch", "fetch part", "fetch part", "break", "break", "resume", "resume", "describe", "status", "consume", "beyond", "expire"},
	{"fetch part", "fetch part", "break", "break", "resume", "describe", "status"},
	{"fetch", "fetch", "fetch", "break", "describe", "status", "consume"},
	{"fetch", "fetch", "break", "describe", "status", "consume", "expire"},
}

func asks(flavour []string) *rapid.Generator[ask] {
	return rapid.Custom(func(t *rapid.T) ask { return drawAsk(t, flavour) })
}

func drawAsk(t *rapid.T, flavour []string) ask {
	a := ask{
		Do:        rapid.SampledFrom(flavour).Draw(t, "do"),
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
}

// TestAStoredResultIsFetchedOnceWhateverHappensAtOnce lets several actors fetch,
// break off, resume, describe and report the same results at once. What they saw
// has to be explained by some order of what they did.
func TestAStoredResultIsFetchedOnceWhateverHappensAtOnce(t *testing.T) {
	fetchOnce(t, soon)
}

// TestADownloadThatWasBrokenOffNeverUsesItsResultUp is the same where no time that
// passes proves anything: all clients close in order, or reset.
func TestADownloadThatWasBrokenOffNeverUsesItsResultUp(t *testing.T) {
	fetchOnce(t, never)
}

func fetchOnce(t *testing.T, settle time.Duration) {
	onBoth(t, 40, 10, settle, func(t *testing.T, w *world) {
		rapid.Check(t, func(rt *rapid.T) {
			m, err := w.member(t.Context(), tasks.AckAuto)
			stranger, strangerErr := w.member(t.Context(), tasks.AckAuto)
			if err = errors.Join(err, strangerErr); err != nil {
				rt.Fatal(err)
			}
			c := &counter{m: m, stranger: stranger, settle: settle}
			flavour := rapid.IntRange(0, len(flavours)-1).Draw(rt, "flavour")
			for range rapid.IntRange(1, 3).Draw(rt, "results") {
				size := blocks * rapid.SampledFrom([]int{1, 100, 40 << 10}).Draw(rt, "block")
				if err := c.put(t.Context(), size, flavour > 0); err != nil {
					rt.Fatal(err)
				}
			}
			var busy errgroup.Group
			for id := range rapid.IntRange(1, 4).Draw(rt, "actors") {
				program := rapid.SliceOfN(asks(flavours[flavour]), 2, 7).Draw(rt, "program")
				busy.Go(func() error { return c.run(t.Context(), id, program) })
			}
			if err := busy.Wait(); err != nil {
				rt.Fatal(err)
			}
			if err := c.lastFetch(t.Context()); err != nil {
				rt.Fatal(err)
			}
			for i, history := range c.ops {
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
	settle      time.Duration
	shelf       []*item

	mu  sync.Mutex
	ops [][]porcupine.Operation // by result
}

// put submits a task, and publishes its result where it is to be there already.
func (c *counter) put(ctx context.Context, size int, published bool) error {
	one, err := c.m.submit(ctx, 0, tasks.ASStore, size, false)
	if err != nil {
		return err
	}
	c.shelf = append(c.shelf, one)
	c.ops = append(c.ops, nil)
	if !published {
		return nil
	}
	a, call := ask{Do: "publish", Result: len(c.shelf) - 1}, c.m.w.now()
	s, err := c.do(ctx, a)
	c.add(a, 0, call, s)
	return err
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
	if a.Do == "expire" { // it is of all results
		for i := range c.ops {
			c.ops[i] = append(c.ops[i], porcupine.Operation{ClientId: id, Input: asked{ask: a}, Call: call, Output: s, Return: returned})
		}
		return
	}
	size := int64(len(c.shelf[a.Result].payload))
	op := porcupine.Operation{ClientId: id, Input: asked{a, size, c.settle == soon}, Call: call, Output: s, Return: returned}
	if s.left {
		op.ClientId = 100 + len(c.ops[a.Result]) // its actor goes on meanwhile
	}
	c.ops[a.Result] = append(c.ops[a.Result], op)
}

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
	case "expire":
		return seen{status: http.StatusOK}, c.m.expire(ctx)
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
	return w.fetch(ctx, method, one.payload[from:to], a.Hasty, c.settle == never)
}
