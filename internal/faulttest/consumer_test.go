package faulttest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"asapi/internal/client"
)

// tenant is one client of the system with its stream, and everything it was
// answered and received.
type tenant struct {
	t     *testing.T
	ctx   context.Context // ends with the test, or when that takes too long
	name  string
	token string
	urls  []string // of the API's processes; the next one is tried when one fails

	mu       sync.Mutex
	answered []string
	// messages holds, per task, the ids of its messages. A message that comes
	// again after a broken connection has the same id.
	messages map[string]map[string]bool
}

// connect gives a client of one of the API's processes.
func (c *tenant) connect(try int) *client.Client {
	one, err := client.New(c.urls[try%len(c.urls)], c.token)
	if err != nil {
		c.t.Error(err)
		panic(err) // only a wrong address, which a test made
	}
	return one
}

// answerTime is how long one try may take: a process that hangs must not hang the
// test, which tells its log when patience is over.
const answerTime = 20 * time.Second

// insist repeats until it works or ctx ends, at the next process each time.
func (c *tenant) insist(ctx context.Context, what func(context.Context, *client.Client) error) error {
	return c.repeat(ctx, func(one *client.Client) error {
		limited, stop := context.WithTimeout(ctx, answerTime)
		defer stop()
		return what(limited, one)
	})
}

// repeat is insist for what may take as long as it likes.
func (c *tenant) repeat(ctx context.Context, what func(*client.Client) error) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for try := 0; ; try++ {
		one := c.connect(try)
		err := what(one)
		one.Close()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

// register registers the account that the tasks are for.
func (c *tenant) register(ctx context.Context) {
	c.t.Helper()
	if err := c.insist(ctx, func(ctx context.Context, one *client.Client) error { return one.Register(ctx, "bench", "a") }); err != nil {
		c.t.Fatal(err)
	}
}

// submit submits one task and repeats it under its key until it is answered, so
// that an answer that was lost does not make a second task.
func (c *tenant) submit(ctx context.Context, key string, s client.Submission) error {
	s.Service, s.Account, s.IdempotencyKey = "bench", "a", c.name+key
	var done client.Submitted
	err := c.insist(ctx, func(ctx context.Context, one *client.Client) (err error) {
		done, err = one.Submit(ctx, s)
		return err
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = append(c.answered, done.TaskID)
	return nil
}

// receive reads the stream until ctx ends, and connects again whenever the
// connection breaks.
func (c *tenant) receive(ctx context.Context, stream string) {
	_ = c.repeat(ctx, func(one *client.Client) error {
		s, err := one.Stream(ctx, stream)
		if err != nil {
			return err
		}
		defer func() { _ = s.Close() }()
		for {
			f, err := s.Next()
			if err != nil {
				return err
			}
			c.arrived(f.Header)
		}
	})
}

func (c *tenant) arrived(h client.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.messages[h.TaskID] == nil {
		c.messages[h.TaskID] = map[string]bool{}
	}
	c.messages[h.TaskID][h.MessageID] = true
}

// statuses asks for every answered task.
func (c *tenant) statuses(ctx context.Context) ([]client.Status, error) {
	c.mu.Lock()
	ids := append([]string(nil), c.answered...)
	c.mu.Unlock()
	if len(ids) == 0 {
		return nil, nil
	}
	var list []client.Status
	err := c.insist(ctx, func(ctx context.Context, one *client.Client) (err error) {
		list, err = one.Status(ctx, ids, 0)
		return err
	})
	return list, err
}

// ended counts the tasks that have ended, and those whose result was retrieved.
func (c *tenant) ended() (ended, retrieved int) {
	ctx, stop := context.WithTimeout(c.ctx, patience)
	defer stop()
	list, err := c.statuses(ctx)
	if err != nil {
		c.t.Error(err)
	}
	for i := range list {
		if list[i].Ended() {
			ended++
		}
		if list[i].Retrieved {
			retrieved++
		}
	}
	return ended, retrieved
}

// check finds tasks that did not end well, and messages that are missing or of
// which there are two.
func (c *tenant) check(want int) {
	c.t.Helper()
	list, err := c.statuses(c.ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(list) != want {
		c.t.Errorf("%s: %d different tasks were answered, not %d", c.name, len(list), want)
	}
	for i := range list {
		if !list[i].Success {
			c.t.Errorf("%s: task %s: %s %s %s", c.name, list[i].TaskID, list[i].Status, list[i].ErrorCode, list[i].ErrorDetail)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := map[string]bool{}
	for _, id := range c.answered {
		known[id] = true
		if n := len(c.messages[id]); n != 1 {
			c.t.Errorf("%s: task %s has %d messages", c.name, id, n)
		}
	}
	for id := range c.messages {
		if !known[id] {
			c.t.Errorf("%s: a message of task %s, which was never answered", c.name, id)
		}
	}
}

// receiving receives in the background until stop; received is closed then.
func (c *tenant) receiving(stream string) (received <-chan struct{}, stop context.CancelFunc) {
	ctx, stop := context.WithCancel(c.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.receive(ctx, stream)
	}()
	return done, stop
}
