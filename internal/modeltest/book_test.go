package modeltest_test

import (
	"context"
	"slices"
	"sync"

	"asapi/channel"
	"asapi/store"
	"asapi/tasks"
)

// book knows which messages were claimed for connections, and how often: a
// message may come after newer ones only when it was given back before.
type book struct {
	mu    sync.Mutex
	open  map[int64]openClaim
	times map[int64]int // by the message's number
}

type openClaim struct {
	stream string
	seqs   []int64
}

func newBook() *book { return &book{open: map[int64]openClaim{}, times: map[int64]int{}} }

// openOn gives the numbers of the messages that are claimed on a stream.
func (b *book) openOn(stream string) []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var seqs []int64
	for _, c := range b.open {
		if c.stream == stream {
			seqs = append(seqs, c.seqs...)
		}
	}
	return seqs
}

// claimed tells how often a message was claimed.
func (b *book) claimed(seq int64) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.times[seq]
}

// observed is a store that writes into the book what its caller claims.
type observed struct {
	*store.Store
	book *book
}

var _ channel.Store = observed{}

func (o observed) ClaimStream(ctx context.Context, holder, stream string, after int64, limit int, maxBytes int64) (tasks.Claim, error) {
	c, err := o.Store.ClaimStream(ctx, holder, stream, after, limit, maxBytes)
	if err != nil || len(c.Results) == 0 {
		return c, err
	}
	one := openClaim{stream: stream}
	o.book.mu.Lock()
	defer o.book.mu.Unlock()
	for i := range c.Results {
		one.seqs = append(one.seqs, c.Results[i].Seq)
		o.book.times[c.Results[i].Seq]++
	}
	o.book.open[c.ID] = one
	return c, nil
}

func (o observed) ConsumeClaimed(ctx context.Context, claim int64, results []tasks.Result) error {
	err := o.Store.ConsumeClaimed(ctx, claim, results)
	if err != nil {
		return err
	}
	o.book.mu.Lock()
	defer o.book.mu.Unlock()
	one, ok := o.book.open[claim]
	if !ok {
		return nil
	}
	one.seqs = slices.DeleteFunc(one.seqs, func(seq int64) bool {
		return slices.ContainsFunc(results, func(r tasks.Result) bool { return r.Seq == seq })
	})
	o.book.open[claim] = one
	if len(one.seqs) == 0 {
		delete(o.book.open, claim)
	}
	return nil
}

func (o observed) ReleaseClaims(ctx context.Context, claims ...int64) error {
	err := o.Store.ReleaseClaims(ctx, claims...)
	if err == nil {
		o.book.mu.Lock()
		defer o.book.mu.Unlock()
		for _, claim := range claims {
			delete(o.book.open, claim)
		}
	}
	return err
}
