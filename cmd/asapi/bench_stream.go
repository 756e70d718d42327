package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"asapi/internal/client"
)

type benchDrainCmd struct {
	benchFlags
	Count int `short:"n" help:"Results to receive." default:"20000"`
	Size  int `help:"Bytes of each." default:"1024"`
}

func (b *benchDrainCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	name, err := b.stream(ctx, c)
	if err != nil {
		return err
	}
	ids, err := b.submitMany(ctx, c, b.Count, makeBytes, map[string]string{"size": strconv.Itoa(b.Size)})
	if err != nil {
		return err
	}
	if _, err := waitEach(ctx, c, ids); err != nil {
		return err
	}
	start := time.Now()
	stream, err := c.Stream(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	read, err := receive(stream, len(ids)*(max(b.Size-1, 0)>>20+1))
	if err != nil {
		return err
	}
	took := time.Since(start)
	if err := read.holds(ids); err != nil {
		return err
	}
	// The stream stays open until all counts as consumed.
	if err := awaitConsumed(ctx, c, ids); err != nil {
		return err
	}
	m := measure("drain", "the gap between two messages", len(ids), took, read.gaps)
	m.Bytes = float64(read.bytes) / took.Seconds()
	return b.tell(t, m)
}

// drained is what came from a stream. The headers wait to be looked at: the
// measuring shares the machine with what it measures.
type drained struct {
	headers bytes.Buffer
	gaps    []time.Duration
	bytes   int64
}

const makeBytes = "make-bytes"

var ofMakeBytes = []byte(`"type":"` + makeBytes + `"`)

// receive reads the given number of messages of makeBytes, where a chunk is one.
func receive(s *client.Stream, messages int) (*drained, error) {
	read := &drained{gaps: make([]time.Duration, 0, messages)}
	last := time.Now()
	for len(read.gaps) < messages {
		header, payload, err := s.Raw()
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(header, ofMakeBytes) {
			continue // a heartbeat, or the result that told the stream's name
		}
		now := time.Now()
		read.gaps, last = append(read.gaps, now.Sub(last)), now
		read.bytes += int64(len(payload))
		read.headers.Write(header)
	}
	return read, nil
}

// holds fails unless each task's last chunk came, and nobody else's.
func (r *drained) holds(ids []string) error {
	open := make(map[string]bool, len(ids))
	for _, id := range ids {
		open[id] = true
	}
	for headers := json.NewDecoder(&r.headers); len(open) > 0; {
		var h client.Header
		if err := headers.Decode(&h); err != nil {
			return fmt.Errorf("%d results did not come: %w", len(open), err)
		}
		if h.Chunk >= h.TotalChunks {
			if !open[h.TaskID] {
				return fmt.Errorf("the result of task %s came twice, or is another's", h.TaskID)
			}
			delete(open, h.TaskID)
		}
	}
	return nil
}

// stream tells the stream of the token, which a submission's answer names.
func (b *benchFlags) stream(ctx context.Context, c *client.Client) (string, error) {
	done, err := c.Submit(ctx, client.Submission{Service: "bench", Action: "noop", Account: b.Account})
	if err == nil && done.Stream == "" {
		return "", &usageError{errors.New("this measurement needs a token of the protocol aschannel")}
	}
	return done.Stream, err
}

// waitEach waits until every task has ended, however many they are.
func waitEach(ctx context.Context, c *client.Client, ids []string) ([]client.Status, error) {
	var all []client.Status
	for part := range slices.Chunk(ids, client.MaxIDs) {
		list, err := waitAll(ctx, c, part, &progressBar{})
		if err != nil {
			return nil, err
		}
		for i := range list {
			if !list[i].Success {
				return nil, fmt.Errorf("task %s: %s %s", list[i].TaskID, list[i].Status, list[i].ErrorDetail)
			}
		}
		all = append(all, list...)
	}
	return all, nil
}

// consumedEvery is the pause between two looks at what the server counts as
// retrieved.
const consumedEvery = 20 * time.Millisecond

// awaitConsumed waits until the server counts every result as retrieved. The
// stream has to stay open meanwhile: heartbeats confirm what has arrived.
func awaitConsumed(ctx context.Context, c *client.Client, ids []string) error {
	ticker := time.NewTicker(consumedEvery)
	defer ticker.Stop()
	for {
		left := ids[:0:0]
		for part := range slices.Chunk(ids, client.MaxIDs) {
			list, err := c.Status(ctx, part, 0)
			if err != nil {
				return err
			}
			for i := range list {
				if !list[i].Retrieved {
					left = append(left, list[i].TaskID)
				}
			}
		}
		if ids = left; len(ids) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
