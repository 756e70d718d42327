package channel

import (
	"slices"
	"sync"
	"time"

	"asapi/tasks"
)

// circle is what all watchers of the same tasks share: the notices of the last
// minute in their order. A watcher has no queue, only its place among them, so
// that a slow one costs nothing: it finds of each task only the latest update, and
// is cut off when something it did not get is not kept any more.
type circle struct {
	began time.Time // of what happened before nothing is told; the board's lock guards it

	mu       sync.Mutex
	list     []kept               // by number
	updates  map[tasks.ID]int     // the place of a task's update, counted from the first notice ever
	dropped  int                  // how many were taken from the front
	gone     uint64               // the number of the last one that was
	head     uint64               // the number of the last one that was published
	live     int                  // notices for which no later one stands
	news     chan struct{}        // closed by the next publication
	batches  map[uint64]*prepared // by where they begin, for the current head
	watchers int
	left     time.Time // when the last watcher left
	replay   *replay   // for those who come back; nil where nobody did lately
}

// kept is one notice; it is nil where a later one stands for it.
type kept struct {
	seq    uint64
	at     time.Time
	notice *tasks.Notice
}

// prepared is a batch that was made for one watcher and serves all at its place.
type prepared struct {
	batch *tasks.Batch
	next  uint64
}

// perBatch bounds the notices of one batch, so that no write is endless.
const perBatch = 512

func newCircle(now time.Time, head uint64) *circle {
	return &circle{began: now, left: now, updates: map[tasks.ID]int{}, gone: head, head: head, news: make(chan struct{}), batches: map[uint64]*prepared{}}
}

// add keeps a notice, but for what happened before anybody watched, by more than a margin:
// the database notes the time before others can see what it notes, by a clock of its own.
func (c *circle) add(seq uint64, now time.Time, n *tasks.Notice, margin time.Duration) bool {
	began := c.began.Add(-margin)
	if n.Kind == tasks.NoticeStarted && n.Task.CreatedAt.Before(began) || n.Kind == tasks.NoticeEnded && n.Task.EndedAt.Before(began) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id := n.Task.ID
	if at, ok := c.updates[id]; ok {
		c.list[at-c.dropped].notice = nil
		c.live--
		delete(c.updates, id)
	}
	if n.Kind == tasks.NoticeUpdated {
		c.updates[id] = c.dropped + len(c.list)
	}
	c.list = append(c.list, kept{seq, now, n})
	c.live++
	return true
}

// publish shows what was added to the watchers.
func (c *circle) publish(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = c.list[len(c.list)-1].seq
	c.trim(now)
	clear(c.batches)
	close(c.news)
	c.news = make(chan struct{})
}

// trim drops what is too old, and what is too much.
func (c *circle) trim(now time.Time) {
	n := 0
	for n < len(c.list) && (c.list[n].notice == nil || c.live > keptNotices || now.Sub(c.list[n].at) > keepNotices) {
		if old := c.list[n].notice; old != nil {
			c.gone = c.list[n].seq
			c.live--
			if old.Kind == tasks.NoticeUpdated {
				delete(c.updates, old.Task.ID)
			}
		}
		n++
	}
	if n == 0 {
		return
	}
	c.dropped += n
	c.list = slices.Delete(c.list, 0, n)
}

// after gives the notices behind a number and the number to go on from, or, when
// there are none, what is closed once there are.
func (c *circle) after(seq uint64) (*tasks.Batch, uint64, <-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case seq < c.gone:
		return nil, 0, nil, tasks.ErrTooSlow
	case seq >= c.head:
		return nothing, seq, c.news, nil
	}
	p, ok := c.batches[seq]
	if !ok {
		p = c.prepare(seq)
		c.batches[seq] = p
	}
	return p.batch, p.next, c.news, nil
}

// nothing is an empty batch.
var nothing = &tasks.Batch{}

func (c *circle) prepare(seq uint64) *prepared {
	at, found := slices.BinarySearchFunc(c.list, seq, func(k kept, seq uint64) int {
		switch {
		case k.seq < seq:
			return -1
		case k.seq > seq:
			return 1
		}
		return 0
	})
	if found {
		at++
	}
	p := &prepared{batch: &tasks.Batch{}, next: c.head}
	for ; at < len(c.list); at++ {
		if c.list[at].notice == nil {
			continue
		}
		if len(p.batch.Notices) == perBatch {
			break
		}
		p.batch.Notices = append(p.batch.Notices, c.list[at].notice)
		p.next = c.list[at].seq
	}
	if at == len(c.list) {
		p.next = c.head
	}
	return p
}

// tellSince makes the circle tell what happened since an earlier time, too: a
// watcher that came back may miss what was on its way while the store was read.
func (c *circle) tellSince(t time.Time) {
	if t.Before(c.began) {
		c.began = t
	}
}

func (c *circle) join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watchers++
}

func (c *circle) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers--; c.watchers == 0 {
		c.left = time.Now()
	}
}

// abandoned reports whether nobody has watched for as long as notices are kept.
func (c *circle) abandoned() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watchers == 0 && time.Since(c.left) > keepNotices
}
